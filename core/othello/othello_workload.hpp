// OthelloWorkload: an Othello evaluation that teaches itself by TD(lambda) self-play.
//
// A ticket is a game. See self_play.hpp for how it is played, learner.hpp for how it changes the
// weights, settings.hpp for what decides both. State: weights, optimiser slots and statistics.
#pragma once

#include <cstdint>
#include <span>

#include "core/othello/learner.hpp"
#include "core/othello/match.hpp"
#include "core/othello/settings.hpp"
#include "core/othello/statistics.hpp"
#include "core/train/workload.hpp"

namespace kiln::othello {

class OthelloWorkload final : public Workload {
  public:
    static constexpr unsigned trial_pairs = 64;

    explicit OthelloWorkload(const OthelloSettings& settings) : settings_(settings) {}

    const char* name() const override { return "othello"; }
    void plan(const Limits& limits, RegionList& regions) const override;
    void bind(const Limits& limits, Arena& arena) override;
    std::size_t record_bytes() const override { return sizeof(GameRecord); }
    void reset() override;
    void restored() override {}
    void list_sections(SectionList& sections) override;
    PlayOutcome play(const WorkContext& context, std::uint64_t ticket,
                     std::span<std::byte> record) override;
    void skip(std::span<std::byte> record) override;
    unsigned shard_count() const override { return learner_.shard_count(); }
    void absorb(const WorkContext& context, const Epoch& epoch, unsigned shard) override;
    void finish_epoch(const Epoch& epoch, EventSink& sink) override;
    unsigned trial_count() const override { return trial_pairs; }
    void run_trial(const WorkContext& context, unsigned trial) override;
    void finish_trials(std::uint64_t games, EventSink& sink) override;
    std::uint64_t heal() override { return learner_.heal(); }
    void note_memory(Ledger& ledger) const override;

    const OthelloSettings& settings() const { return settings_; }
    const Model& model() const { return model_; }
    const Learner& learner() const { return learner_; }
    const Statistics& statistics() const { return *statistics_; }
    Searcher& searcher(unsigned worker) { return *workers_[worker].searcher; }

  private:
    static constexpr unsigned workers_max = 64;

    struct Worker {
        Searcher* searcher = nullptr;
        TranspositionTable table;
        std::span<ErrorSum> sums;
        std::span<std::uint16_t> touched;
        std::uint64_t absorbed_errors = 0;  // in the epoch being absorbed
    };

    OthelloSettings settings_;
    Geometry geometry_;
    std::span<std::uint16_t> weights_;
    std::span<AdamSlot> slots_;
    std::span<Statistics> statistics_storage_;
    Statistics* statistics_ = nullptr;
    Model model_;
    Learner learner_;
    unsigned worker_count_ = 0;
    Worker workers_[workers_max];
    MatchPair trials_[trial_pairs];
};

// The regions that playing with finished weights needs, without learning: for the commands that
// evaluate.
void plan_geometry(RegionList& regions);
void bind_geometry(Arena& arena, Geometry& geometry);

}  // namespace kiln::othello

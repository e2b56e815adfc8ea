// OthelloWorkload: an Othello evaluation that teaches itself by TD(lambda) self-play.
//
// A ticket is a game. See self_play.hpp for how it is played, learner.hpp for how it changes the
// weights, settings.hpp for what decides both. State: weights, optimiser slots, statistics and the
// weights of an earlier self.
//
// That rival is the model of some time ago: untrained at first, then frozen anew each time the
// games have doubled, from 1,000 on, at the end of the epoch after the one that reached them. So
// trials find one that has seen between all and half of the games, and just before it is replaced,
// half.
#pragma once

#include <cstdint>
#include <span>

#include "core/othello/convergence.hpp"
#include "core/othello/held_out.hpp"
#include "core/othello/learner.hpp"
#include "core/othello/match.hpp"
#include "core/othello/settings.hpp"
#include "core/othello/statistics.hpp"
#include "core/train/workload.hpp"

namespace kiln::othello {

class OthelloWorkload final : public Workload {
  public:
    static constexpr unsigned trial_pairs = 64;  // against each opponent
    static constexpr std::uint64_t rival_first_games = 1'000;

    explicit OthelloWorkload(const OthelloSettings& settings) : settings_(settings) {}

    const char* name() const override { return "othello"; }
    void plan(const Limits& limits, RegionList& regions) const override;
    void bind(const Limits& limits, Arena& arena) override;
    std::size_t record_bytes() const override { return sizeof(GameRecord); }
    void reset() override;
    void restored() override {}
    void list_sections(SectionList& sections) override;
    std::uint64_t state_bytes() const override;
    PlayOutcome play(const WorkContext& context, std::uint64_t ticket,
                     std::span<std::byte> record) override;
    void skip(std::span<std::byte> record) override;
    unsigned shard_count() const override { return learner_.shard_count(); }
    void absorb(const WorkContext& context, const Epoch& epoch, unsigned shard) override;
    void finish_epoch(const Epoch& epoch, EventSink& sink) override;
    unsigned trial_count() const override {
        return HeldOut::block_count + opponent_count * trial_pairs;
    }
    void run_trial(const WorkContext& context, unsigned trial) override;
    void finish_trials(std::uint64_t games, EventSink& sink) override;
    std::uint64_t heal() override { return learner_.heal(); }
    void note_memory(Ledger& ledger) const override;

    const OthelloSettings& settings() const { return settings_; }
    // Between epochs. CHECK: seed and table are as they were.
    void change_settings(const OthelloSettings& settings);
    const Model& model() const { return model_; }
    const Learner& learner() const { return learner_; }
    const Statistics& statistics() const { return *statistics_; }
    const HeldOut& held_out() const { return held_out_; }
    // As of the last epoch; looks at every slot.
    ConvergenceReport convergence() const;
    Searcher& searcher(unsigned worker) { return *workers_[worker].searcher; }

  private:
    static constexpr unsigned workers_max = 64;

    struct Worker {
        Searcher* searcher = nullptr;
        TranspositionTable table;
        std::span<ErrorSum> sums;
        std::span<std::uint16_t> touched;
        Searcher* rival = nullptr;  // shares the table
        AbsorbCounts absorbed;      // in the epoch being absorbed
    };

    void count_game(const GameSummary& game);
    void report_window(std::uint64_t games, EventSink& sink);
    void report_summary(std::uint64_t games, EventSink& sink);
    void refresh_rival(const Epoch& epoch);

    OthelloSettings settings_;
    Geometry geometry_;
    std::span<std::uint16_t> weights_;
    std::span<std::uint16_t> rival_weights_;
    std::span<AdamSlot> slots_;
    std::span<Statistics> statistics_storage_;
    Statistics* statistics_ = nullptr;
    std::span<ConvergenceState> convergence_storage_;
    ConvergenceMonitor convergence_;
    HeldOut held_out_;
    Model model_;
    Model rival_;
    Learner learner_;
    unsigned worker_count_ = 0;
    Worker workers_[workers_max];
    MatchPair trials_[opponent_count][trial_pairs];
};

// The regions that playing with finished weights needs, without learning: for the commands that
// evaluate.
void plan_geometry(RegionList& regions);
void bind_geometry(Arena& arena, Geometry& geometry);

}  // namespace kiln::othello

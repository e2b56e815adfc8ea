// MeasuredWorkload: an Othello workload that notes where its workers' time goes.
//
// Training with it is training without it: it hands every call on, and looks at the clock before
// and after. Splitting a game's time takes a look a move, which costs a little, so it is a choice.
// The session's thread may read the times when no worker is at work.
#pragma once

#include <array>
#include <functional>

#include "core/othello/othello_workload.hpp"
#include "core/othello/self_play.hpp"

namespace kiln::perf {

// Of one worker, processor time in seconds.
struct alignas(64) WorkerTimes {
    double playing = 0;
    double searching = 0;  // of playing, when games are split: moves searched to a depth ...
    double solving = 0;    // ... and moves solved
    double absorbing = 0;
    double thread = 0;  // of the whole thread, up to the last piece of work
    int thread_id = 0;  // 0: it has not worked yet
};

class MeasuredWorkload final : public Workload {
  public:
    static constexpr unsigned workers_max = 64;

    explicit MeasuredWorkload(othello::OthelloWorkload& workload) : workload_(workload) {}

    bool splits_games = false;
    std::function<void()> after_epoch;  // by the session's thread

    const WorkerTimes& times(unsigned worker) const { return times_[worker]; }

    PlayOutcome play(const WorkContext& context, std::uint64_t ticket,
                     std::span<std::byte> record) override;
    void absorb(const WorkContext& context, const Epoch& epoch, unsigned shard) override;
    void finish_epoch(const Epoch& epoch, EventSink& sink) override {
        workload_.finish_epoch(epoch, sink);
        if (after_epoch)
            after_epoch();
    }

    const char* name() const override { return workload_.name(); }
    void plan(const Limits& limits, RegionList& regions) const override {
        workload_.plan(limits, regions);
    }
    void bind(const Limits& limits, Arena& arena) override { workload_.bind(limits, arena); }
    std::size_t record_bytes() const override { return workload_.record_bytes(); }
    void reset() override { workload_.reset(); }
    void restored() override { workload_.restored(); }
    void list_sections(SectionList& sections) override { workload_.list_sections(sections); }
    std::uint64_t state_bytes() const override { return workload_.state_bytes(); }
    Status take_failure() override { return workload_.take_failure(); }
    void skip(std::span<std::byte> record) override { workload_.skip(record); }
    unsigned shard_count() const override { return workload_.shard_count(); }
    unsigned trial_count() const override { return workload_.trial_count(); }
    void run_trial(const WorkContext& context, unsigned trial) override {
        workload_.run_trial(context, trial);
    }
    void finish_trials(std::uint64_t games, EventSink& sink) override {
        workload_.finish_trials(games, sink);
    }
    std::uint64_t heal() override { return workload_.heal(); }
    void note_memory(Ledger& ledger) const override { workload_.note_memory(ledger); }

  private:
    othello::OthelloWorkload& workload_;
    std::array<WorkerTimes, workers_max> times_;
};

}  // namespace kiln::perf

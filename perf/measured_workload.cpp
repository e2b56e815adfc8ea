#include "perf/measured_workload.hpp"

#include <new>

#include <unistd.h>

#include "perf/table.hpp"

namespace kiln::perf {
namespace {

// A move is told when it is chosen: what passed since the one before was spent on it.
class MoveClock final : public othello::GameObserver {
  public:
    MoveClock(WorkerTimes& times, double now) : times_(times), last_(now) {}

    void on_move(const othello::PlayedMove& move) override {
        const double now = thread_seconds();
        if (!move.is_opening)
            (move.search.is_exact ? times_.solving : times_.searching) += now - last_;
        last_ = now;
    }
    void on_step(const othello::LearnedStep&) override {}

  private:
    WorkerTimes& times_;
    double last_;
};

void note(WorkerTimes& times, double WorkerTimes::*phase, double before) {
    times.thread = thread_seconds();
    times.*phase += times.thread - before;
    if (times.thread_id == 0)
        times.thread_id = ::gettid();
}

}  // namespace

PlayOutcome MeasuredWorkload::play(const WorkContext& context, std::uint64_t ticket,
                                   std::span<std::byte> record) {
    WorkerTimes& times = times_[context.worker];
    const double before = thread_seconds();
    PlayOutcome outcome;
    if (splits_games) {
        MoveClock moves(times, before);
        outcome =
            othello::play_game(workload_.settings(), workload_.searcher(context.worker), context,
                               ticket, *new (record.data()) othello::GameRecord, &moves);
    } else {
        outcome = workload_.play(context, ticket, record);
    }
    note(times, &WorkerTimes::playing, before);
    return outcome;
}

void MeasuredWorkload::absorb(const WorkContext& context, const Epoch& epoch, unsigned shard) {
    const double before = thread_seconds();
    workload_.absorb(context, epoch, shard);
    note(times_[context.worker], &WorkerTimes::absorbing, before);
}

}  // namespace kiln::perf

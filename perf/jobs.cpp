#include "perf/jobs.hpp"

#include <atomic>
#include <memory>

#include "core/base/check.hpp"
#include "core/memory/pool.hpp"
#include "core/othello/perft.hpp"
#include "core/othello/self_play.hpp"

#include "perf/fixed_player.hpp"
#include "perf/positions.hpp"
#include "perf/records.hpp"
#include "platform/linux/clock.hpp"

namespace kiln::perf {
namespace {

using othello::Board;

// A job with what it needs. work() may be called again and again.
class CountedJob {
  public:
    virtual ~CountedJob() = default;
    virtual std::uint64_t work() = 0;
};

class EmptyJob final : public CountedJob {
  public:
    std::uint64_t work() override { return 0; }
};

class PerftJob final : public CountedJob {
  public:
    std::uint64_t work() override { return othello::perft(othello::start_board(), 7); }
};

othello::OthelloSettings settings_of_jobs(int depth) {
    othello::OthelloSettings settings;
    settings.depth = depth;
    settings.table_bytes = 4u << 20;
    return settings;
}

class EvaluateJob final : public CountedJob {
  public:
    std::uint64_t work() override {
        std::uint64_t sum = 0;
        for (int round = 0; round < 100; ++round)
            for (const Board& board : positions_)
                sum += static_cast<std::uint64_t>(player_.workload().model().evaluate(board));
        return sum;
    }

  private:
    FixedPlayer player_{settings_of_jobs(1)};
    std::vector<Board> positions_ = random_positions(100, 30);
};

class SearchJob final : public CountedJob {
  public:
    SearchJob(std::vector<Board> positions, const othello::SearchLimits& limits)
        : positions_(std::move(positions)), limits_(limits) {}

    std::uint64_t work() override {
        std::uint64_t nodes = 0;
        for (const Board& board : positions_) {
            player_.searcher().table().begin_game();
            nodes += player_.searcher().search(board, limits_, nullptr, nullptr).nodes;
        }
        return nodes;
    }

  private:
    FixedPlayer player_{settings_of_jobs(1)};
    std::vector<Board> positions_;
    othello::SearchLimits limits_;
};

// Games of one ply, and perhaps what they teach.
class TrainingJob final : public CountedJob {
  public:
    enum class Does { play, absorb, both };

    TrainingJob(Does does, std::uint32_t games)
        : does_(does), games_(games), records_(player_.workload(), games) {
        if (does == Does::absorb)
            (void)play();
    }

    std::uint64_t work() override {
        std::uint64_t done = 0;
        if (does_ != Does::absorb)
            done += play();
        if (does_ != Does::play)
            done += absorb();
        ticket_ += does_ == Does::both ? games_ : 0;
        return done;
    }

  private:
    const othello::GameRecord& game(std::uint32_t index) const {
        return *reinterpret_cast<const othello::GameRecord*>(records_.pool().slot(index).data());
    }
    // Returns the moves.
    std::uint64_t play() {
        std::uint64_t moves = 0;
        for (std::uint32_t i = 0; i < games_; ++i) {
            CHECK(player_.workload().play(context_, ticket_ + i, records_.pool().slot(i)) ==
                  PlayOutcome::done);
            moves += game(i).summary.moves;
        }
        return moves;
    }
    // Returns the positions that were learned from.
    std::uint64_t absorb() {
        const Epoch epoch = {ticket_, games_, &records_.pool()};
        for (unsigned shard = 0; shard < player_.workload().shard_count(); ++shard)
            player_.workload().absorb(context_, epoch, shard);
        std::uint64_t positions = 0;
        for (std::uint32_t i = 0; i < games_; ++i)
            positions += game(i).position_count;
        return positions;
    }

    Does does_;
    std::uint32_t games_;
    FixedPlayer player_{settings_of_jobs(1)};
    Records records_;
    platform::MonotonicClock clock_;
    std::atomic<bool> stop_{false};
    WorkContext context_ = {0, &stop_, &clock_};
    std::uint64_t ticket_ = 0;
};

struct NamedJob {
    const char* name;
    std::unique_ptr<CountedJob> (*make)();
};

template <typename Job, auto... arguments>
std::unique_ptr<CountedJob> make() {
    return std::make_unique<Job>(arguments...);
}

std::unique_ptr<CountedJob> make_search() {
    return std::make_unique<SearchJob>(random_positions_with(8, 36),
                                       othello::SearchLimits{.depth = 6});
}

std::unique_ptr<CountedJob> make_solve() {
    return std::make_unique<SearchJob>(random_positions_with(8, 12),
                                       othello::SearchLimits{.exact_empties = 12});
}

using Does = TrainingJob::Does;
constexpr NamedJob jobs[] = {
    {"empty", make<EmptyJob>},
    {"perft", make<PerftJob>},
    {"evaluate", make<EvaluateJob>},
    {"search", make_search},
    {"solve", make_solve},
    {"self-play", make<TrainingJob, Does::play, 20u>},
    {"absorb", make<TrainingJob, Does::absorb, 32u>},
    {"training", make<TrainingJob, Does::both, 32u>},
};

}  // namespace

// By this name tools find it: not inlined, not renamed, and no jump to what it calls.
extern "C" [[gnu::noinline, gnu::used]] std::uint64_t kiln_bench_job(CountedJob& job) {
    const std::uint64_t done = job.work();
    asm volatile("" : : : "memory");
    return done;
}

std::vector<std::string> job_names() {
    std::vector<std::string> names;
    for (const NamedJob& job : jobs)
        names.emplace_back(job.name);
    return names;
}

std::uint64_t run_job(const std::string& name, std::uint64_t repetitions) {
    for (const NamedJob& job : jobs) {
        if (name != job.name)
            continue;
        const std::unique_ptr<CountedJob> made = job.make();
        std::uint64_t done = 0;
        for (std::uint64_t i = 0; i < repetitions; ++i)
            done += kiln_bench_job(*made);
        return done;
    }
    CHECK(false && "no such job");
    return 0;
}

}  // namespace kiln::perf

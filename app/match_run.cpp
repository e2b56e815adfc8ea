#include "app/match_run.hpp"

#include <chrono>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "core/base/check.hpp"

#include "app/failure.hpp"
#include "app/text.hpp"
#include "platform/linux/clock.hpp"
#include "platform/linux/worker_team.hpp"

namespace kiln::app {
namespace {

constexpr auto poll_interval = std::chrono::milliseconds(10);
constexpr int polls_a_redraw = 10;
constexpr double line_every_s = 10;

class MatchJob final : public Job {
  public:
    MatchJob(const MatchPlan& plan, std::atomic<bool>& stop)
        : plan_(plan), stop_(stop), results_(plan.pairs) {}

    void work(unsigned worker) override {
        for (;;) {
            const std::uint64_t pair = next_.fetch_add(1, std::memory_order_relaxed);
            if (pair >= results_.size() || stop_.load(std::memory_order_relaxed))
                return;
            const othello::MatchPair result = plan_.play(worker, pair);
            const std::lock_guard lock(mutex_);
            results_[pair] = result;
            if (result.is_complete)
                complete_.add(result);
        }
    }

    // Looks at the pairs in order, as far as they are complete without a gap. Raises `stop` when
    // the match is decided.
    void look() {
        const std::lock_guard lock(mutex_);
        if (plan_.is_decided == nullptr)
            return;
        while (!is_decided_ && looked_at_ < results_.size() && results_[looked_at_].is_complete) {
            in_order_.add(results_[looked_at_]);
            ++looked_at_;
            if (looked_at_ % plan_.batch_pairs == 0 || looked_at_ == results_.size())
                is_decided_ = plan_.is_decided(in_order_);
        }
        if (is_decided_)
            stop_.store(true);
    }

    othello::MatchScore complete() {
        const std::lock_guard lock(mutex_);
        return complete_;
    }

    // After the team has ended.
    MatchResult result() {
        look();
        MatchResult result;
        const std::uint64_t counted = is_decided_ ? looked_at_ : results_.size();
        for (std::uint64_t pair = 0; pair < counted; ++pair) {
            result.nodes += results_[pair].nodes;
            if (!results_[pair].is_complete)
                continue;
            result.score.add(results_[pair]);
            ++result.pairs;
        }
        result.is_partial = result.pairs < counted;
        return result;
    }

  private:
    const MatchPlan& plan_;
    std::atomic<bool>& stop_;
    std::atomic<std::uint64_t> next_{0};

    std::mutex mutex_;  // of all below
    std::vector<othello::MatchPair> results_;
    othello::MatchScore complete_;
    othello::MatchScore in_order_;  // of the first `looked_at_` pairs
    std::uint64_t looked_at_ = 0;
    bool is_decided_ = false;
};

std::string progress_line(const MatchPlan& plan, const othello::MatchScore& score, double rate) {
    const std::uint64_t games_left = 2 * plan.pairs - score.games();
    // What matters comes first: a terminal may be too narrow for all of it.
    std::string line =
        fmt::format("{} / {} games", format_count(score.games()), format_count(2 * plan.pairs));
    if (plan.describe != nullptr)
        line += ", " + plan.describe(score);
    line += fmt::format(", {} games/s, {} left", format_rate(rate),
                        format_duration(static_cast<double>(games_left) / rate));
    return line;
}

void watch(const MatchPlan& plan, platform::WorkerTeam& team, MatchJob& job,
           const std::atomic<bool>& stop, Console& console) {
    platform::MonotonicClock clock;
    const std::uint64_t started_ns = clock.now_ns();
    double last_line_s = 0;
    for (int polls = 1; !stop.load(std::memory_order_relaxed); ++polls) {
        const othello::MatchScore score = job.complete();
        if (score.games() == 2 * plan.pairs)
            break;
        std::this_thread::sleep_for(poll_interval);
        job.look();
        const double seconds = static_cast<double>(clock.now_ns() - started_ns) * 1e-9;
        if (polls % polls_a_redraw != 0 || score.games() == 0)
            continue;
        const std::string line = progress_line(plan, score, score.games() / seconds);
        console.live(line);
        if (!console.is_terminal() && seconds >= last_line_s + line_every_s) {
            last_line_s = seconds;
            console.print(line);
        }
    }
    team.wait();
    console.erase_live();
}

}  // namespace

MatchResult play_match(const MatchPlan& plan, std::atomic<bool>& stop, Console& console) {
    CHECK(plan.is_decided == nullptr || plan.batch_pairs > 0);
    platform::WorkerTeam team;
    if (const Status launched = team.launch(plan.workers, plan.worker_stacks); !launched)
        throw Failure(ExitCode::system_refuses,
                      fmt::format("--workers: the system does not grant {} threads; give fewer",
                                  plan.workers));
    MatchJob job(plan, stop);
    platform::MonotonicClock clock;
    const std::uint64_t started_ns = clock.now_ns();
    team.start(job);
    watch(plan, team, job, stop, console);
    MatchResult result = job.result();
    result.seconds = static_cast<double>(clock.now_ns() - started_ns) * 1e-9;
    return result;
}

std::string describe_limits(const othello::SearchLimits& limits) {
    std::string text = limits.nodes != 0     ? fmt::format("{} nodes", format_count(limits.nodes))
                       : limits.time_ns != 0 ? fmt::format("{} ms", limits.time_ns / 1'000'000)
                                             : fmt::format("depth {}", limits.depth);
    if (limits.exact_empties > 0)
        text += fmt::format(", exact from {} empties", limits.exact_empties);
    if (limits.selectivity > 0)
        text += fmt::format(", selectivity {}", limits.selectivity);
    return text;
}

}  // namespace kiln::app

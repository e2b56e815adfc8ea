#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/numeric/interval.hpp"

#include "app/commands/commands.hpp"
#include "app/console.hpp"
#include "app/failure.hpp"
#include "app/text.hpp"
#include "platform/linux/clock.hpp"
#include "platform/linux/process_info.hpp"
#include "platform/linux/signals.hpp"
#include "platform/linux/worker_team.hpp"

namespace kiln::app {
namespace {

constexpr auto poll_interval = std::chrono::milliseconds(10);
constexpr double line_every_s = 10;

const char* name_of(othello::Opponent opponent) {
    return opponent == othello::Opponent::random ? "random" : "corner";
}

std::string describe(const othello::SearchLimits& limits) {
    std::string text = limits.nodes != 0     ? fmt::format("{} nodes", format_count(limits.nodes))
                       : limits.time_ns != 0 ? fmt::format("{} ms", limits.time_ns / 1'000'000)
                                             : fmt::format("depth {}", limits.depth);
    if (limits.exact_empties > 0)
        text += fmt::format(", exact from {} empties", limits.exact_empties);
    return text;
}

// Workers take pairs of games in any order; a pair's result depends on its number alone.
class MatchJob final : public Job {
  public:
    MatchJob(const othello::MatchSettings& settings, PlayingModel& model, std::uint64_t pairs,
             const std::atomic<bool>& stop)
        : settings_(settings), model_(model), results_(pairs), stop_(stop) {}

    void work(unsigned worker) override {
        for (;;) {
            const std::uint64_t pair = next_.fetch_add(1, std::memory_order_relaxed);
            if (pair >= results_.size() || stop_.load(std::memory_order_relaxed))
                return;
            results_[pair] = play_pair(settings_, model_.searcher(worker), pair, &stop_, &clock_);
            done_.fetch_add(1, std::memory_order_relaxed);
        }
    }

    std::uint64_t pairs_done() const { return done_.load(std::memory_order_relaxed); }
    // After the team has ended.
    const std::vector<othello::MatchPair>& results() const { return results_; }

  private:
    othello::MatchSettings settings_;
    PlayingModel& model_;
    std::vector<othello::MatchPair> results_;
    const std::atomic<bool>& stop_;
    platform::MonotonicClock clock_;
    std::atomic<std::uint64_t> next_{0};
    std::atomic<std::uint64_t> done_{0};
};

struct Outcome {
    othello::MatchScore score;
    std::uint64_t nodes = 0;
    double seconds = 0;
    bool is_partial = false;
    unsigned workers = 0;

    double share() const { return score.games() == 0 ? 0 : score.points() / score.games(); }
    Interval interval() const { return wilson_interval(score.points(), score.games()); }
    double difference() const {
        return score.games() == 0 ? 0 : static_cast<double>(score.discs) / score.games();
    }
    double games_per_second() const { return seconds > 0 ? score.games() / seconds : 0; }
};

void watch(Console& console, platform::WorkerTeam& team, MatchJob& job, std::uint64_t pairs,
           const std::atomic<bool>& stop) {
    platform::MonotonicClock clock;
    const std::uint64_t started_ns = clock.now_ns();
    double last_line_s = 0;
    for (int polls = 1; job.pairs_done() < pairs && !stop.load(std::memory_order_relaxed);
         ++polls) {
        std::this_thread::sleep_for(poll_interval);
        const double seconds = static_cast<double>(clock.now_ns() - started_ns) * 1e-9;
        const double rate = 2 * static_cast<double>(job.pairs_done()) / seconds;
        if (polls % 10 != 0 || rate <= 0)
            continue;
        const std::string line =
            fmt::format("{} / {} games, {} games/s, {} left", format_count(2 * job.pairs_done()),
                        format_count(2 * pairs), format_rate(rate),
                        format_duration(2 * static_cast<double>(pairs - job.pairs_done()) / rate));
        console.live(line);
        if (!console.is_terminal() && seconds >= last_line_s + line_every_s) {
            last_line_s = seconds;
            console.print(line);
        }
    }
    team.wait();
    console.erase_live();
}

Outcome play(PlayingModel& model, const EvaluateOptions& options, unsigned workers) {
    const othello::MatchSettings settings = {.seed = options.seed,
                                             .opponent = options.opponent,
                                             .opening_plies = options.opening_plies,
                                             .limits = options.limits};
    std::atomic<bool> stop{false};
    (void)platform::install_stop_signals(stop);  // cannot fail for these signals
    platform::WorkerTeam team;
    if (const Status launched = team.launch(workers, model.worker_stacks()); !launched)
        throw Failure(
            ExitCode::system_refuses,
            fmt::format("--workers: the system does not grant {} threads; give fewer", workers));
    MatchJob job(settings, model, options.games / 2, stop);
    Console console(stderr);
    platform::MonotonicClock clock;
    const std::uint64_t started_ns = clock.now_ns();
    team.start(job);
    watch(console, team, job, options.games / 2, stop);

    Outcome outcome;
    outcome.workers = workers;
    outcome.seconds = static_cast<double>(clock.now_ns() - started_ns) * 1e-9;
    platform::restore_stop_signals();
    for (const othello::MatchPair& pair : job.results()) {
        if (pair.is_complete)
            outcome.score.add(pair);
        else
            outcome.is_partial = true;
        outcome.nodes += pair.nodes;
    }
    return outcome;
}

void print_text(const PlayingModel& model, const EvaluateOptions& options, const Outcome& outcome) {
    const Interval interval = outcome.interval();
    fmt::print("model {} ({} games), {}, against {}, seed {}, {} opening plies\n", model.name(),
               format_count(model.games()), describe(options.limits), name_of(options.opponent),
               options.seed, options.opening_plies);
    if (outcome.is_partial)
        fmt::print("partial: interrupted after {} of {} games\n",
                   format_count(outcome.score.games()), format_count(options.games));
    fmt::print("games {}: {} won, {} drawn, {} lost; difference {} discs; {} games/s, {} nodes/s\n",
               outcome.score.games(), outcome.score.wins, outcome.score.draws, outcome.score.losses,
               format_discs(outcome.difference()), format_rate(outcome.games_per_second()),
               format_rate(
                   outcome.seconds > 0 ? static_cast<double>(outcome.nodes) / outcome.seconds : 0));
    fmt::print("score {}, 95 % interval {:.1f} to {:.1f} % (Wilson)\n",
               format_percent(outcome.share()), interval.lower * 100, interval.upper * 100);
}

void print_json(const PlayingModel& model, const EvaluateOptions& options, const Outcome& outcome) {
    const Interval interval = outcome.interval();
    nlohmann::ordered_json json;
    json["model"] = model.name();
    json["model_games"] = model.games();
    json["opponent"] = name_of(options.opponent);
    json["seed"] = options.seed;
    json["opening_plies"] = options.opening_plies;
    json["depth"] = options.limits.depth;
    json["nodes"] = options.limits.nodes;
    json["time_ms"] = options.limits.time_ns / 1'000'000;
    json["exact_empties"] = options.limits.exact_empties;
    json["games"] = outcome.score.games();
    json["partial"] = outcome.is_partial;
    json["wins"] = outcome.score.wins;
    json["draws"] = outcome.score.draws;
    json["losses"] = outcome.score.losses;
    json["score"] = outcome.share();
    json["wilson_lower"] = interval.lower;
    json["wilson_upper"] = interval.upper;
    json["stone_difference"] = outcome.difference();
    json["searched_nodes"] = outcome.nodes;
    json["workers"] = outcome.workers;
    json["seconds"] = outcome.seconds;
    json["games_per_second"] = outcome.games_per_second();
    fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

}  // namespace

ExitCode run_evaluate(const EvaluateOptions& options) {
    if (options.games % 2 != 0)
        throw Failure(ExitCode::usage,
                      fmt::format("--games: {} is odd; every opening is played twice with colours "
                                  "swapped, so give {} or {}",
                                  options.games, options.games - 1, options.games + 1));
    unsigned workers = static_cast<unsigned>(options.workers);
    if (workers == 0)
        workers = PlayingModel::workers_that_fit(
            std::min(platform::allowed_cpu_count(), platform::WorkerTeam::capacity),
            options.memory_bytes);
    PlayingModel model(options.model, workers, options.memory_bytes);
    const Outcome outcome = play(model, options, workers);
    if (options.json)
        print_json(model, options, outcome);
    else
        print_text(model, options, outcome);
    return ExitCode::ok;
}

}  // namespace kiln::app

#include <algorithm>
#include <atomic>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/numeric/interval.hpp"

#include "app/commands/commands.hpp"
#include "app/console.hpp"
#include "app/failure.hpp"
#include "app/match_run.hpp"
#include "app/text.hpp"
#include "platform/linux/clock.hpp"
#include "platform/linux/process_info.hpp"
#include "platform/linux/signals.hpp"
#include "platform/linux/worker_team.hpp"

namespace kiln::app {
namespace {

const char* name_of(othello::Opponent opponent) {
    return opponent == othello::Opponent::random ? "random" : "corner";
}

// Points as a share of those there were to win.
double share_of(const othello::MatchScore& score) {
    return score.games() == 0 ? 0 : score.points() / score.games();
}

Interval interval_of(const othello::MatchScore& score) {
    return wilson_interval(score.points(), score.games());
}

MatchResult play(PlayingModel& model, const EvaluateOptions& options, unsigned workers) {
    const othello::MatchSettings settings = {.seed = options.seed,
                                             .opponent = options.opponent,
                                             .opening_plies = options.opening_plies,
                                             .limits = options.limits};
    std::atomic<bool> stop{false};
    (void)platform::install_stop_signals(stop);  // cannot fail for these signals
    platform::MonotonicClock clock;
    const MatchPlan plan = {.pairs = options.games / 2,
                            .workers = workers,
                            .worker_stacks = model.worker_stacks(),
                            .play = [&](unsigned worker, std::uint64_t pair) {
                                return play_pair(settings, model.searcher(worker), pair, &stop,
                                                 &clock);
                            }};
    Console console(stderr);
    const MatchResult result = play_match(plan, stop, console);
    platform::restore_stop_signals();
    return result;
}

void print_text(const PlayingModel& model, const EvaluateOptions& options,
                const MatchResult& result) {
    const Interval interval = interval_of(result.score);
    fmt::print("model {} ({} games), {}, against {}, seed {}, {} opening plies\n", model.name(),
               format_count(model.games()), describe_limits(options.limits),
               name_of(options.opponent), options.seed, options.opening_plies);
    if (result.is_partial)
        fmt::print("partial: interrupted after {} of {} games\n",
                   format_count(result.score.games()), format_count(options.games));
    fmt::print(
        "games {}: {} won, {} drawn, {} lost; difference {} discs; {} games/s, {} nodes/s\n",
        result.score.games(), result.score.wins, result.score.draws, result.score.losses,
        format_discs(result.score.mean_discs()), format_rate(result.games_per_second()),
        format_rate(result.seconds > 0 ? static_cast<double>(result.nodes) / result.seconds : 0));
    fmt::print("score {}, 95 % interval {:.1f} to {:.1f} % (Wilson)\n",
               format_percent(share_of(result.score)), interval.lower * 100, interval.upper * 100);
}

void print_json(const PlayingModel& model, const EvaluateOptions& options,
                const MatchResult& result, unsigned workers) {
    const Interval interval = interval_of(result.score);
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
    json["selectivity"] = options.limits.selectivity;
    json["games"] = result.score.games();
    json["partial"] = result.is_partial;
    json["wins"] = result.score.wins;
    json["draws"] = result.score.draws;
    json["losses"] = result.score.losses;
    json["score"] = share_of(result.score);
    json["wilson_lower"] = interval.lower;
    json["wilson_upper"] = interval.upper;
    json["stone_difference"] = result.score.mean_discs();
    json["searched_nodes"] = result.nodes;
    json["workers"] = workers;
    json["seconds"] = result.seconds;
    json["games_per_second"] = result.games_per_second();
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
    const MatchResult result = play(model, options, workers);
    if (options.json)
        print_json(model, options, result, workers);
    else
        print_text(model, options, result);
    return ExitCode::ok;
}

}  // namespace kiln::app

#include <algorithm>
#include <atomic>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/commands/commands.hpp"
#include "app/console.hpp"
#include "app/failure.hpp"
#include "app/match_run.hpp"
#include "app/match_statistics.hpp"
#include "app/openings.hpp"
#include "app/text.hpp"
#include "platform/linux/clock.hpp"
#include "platform/linux/process_info.hpp"
#include "platform/linux/signals.hpp"
#include "platform/linux/worker_team.hpp"

namespace kiln::app {
namespace {

using Json = nlohmann::ordered_json;

// The sequential test is asked after this many pairs, whoever plays them.
constexpr std::uint64_t batch_pairs = 16;

struct Players {
    const PlayingModel& first;
    const PlayingModel& second;
};

const char* name_of(SprtVerdict verdict) {
    switch (verdict) {
        case SprtVerdict::low:
            return "H0";
        case SprtVerdict::high:
            return "H1";
        case SprtVerdict::undecided:
            break;
    }
    return "undecided";
}

Estimate disc_estimate(const othello::MatchScore& score) {
    const double half_width = 1.959964 * score.mean_discs_error();
    return {score.mean_discs(), score.mean_discs() - half_width, score.mean_discs() + half_width};
}

double drawn_share(const othello::MatchScore& score) {
    return score.games() == 0 ? 0 : static_cast<double>(score.draws) / score.games();
}

std::string running_score(const MatchOptions& options, const othello::MatchScore& score) {
    const auto statistics = match_statistics(score.pair_counts);
    if (!statistics)
        return "no pair yet";
    std::string text = format_score(statistics->score);
    if (options.sprt)
        text += fmt::format(", LLR {:.2f} of +-{:.2f}",
                            options.sprt->log_likelihood_ratio(score.pair_counts), Sprt::bound());
    return text;
}

MatchResult play(PlayingModel& first, PlayingModel& second, const MatchOptions& options,
                 unsigned workers) {
    const auto openings = draw_openings(options.seed, options.opening_plies, options.pairs);
    std::atomic<bool> stop{false};
    (void)platform::install_stop_signals(stop);  // cannot fail for these signals
    platform::MonotonicClock clock;
    MatchPlan plan;
    plan.pairs = options.pairs;
    plan.workers = workers;
    plan.worker_stacks = first.worker_stacks();
    plan.play = [&](unsigned worker, std::uint64_t pair) {
        const othello::MatchSettings settings = {.opponent = othello::Opponent::model,
                                                 .limits = options.limits,
                                                 .other_model = &second.searcher(worker)};
        RandomStream unused(options.seed, StreamPurpose::match, pair);  // models draw nothing
        return play_pair(settings, first.searcher(worker), openings[pair], unused, &stop, &clock);
    };
    plan.describe = [&](const othello::MatchScore& score) { return running_score(options, score); };
    if (options.sprt) {
        plan.batch_pairs = batch_pairs;
        plan.is_decided = [&](const othello::MatchScore& score) {
            return verdict_of(options.sprt->log_likelihood_ratio(score.pair_counts)) !=
                   SprtVerdict::undecided;
        };
    }
    Console console(stderr);
    const MatchResult result = play_match(plan, stop, console);
    platform::restore_stop_signals();
    return result;
}

// What the test says of what was played. Pairs of a batch that was interrupted decide nothing.
SprtVerdict sprt_verdict(const MatchOptions& options, const MatchResult& result) {
    if (result.is_partial)
        return SprtVerdict::undecided;
    return verdict_of(options.sprt->log_likelihood_ratio(result.score.pair_counts));
}

void print_sprt(const MatchOptions& options, const MatchResult& result) {
    const SprtVerdict verdict = sprt_verdict(options, result);
    const double chosen =
        verdict == SprtVerdict::high ? options.sprt->high_nelo : options.sprt->low_nelo;
    const std::string words =
        verdict == SprtVerdict::undecided
            ? fmt::format("undecided after {} pairs", format_count(result.pairs))
            : fmt::format("{} accepted, normalized Elo {}, after {} pairs", name_of(verdict),
                          chosen, format_count(result.pairs));
    fmt::print("SPRT {} against {}: {}; LLR {:.2f}, decided beyond +-{:.2f}\n",
               options.sprt->low_nelo, options.sprt->high_nelo, words,
               options.sprt->log_likelihood_ratio(result.score.pair_counts), Sprt::bound());
}

void print_text(const Players& players, const MatchOptions& options, const MatchResult& result) {
    const othello::MatchScore& score = result.score;
    for (const PlayingModel* player : {&players.first, &players.second})
        fmt::print("{} {} ({} games)\n", player == &players.first ? "A" : "B", player->name(),
                   format_count(player->games()));
    fmt::print("{}, {} openings of {} random plies played twice, seed {}\n",
               describe_limits(options.limits), format_count(options.pairs), options.opening_plies,
               options.seed);
    if (options.limits.time_ns != 0)
        fmt::print("the clock decides, so this match cannot be reproduced\n");
    if (result.is_partial)
        fmt::print("partial: interrupted after {} of {} pairs\n", format_count(result.pairs),
                   format_count(options.pairs));
    fmt::print("games {}: A won {}, drawn {}, lost {}; {} drawn; {} games/s\n",
               format_count(score.games()), score.wins, score.draws, score.losses,
               format_percent(drawn_share(score)), format_rate(result.games_per_second()));
    const auto statistics = match_statistics(score.pair_counts);
    if (!statistics)
        return;
    fmt::print("pairs {}: LL {}, LD {}, DD or WL {}, WD {}, WW {}\n", format_count(result.pairs),
               score.pair_counts[0], score.pair_counts[1], score.pair_counts[2],
               score.pair_counts[3], score.pair_counts[4]);
    // A match that ended because it went well looks better than the player is.
    const bool is_ended_early = options.sprt && result.pairs < options.pairs && !result.is_partial;
    fmt::print("score of A {}; Elo{} {}; normalized Elo {}; stronger with {} likelihood\n",
               format_score(statistics->score), is_ended_early ? " at stop" : "",
               format_elo(statistics->elo),
               statistics->normalized_elo ? format_elo(*statistics->normalized_elo)
                                          : "unknown, as all pairs ended alike",
               format_percent(statistics->superiority));
    const Estimate discs = disc_estimate(score);
    const std::string interval =
        score.pair_discs.count < 2
            ? ""
            : fmt::format(" [{}, {}]", format_discs(discs.lower), format_discs(discs.upper));
    fmt::print("difference {} discs a game{}\n", format_discs(discs.value), interval);
    if (options.sprt)
        print_sprt(options, result);
    fmt::print("in brackets: 95 % intervals, from pairs\n");
}

Json model_json(const PlayingModel& model) {
    return {{"name", model.name()}, {"games", model.games()}};
}

void add_estimate(Json& json, const std::string& name, const std::optional<Estimate>& estimate) {
    json[name] = estimate ? Json(estimate->value) : Json();
    json[name + "_lower"] = estimate ? Json(estimate->lower) : Json();
    json[name + "_upper"] = estimate ? Json(estimate->upper) : Json();
}

Json sprt_json(const MatchOptions& options, const MatchResult& result) {
    return {{"low_nelo", options.sprt->low_nelo},
            {"high_nelo", options.sprt->high_nelo},
            {"error_rate", Sprt::error_rate},
            {"batch_pairs", batch_pairs},
            {"log_likelihood_ratio", options.sprt->log_likelihood_ratio(result.score.pair_counts)},
            {"bound", Sprt::bound()},
            {"verdict", name_of(sprt_verdict(options, result))}};
}

void print_json(const Players& players, const MatchOptions& options, const MatchResult& result,
                unsigned workers) {
    const othello::MatchScore& score = result.score;
    Json json;
    json["models"] = {model_json(players.first), model_json(players.second)};
    json["seed"] = options.seed;
    json["opening_plies"] = options.opening_plies;
    json["depth"] = options.limits.depth;
    json["nodes"] = options.limits.nodes;
    json["time_ms"] = options.limits.time_ns / 1'000'000;
    json["exact_empties"] = options.limits.exact_empties;
    json["selectivity"] = options.limits.selectivity;
    json["pairs_wanted"] = options.pairs;
    json["pairs"] = result.pairs;
    json["games"] = score.games();
    json["partial"] = result.is_partial;
    json["wins"] = score.wins;
    json["draws"] = score.draws;
    json["losses"] = score.losses;
    json["draw_rate"] = drawn_share(score);
    json["pentanomial"] = score.pair_counts;
    const auto statistics = match_statistics(score.pair_counts);
    std::optional<Estimate> points;
    std::optional<Estimate> elo;
    std::optional<Estimate> normalized_elo;
    if (statistics) {
        points = statistics->score;
        elo = statistics->elo;
        normalized_elo = statistics->normalized_elo;
    }
    add_estimate(json, "score", points);
    add_estimate(json, "elo", elo);
    add_estimate(json, "normalized_elo", normalized_elo);
    json["superiority"] = statistics ? Json(statistics->superiority) : Json();
    add_estimate(json, "stone_difference",
                 result.pairs < 2 ? std::nullopt : std::optional(disc_estimate(score)));
    json["sprt"] = options.sprt ? sprt_json(options, result) : Json();
    json["searched_nodes"] = result.nodes;
    json["workers"] = workers;
    json["seconds"] = result.seconds;
    json["games_per_second"] = result.games_per_second();
    fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
}

PlayingModel open_model(const ModelSource& source, unsigned workers, std::uint64_t budget_bytes) {
    try {
        return PlayingModel(source, workers, budget_bytes);
    } catch (const Failure& failure) {
        if (failure.exit_code() != ExitCode::bad_configuration)
            throw;
        throw Failure(failure.exit_code(),
                      fmt::format("{} a model, of which a match has two: give it twice that",
                                  failure.what()));
    }
}

}  // namespace

ExitCode run_match(const MatchOptions& options) {
    const std::uint64_t budget_bytes = options.memory_bytes / 2;
    unsigned workers = static_cast<unsigned>(options.workers);
    if (workers == 0)
        workers = PlayingModel::workers_that_fit(
            std::min(platform::allowed_cpu_count(), platform::WorkerTeam::capacity), budget_bytes);
    PlayingModel first = open_model(options.models[0], workers, budget_bytes);
    PlayingModel second = open_model(options.models[1], workers, budget_bytes);
    const MatchResult result = play(first, second, options, workers);
    if (options.json)
        print_json({first, second}, options, result, workers);
    else
        print_text({first, second}, options, result);
    return ExitCode::ok;
}

}  // namespace kiln::app

#include "app/flags/match_flags.hpp"

#include <limits>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/failure.hpp"
#include "app/flags/whole.hpp"
#include "app/text.hpp"

namespace kiln::app {
namespace {

constexpr double nelo_limit = 200;

// "0,30"
Sprt parse_sprt(const std::string& text) {
    constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
    const std::size_t comma = text.find(',');
    const std::string rest = comma == std::string::npos ? "" : text.substr(comma + 1);
    const double low = parse_real(text.substr(0, comma)).value_or(not_a_number);
    const double high = parse_real(rest).value_or(not_a_number);
    if (!(low >= -nelo_limit && low < high && high <= nelo_limit))
        throw Failure(ExitCode::usage,
                      fmt::format("--sprt: '{}' is not allowed; it takes two normalized Elo, the "
                                  "lower one first, like 0,30, each from -{} to {}",
                                  text, nelo_limit, nelo_limit));
    return {low, high};
}

}  // namespace

const char* const MatchFlags::examples = R"(Examples:
  kiln match --model state/new --model state/old --pairs 500 --depth 4 --exact-from 12
  kiln match --model state/new --model untrained --pairs 100 --json
  kiln match --model state/new --model state/old --pairs 5000 --nodes 2000 --sprt 0,30
A --model is a checkpoint, a state directory (its newest), or the word untrained for a player with
neutral weights (a directory of that name is ./untrained). Scores are those of the first one.
--sprt ends the match as soon as it is decided, at 5 % errors, whether the first model is better by
the second normalized Elo rather than by the first.)";

void MatchFlags::add_to(CLI::App& command) {
    command
        .add_option("--model", models_,
                    "checkpoint, state directory, or untrained; give it twice, once a player")
        ->type_name("PATH");
    command.add_option("--pairs", pairs_, "openings, each played twice, at most 100000 [200]")
        ->type_name("N");
    limits_.add_to(command, 1, "--exact-from,--exact-empties");
    command
        .add_option("--opening-plies", opening_,
                    "random plies before a pair; no two openings are alike [8]")
        ->type_name("PLIES");
    command.add_option("--seed", seed_, "of the openings [1]")->type_name("NUMBER");
    command.add_option("--sprt", sprt_, "end when decided between these normalized Elo")
        ->type_name("LOW,HIGH");
    command.add_option("--workers", workers_, "threads [the CPUs allowed, at most 64]")
        ->type_name("N");
    command.add_option("--memory", memory_, "budget of both models together [600MB]")
        ->type_name("SIZE");
    command.add_flag("--json", json_, "print the result as JSON");
}

MatchOptions MatchFlags::options() const {
    if (models_.size() != 2)
        throw Failure(
            ExitCode::usage,
            fmt::format("match: a match has two players, not {}; give --model twice, each "
                        "time with a checkpoint, a state directory or the word untrained",
                        models_.size()));
    MatchOptions options;
    for (std::size_t player = 0; player < 2; ++player) {
        options.models[player].path = models_[player];
        options.models[player].is_untrained = models_[player] == "untrained";
    }
    options.pairs = whole("--pairs", pairs_, 1, 100'000);
    options.limits = limits_.limits();
    options.opening_plies = static_cast<int>(whole("--opening-plies", opening_, 0, 50));
    options.seed = whole("--seed", seed_, 0, UINT64_MAX);
    if (!sprt_.empty())
        options.sprt = parse_sprt(sprt_);
    if (!workers_.empty())
        options.workers = whole("--workers", workers_, 1, 64);
    const auto memory = parse_bytes(memory_);
    if (!memory || *memory == 0)
        throw Failure(ExitCode::usage,
                      fmt::format("--memory: '{}' is not allowed; it takes a size like 600MB, 2GiB "
                                  "or a number of bytes",
                                  memory_));
    options.memory_bytes = *memory;
    options.json = json_;
    return options;
}

}  // namespace kiln::app

#include "app/flags/debug_flags.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "core/othello/geometry.hpp"

#include "app/flags/whole.hpp"

namespace kiln::app {
namespace {

// One call plays them all, into one block of records.
constexpr std::uint64_t games_limit = 100'000;

constexpr const char* board_examples = R"(Examples:
  kiln debug board
  kiln debug board start --moves f5d6c3)";
constexpr const char* patterns_examples = R"(Examples:
  kiln debug patterns start --moves f5d6 --model state/first
  kiln debug patterns start --model state/first/game-000000020000.ckpt --json)";
constexpr const char* trace_examples = R"(Examples:
  kiln debug trace --model state/first
  kiln debug trace --model state/first/game-000000004000.ckpt --game 4000 --weights)";
constexpr const char* replay_examples = R"(Examples:
  kiln debug replay --model state/first/game-000000004000.ckpt --game 4000 --verify
  kiln debug replay --model state/first --moves f5d6c3d3c4 --verify)";
constexpr const char* updates_examples = R"(Examples:
  kiln debug updates --model state/first/game-000000004000.ckpt --games 32
  kiln debug updates --model state/first/game-000000004000.ckpt --games 4000 \
      --against state/first/game-000000008000.ckpt --threshold 0.4)";
constexpr const char* csv_examples = R"(Examples:
  kiln debug csv --model state/first --touched > weights.csv
  kiln debug csv --model state/first --stage 12 --shape "edge + 2X" > edge.csv
  kiln debug csv --model state/first --games 100 > games.csv)";

}  // namespace

void DebugFlags::add_to(CLI::App& debug) {
    debug.require_subcommand(1);
    const auto add = [&](const char* name, const char* what, const char* examples) {
        auto* command = debug.add_subcommand(name, what);
        command->footer(examples);
        return command;
    };
    const auto add_position = [&](CLI::App& command) {
        command
            .add_option("position", options_.position, "64 cells a1 to h8, side to move [start]")
            ->type_name("TEXT");
        command.add_option("--moves", options_.moves, "played from there, like f5d6c3")
            ->type_name("LIST");
    };
    const auto add_model = [&](CLI::App& command) {
        command
            .add_option("--model", options_.model, "checkpoint, or state directory (its newest)")
            ->type_name("PATH")
            ->required();
    };
    const auto add_game = [&](CLI::App& command) {
        command.add_option("--game", game_, "ticket, counted from 0 [the model's next]")
            ->type_name("TICKET");
    };

    add_position(*add("board", "draw a position, its moves and its stage", board_examples));

    auto* patterns =
        add("patterns", "every pattern of a position with its weight", patterns_examples);
    add_position(*patterns);
    add_model(*patterns);
    patterns->add_flag("--json", options_.json, "print the result as JSON");

    auto* trace = add("trace", "play a game and tell each move, return and error", trace_examples);
    add_model(*trace);
    add_game(*trace);
    trace->add_flag("--weights", options_.weights, "list every weight that an error is charged to");

    auto* replay = add("replay", "play a game, then again from its record", replay_examples);
    add_model(*replay);
    add_game(*replay);
    replay->add_option("--moves", options_.moves, "the record to replay [the game's own]")
        ->type_name("LIST");
    replay->add_flag("--verify", options_.verify, "fail unless both are identical");

    auto* updates =
        add("updates", "learn from the next games and tell every changed weight", updates_examples);
    add_model(*updates);
    updates->add_option("--games", games_, "how many [1]")->type_name("GAMES");
    updates->add_option("--threshold", threshold_, "a larger change is an anomaly [0.5]")
        ->type_name("DISCS");
    updates
        ->add_option("--against", options_.against,
                     "checkpoint of the same run after these games; fails unless identical")
        ->type_name("FILE");

    auto* csv = add("csv", "weights or games as comma-separated values", csv_examples);
    add_model(*csv);
    csv->add_option("--section", section_, "weights or games [weights]")->type_name("NAME");
    csv->add_option("--games", csv_games_, "play the model's next games and list them")
        ->type_name("GAMES");
    csv->add_option("--stage", stage_, "only weights of this stage, 0 to 29")->type_name("STAGE");
    csv->add_option("--shape", options_.shape, "only weights of this shape")->type_name("NAME");
    csv->add_flag("--touched", options_.touched, "only weights that were ever updated");
}

DebugOptions DebugFlags::options(const std::string& action) const {
    DebugOptions options = options_;
    options.action = action == "board"      ? DebugAction::board
                     : action == "patterns" ? DebugAction::patterns
                     : action == "trace"    ? DebugAction::trace
                     : action == "replay"   ? DebugAction::replay
                     : action == "updates"  ? DebugAction::updates
                                            : DebugAction::csv;
    if (!game_.empty())
        options.game = whole("--game", game_, 0, UINT64_MAX);
    options.games = whole("--games", games_, 1, games_limit);
    const auto threshold = parse_real(threshold_);
    if (!threshold || *threshold <= 0 || *threshold > 256)
        throw Failure(ExitCode::usage,
                      fmt::format("--threshold: '{}' is not allowed; it takes discs above 0, at "
                                  "most 256",
                                  threshold_));
    options.threshold_discs = *threshold;
    if (!stage_.empty())
        options.stage = static_cast<int>(whole("--stage", stage_, 0, othello::stage_count - 1));
    if (!section_.empty() && section_ != "weights" && section_ != "games")
        throw Failure(
            ExitCode::usage,
            fmt::format("--section: '{}' is not allowed; it takes weights or games", section_));
    if (section_ == "games" || !csv_games_.empty())
        options.section = CsvSection::games;
    if (!csv_games_.empty()) {
        options.games = whole("--games", csv_games_, 1, games_limit);
        if (section_ == "weights")
            throw Failure(ExitCode::usage, "--games: it goes with --section games, not weights");
    }
    const bool selects_weights = options.stage || !options.shape.empty() || options.touched;
    if (options.section == CsvSection::games && selects_weights)
        throw Failure(ExitCode::usage,
                      "--section games: --stage, --shape and --touched select weights; leave them "
                      "out");
    return options;
}

}  // namespace kiln::app

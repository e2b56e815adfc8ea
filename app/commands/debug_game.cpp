// kiln debug trace, kiln debug replay: one game, move by move.
#include <vector>

#include <fmt/format.h>

#include "core/base/crc32c.hpp"
#include "core/othello/explain.hpp"
#include "core/othello/replay.hpp"

#include "app/commands/debug.hpp"
#include "app/commands/position.hpp"
#include "app/debug_model.hpp"
#include "app/debug_text.hpp"
#include "app/failure.hpp"
#include "app/text.hpp"

namespace kiln::app {
namespace {

using othello::Colour;
using othello::GameRecord;
using othello::GameSummary;
using othello::LearnedStep;
using othello::PlayedMove;

class Notes final : public othello::GameObserver {
  public:
    void on_move(const PlayedMove& move) override { moves.push_back(move); }
    void on_step(const LearnedStep& step) override { steps.push_back(step); }

    std::vector<PlayedMove> moves;
    std::vector<LearnedStep> steps;
};

Colour colour_of(bool is_black) {
    return is_black ? Colour::black : Colour::white;
}

std::string describe_search(const PlayedMove& move) {
    if (move.is_opening)
        return "random opening";
    return fmt::format(
        "{} {}, {} nodes", format_discs(discs(move.search.score)),
        move.search.is_exact ? std::string("exact") : fmt::format("at depth {}", move.search.depth),
        format_count(move.search.nodes));
}

void print_move(std::size_t number, const PlayedMove& move) {
    fmt::print("{:>3} {} {}  {}  {}{}\n", number + 1, move.is_black ? 'X' : 'O',
               othello::square_name(move.move).text,
               position_text({move.board, colour_of(move.is_black)}), describe_search(move),
               move.is_exploratory ? ", exploratory" : "");
}

void print_charged_weights(const DebugModel& model, const LearnedStep& step) {
    othello::LaneView views[othello::lane_capacity];
    const std::size_t count = explain(model.model(), step.charged, views);
    for (const othello::LaneView& view : std::span(views, count)) {
        const AdamSlot& slot = model.slots()[slot_index(model.geometry(), view.place)];
        fmt::print("             {:<12} {:<10}  {} discs, {} updates, gets {}\n",
                   model.geometry().shape(view.place.shape).name,
                   configuration(model.geometry(), view.place.shape, view.configuration),
                   format_discs(discs(view.value)), slot.updates, format_discs(discs(step.error)));
    }
}

void print_step(const DebugModel& model, const PlayedMove& move, const LearnedStep& step,
                bool with_weights) {
    fmt::print("       return {}", format_discs(discs(step.target)));
    if (!step.is_charged) {
        fmt::print("; exploratory, so nothing is charged\n");
        return;
    }
    const bool at_root = step.charged == move.board;
    const Colour side = colour_of(step.is_same_side == move.is_black);
    fmt::print("; error {} charged to {} at stage {}, {} weights, value {}\n",
               format_discs(discs(step.error)), at_root ? "this position" : "the leaf", step.stage,
               model.geometry().lane_count(), format_discs(discs(step.value)));
    if (!at_root)
        fmt::print("          {}\n", position_text({step.charged, side}));
    if (with_weights)
        print_charged_weights(model, step);
}

std::string move_list(const GameRecord& record) {
    std::string list;
    for (std::uint32_t i = 0; i < record.summary.moves; ++i)
        list += othello::square_name(record.moves[i]).text;
    return list;
}

// Of what training takes from a game: its summary, moves, and every error with its features.
std::uint32_t crc_of(const GameRecord& record) {
    const auto bytes = [](const auto& array, std::size_t count) {
        return std::as_bytes(std::span(array).first(count));
    };
    std::uint32_t crc = crc32c(0, std::as_bytes(std::span(&record.summary, 1)));
    crc = crc32c(crc, bytes(record.moves, record.summary.moves));
    crc = crc32c(crc, bytes(record.errors, record.position_count));
    return crc32c(crc, bytes(record.features, record.position_count));
}

void print_heading(const DebugModel& model, std::uint64_t ticket) {
    const RunSettings& settings = model.settings();
    fmt::print(
        "game {} of {} ({} games): seed {}, epsilon {:.4g}, lambda {:.4g}, rate {:.4g} discs\n",
        ticket, model.name(), format_count(model.games()), settings.othello.seed,
        settings.othello.epsilon_at(ticket), settings.othello.lambda,
        settings.othello.learning_rate_at(model.epoch_begin(ticket)));
    const bool is_next = ticket >= model.games() && ticket < model.epoch_end(model.games());
    fmt::print("{}\n", !settings.othello.is_reproducible()
                           ? "the clock decides its searches, so it differs from run to run"
                       : is_next ? "the run plays this game with these weights"
                                 : "the run plays this game with other weights: those before its "
                                   "own epoch");
}

void print_result(const GameRecord& record) {
    const GameSummary& summary = record.summary;
    fmt::print(
        "result {} discs for black (X); {} moves: {} random opening, {} searched, {} solved, "
        "{} exploratory; {} nodes; {} errors\n",
        format_discs(summary.stone_difference), summary.moves, summary.random_plies,
        summary.searched_moves, summary.solved_moves, summary.exploratory_moves,
        format_count(summary.nodes), record.position_count);
    fmt::print("moves {}\nrecord crc32c {:08x}\n", move_list(record), crc_of(record));
}

std::uint64_t ticket_of(const DebugModel& model, const DebugOptions& options) {
    const std::uint64_t ticket = options.game.value_or(model.games());
    model.check_ticket(ticket, options.game ? "--game" : "--game (the model's next)");
    if (model.skipped().contains(ticket))
        throw Failure(ExitCode::usage,
                      fmt::format("--game: the run left ticket {} out, because playing it failed; "
                                  "give another",
                                  ticket));
    return ticket;
}

// A record that says the given moves instead; the rest is the ticket's.
GameRecord with_moves(GameRecord record, const std::string& moves) {
    // Played through, so that complaints are those of every list of moves.
    (void)play_moves(othello::Position(), moves, "--moves");
    std::uint32_t count = 0;
    std::string compact;
    for (const char c : moves)
        if (c != ' ' && c != '\t' && c != '\n')
            compact += c;
    for (std::size_t at = 0; at + 1 < compact.size(); at += 2) {
        const auto square = othello::parse_square(compact.substr(at, 2));
        if (square && count < othello::positions_max)
            record.moves[count++] = square.value();
    }
    record.summary.moves = count;
    record.summary.random_plies = std::min(record.summary.random_plies, count);
    return record;
}

}  // namespace

ExitCode debug_trace(const DebugOptions& options) {
    DebugModel model(options.model, 1);
    const std::uint64_t ticket = ticket_of(model, options);
    Notes notes;
    const GameRecord& record = model.play(ticket, 0, &notes);
    print_heading(model, ticket);
    fmt::print("values, returns and errors in discs, for the player to move\n");
    for (std::size_t i = 0; i < notes.moves.size(); ++i) {
        const PlayedMove& move = notes.moves[i];
        print_move(i, move);
        if (move.step >= 0)
            print_step(model, move, notes.steps[static_cast<std::size_t>(move.step)],
                       options.weights);
    }
    print_result(record);
    return ExitCode::ok;
}

ExitCode debug_replay(const DebugOptions& options) {
    DebugModel model(options.model, 2);
    const std::uint64_t ticket = ticket_of(model, options);
    const GameRecord& original = model.play(ticket, 0, nullptr);
    const GameRecord script =
        options.moves.empty() ? original : with_moves(original, options.moves);
    Notes notes;
    const othello::Replay replay =
        othello::replay_game(model.workload().settings().search_limits_at(ticket),
                             model.workload().searcher(0), model.context(), script, &notes);

    print_heading(model, ticket);
    for (std::size_t i = 0; i < notes.moves.size(); ++i)
        print_move(i, notes.moves[i]);
    print_result(original);
    // Errors and returns follow from the ticket, not from the moves: the game watched must leave
    // the same record as the game unwatched.
    Notes watched;
    const std::uint32_t crc = crc_of(original);
    const bool same_record = crc_of(model.play(ticket, 1, &watched)) == crc;
    if (replay.agrees_with(original) && same_record) {
        fmt::print(
            "replay identical: {} moves, {} nodes, values, depths, table hits and result as "
            "in the game\n",
            replay.summary.moves, format_count(replay.summary.nodes));
        return ExitCode::ok;
    }
    const std::string line = fmt::format(
        "replay differs: {} of {} moves, {} of {} nodes, result {} instead of {}",
        replay.summary.moves, original.summary.moves, format_count(replay.summary.nodes),
        format_count(original.summary.nodes), format_discs(replay.summary.stone_difference),
        format_discs(original.summary.stone_difference));
    if (options.verify)
        throw Failure(options.moves.empty() ? ExitCode::internal : ExitCode::bad_data,
                      fmt::format("{}; --moves and --model must be those of the game", line));
    fmt::print("{}\n", line);
    return ExitCode::ok;
}

}  // namespace kiln::app

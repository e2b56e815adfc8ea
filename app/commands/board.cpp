#include <bit>

#include <fmt/format.h>

#include "core/othello/notation.hpp"
#include "core/othello/score.hpp"

#include "app/commands/commands.hpp"
#include "app/commands/position.hpp"
#include "app/text.hpp"
#include "platform/linux/clock.hpp"

namespace kiln::app {
namespace {

using othello::Colour;
using othello::Position;

const char* name_of(Colour colour) {
    return colour == Colour::black ? "black (X)" : "white (O)";
}

double discs(othello::Score score) {
    return static_cast<double>(score) / othello::score_per_disc;
}

std::string describe_moves(const Position& position) {
    othello::Bits legal = othello::legal_moves(position.board);
    if (othello::is_over(position.board))
        return fmt::format("the game is over: {} for {}",
                           format_discs(othello::final_score(position.board)),
                           name_of(position.to_move));
    if (legal == 0)
        return fmt::format("{} to move: must pass", name_of(position.to_move));
    std::string moves;
    for (; legal != 0; legal &= legal - 1)
        moves += fmt::format(
            " {}",
            othello::square_name(static_cast<othello::Square>(std::countr_zero(legal))).text);
    return fmt::format("{} to move:{}", name_of(position.to_move), moves);
}

void print_search(const Position& position, const BoardOptions& options) {
    PlayingModel model(*options.model, 1, 600'000'000);
    platform::MonotonicClock clock;
    fmt::print("evaluation {} discs for {} ({}, {} games)\n",
               format_discs(discs(model.model().evaluate(position.board))),
               name_of(position.to_move), model.name(), format_count(model.games()));
    if (othello::is_over(position.board))
        return;
    model.searcher(0).table().begin_game();
    const othello::SearchResult found =
        model.searcher(0).search(position.board, options.limits, nullptr, &clock);
    fmt::print("best move {}, {} discs {}, {} nodes\n", othello::square_name(found.move).text,
               format_discs(discs(found.score)),
               found.is_exact ? std::string("exact") : fmt::format("at depth {}", found.depth),
               format_count(found.nodes));
}

}  // namespace

ExitCode run_board(const BoardOptions& options) {
    const Position position =
        play_moves(read_position(options.board, "board"), options.moves, "--moves");
    char buffer[othello::board_picture_bytes];
    fmt::print("{}", othello::draw_board(position, buffer));
    fmt::print("black (X) {}, white (O) {}, empty {}\n",
               std::popcount(position.discs(Colour::black)),
               std::popcount(position.discs(Colour::white)), position.board.empties());
    fmt::print("{}\n", describe_moves(position));
    if (options.model)
        print_search(position, options);
    return ExitCode::ok;
}

}  // namespace kiln::app

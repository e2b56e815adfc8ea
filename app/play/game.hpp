// Game: a game of Othello in the making: where it began, what was played, where it stands.
//
// It may begin anywhere, with either side to move. A player without a move must pass, which is
// play(no_square). A finished game takes passes too, because that is how Go's controllers notice
// that a game is over. Whatever is not legal is refused and changes nothing. One thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/othello/notation.hpp"

namespace kiln::app {

const char* name_of(othello::Colour colour);  // "black", "white"

// "f5", or a pass as the protocols and their users write it: "pass", "pa", "--", in any case.
std::optional<othello::Square> parse_move(std::string_view text);

class Game {
  public:
    explicit Game(const othello::Position& start = othello::Position()) : position_(start) {}

    const othello::Position& position() const { return position_; }
    bool is_over() const { return othello::is_over(position_.board); }
    bool must_pass() const { return othello::legal_moves(position_.board) == 0; }

    // A move of the player to move. False: it is not legal.
    bool play(othello::Square move);
    // A move of `colour`. If it is the other player's turn, who has no move, that pass is implied
    // and belongs to this move. False: it is not legal.
    bool play(othello::Colour colour, othello::Square move);
    // Takes the last move back, with the pass it implied. False: there is none.
    bool undo();

    std::size_t move_count() const { return turns_.size(); }
    // "f5d6--c3": every move, passes that were implied left out.
    std::string moves() const;

    // Black's discs minus white's; the empty squares of a finished game go to the winner.
    int black_lead() const;

  private:
    // More than any game has, 60 moves and as many passes; what is beyond is passes without end.
    static constexpr std::size_t turn_capacity = 192;

    struct Turn {
        othello::Position before;
        othello::Square move;
    };

    othello::Position position_;
    std::vector<Turn> turns_;
};

}  // namespace kiln::app

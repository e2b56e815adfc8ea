// Board: an Othello position as two 64-bit words, the side to move first.
//
// Square numbering: a1 = bit 0, b1 = bit 1, ... h8 = bit 63. Nothing here knows colours: a position
// is always seen by the player to move, and playing a move hands the position to the other player.
// Functions are pure and thread-safe. Legal moves and flips exist twice: the ones here are
// vectorised (moves-inl.hpp), their twins in `scalar` walk the board square by square and are the
// specification.
#pragma once

#include <bit>
#include <cstdint>

namespace kiln::othello {

using Bits = std::uint64_t;
using Square = std::uint8_t;  // 0 .. 63, or a value below

constexpr Square no_square = 64;
constexpr int square_count = 64;

struct Board {
    Bits own = 0;       // discs of the player to move
    Bits opponent = 0;  // discs of the other player

    bool operator==(const Board&) const = default;
    Bits occupied() const { return own | opponent; }
    Bits empty() const { return ~(own | opponent); }
    int discs() const { return std::popcount(own | opponent); }
    int empties() const { return square_count - discs(); }
};

constexpr Bits bit(int square) {
    return Bits{1} << square;
}

// Black to move: black on d5 and e4, white on d4 and e5.
constexpr Board start_board() {
    return {bit(28) | bit(35), bit(27) | bit(36)};
}

// Every square the player to move may play.
Bits legal_moves(Board board);

// The discs that turn when the player to move plays on an empty square; 0 means the move is
// illegal.
Bits flips(Board board, int square);

// The position after a legal move whose flips are known, seen by the other player.
constexpr Board after_move(Board board, int square, Bits flipped) {
    return {board.opponent ^ flipped, board.own ^ (flipped | bit(square))};
}

constexpr Board after_pass(Board board) {
    return {board.opponent, board.own};
}

// Neither player has a move.
bool is_over(Board board);

// Whether the player to move can take the opponent's last discs with one move. Only looked for when
// few are left, which is when it happens: cheap enough for every leaf of a search.
constexpr int wipe_out_discs_max = 6;
bool can_wipe_out(Board board);

// Own discs minus opponent discs; the empty squares of a finished game go to the winner.
int final_score(Board board);

namespace scalar {
Bits legal_moves(Board board);
Bits flips(Board board, int square);
}  // namespace scalar

}  // namespace kiln::othello

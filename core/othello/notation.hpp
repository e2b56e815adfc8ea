// Notation: squares, positions and move lists as text, and a board drawn in ASCII.
//
// The rest of core knows no colours; text does. A Position says which colour is to move, and this
// is the only place in core that does. What is wrong in a text is reported with the position,
// counted from 0, of the first character that cannot be right: bad_notation, illegal_move or, when
// the text ends too early, bad_notation at its end. Pure functions, no memory but the caller's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/base/result.hpp"
#include "core/othello/board.hpp"

namespace kiln::othello {

enum class Colour : std::uint8_t { black, white };

constexpr Colour other(Colour colour) {
    return colour == Colour::black ? Colour::white : Colour::black;
}

struct Position {
    Board board = start_board();  // the player to move first, whatever the colour
    Colour to_move = Colour::black;

    bool operator==(const Position&) const = default;
    Bits discs(Colour colour) const { return colour == to_move ? board.own : board.opponent; }
};

struct SquareName {
    char text[3] = {};  // "f5", with its zero
};

// no_square is written as the pass "--".
SquareName square_name(Square square);

// "f5" or "F5". Nothing may follow.
Result<Square> parse_square(std::string_view text);

// "start", or 64 cells a1, b1, ... h8 and then, if given, the colour to move (else black).
// Black: X * B. White: O W. Empty: - . _ and nothing else. Blanks and line ends count for nothing,
// capital and small letters are the same. The colour to move: X, B, * or O, W.
Result<Position> parse_position(std::string_view text);

// Plays a list of moves: "f5d6c3", blanks between them or not. A pass is "pa" or "--"; one that is
// forced may be left out.
Result<Position> play_moves(Position position, std::string_view moves);

// The board with its coordinates; '.' marks a legal move of the player to move, '-' an empty
// square. The picture without its coordinates is a position again.
constexpr std::size_t board_picture_bytes = 210;  // ten lines of at most 21
std::string_view draw_board(const Position& position, std::span<char, board_picture_bytes> buffer);

}  // namespace kiln::othello

// Discs that can never turn again, and the bound they put on a result.
//
// A disc is stable if in each of the four directions its line is full, or it has on one side the
// edge or a stable disc of its own colour. Found by repetition from the corners; not every stable
// disc is found, and none that is not stable is. Pure functions.
#pragma once

#include "core/othello/board.hpp"

namespace kiln::othello {

// Of the discs `own` of a board with those squares occupied.
Bits stable_discs(Bits own, Bits occupied);

// The result of the player to move cannot be more, in discs.
inline int stability_bound(Board board) {
    return square_count - 2 * std::popcount(stable_discs(board.opponent, board.occupied()));
}

}  // namespace kiln::othello

// Positions to measure on: reached by random moves from numbered streams, so the same everywhere.
#pragma once

#include <cstdint>
#include <vector>

#include "core/othello/board.hpp"

namespace kiln::perf {

// The first `count` positions after that many random plies; games that end before are drawn again.
std::vector<othello::Board> random_positions(int count, int plies);

// The same by empty squares.
inline std::vector<othello::Board> random_positions_with(int count, int empties) {
    return random_positions(count, othello::square_count - 4 - empties);
}

}  // namespace kiln::perf

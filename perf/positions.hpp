// Positions to measure on, the same everywhere.
#pragma once

#include <cstdint>
#include <vector>

#include "core/othello/board.hpp"

namespace kiln::perf {

// Reached by random moves from numbered streams: the first `count` positions after that many random
// plies; games that end before are drawn again.
std::vector<othello::Board> random_positions(int count, int plies);

// The same by empty squares.
inline std::vector<othello::Board> random_positions_with(int count, int empties) {
    return random_positions(count, othello::square_count - 4 - empties);
}

// 32 positions with 20 empty squares from games that began even.
std::vector<othello::Board> even_positions();

}  // namespace kiln::perf

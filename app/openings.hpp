// Openings of a match: random, and none like another.
//
// Two openings are alike if rotating or reflecting the board makes one the other: both would be
// played in the same way, and what looks like two pairs would be one counted twice.
#pragma once

#include <cstdint>
#include <vector>

#include "core/othello/match.hpp"

namespace kiln::app {

// So many openings of so many random plies. The first ones are the same however many are asked
// for. Throws usage where there are not enough of that length.
std::vector<othello::Opening> draw_openings(std::uint64_t seed, int plies, std::uint64_t count);

}  // namespace kiln::app

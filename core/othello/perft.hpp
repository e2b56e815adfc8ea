// Perft: counts the leaves of the game tree, the customary test of a move generator.
//
// Convention: a pass takes one ply, and a finished game is one leaf wherever it stops.
#pragma once

#include <cstdint>

#include "core/othello/board.hpp"

namespace kiln::othello {

// depth: 0 .. 60. The last ply is counted in bulk, without playing its moves.
std::uint64_t perft(Board board, int depth);

}  // namespace kiln::othello

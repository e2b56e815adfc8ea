// Score: one scale for evaluations, search values and results: 1/256 disc, for the player to move.
#pragma once

#include <cstdint>

namespace kiln::othello {

using Score = std::int32_t;

constexpr Score score_per_disc = 256;
constexpr Score score_max = 64 * score_per_disc;  // a won game with all discs
constexpr Score heuristic_max = score_max - 1;    // estimates never claim a certain 64 discs
constexpr Score score_infinite = score_max + 1;   // beyond every value; fits 16 bits

constexpr Score clamp_heuristic(Score score) {
    return score > heuristic_max ? heuristic_max : score < -heuristic_max ? -heuristic_max : score;
}

}  // namespace kiln::othello

// Reachable: which weights a game can visit at all.
//
// A share of weights is only worth reporting with the right denominator, and many configurations
// occur at no stage or at few. What is counted out here is only what follows from these facts:
//
//   - the four central squares are never empty;
//   - every disc was placed beside another, so that a disc k rings away from the centre (0: the
//     central squares) is joined to it by discs in each of the rings between;
//   - n discs leave 64 - n squares empty, those that a pattern does not see included;
//   - learning visits positions that are not over, in which both players have discs.
//
// So what is called reachable is an upper bound: much of it occurs in no game, or in no game worth
// playing.
#pragma once

#include <cstdint>

#include "core/othello/geometry.hpp"

namespace kiln::othello {

// The numbers of discs on the board with which a configuration of a shape may occur: low to high,
// none if high < low.
struct DiscRange {
    int low = 0;
    int high = -1;
};
DiscRange reachable_discs(const Geometry& geometry, int shape, std::uint32_t configuration);

// Whether the configuration may occur at the stage.
bool is_reachable(const Geometry& geometry, int shape, std::uint32_t configuration, int stage);

// Learning slots, of all stages, that may be visited. Takes milliseconds.
std::uint64_t reachable_slots(const Geometry& geometry);

}  // namespace kiln::othello

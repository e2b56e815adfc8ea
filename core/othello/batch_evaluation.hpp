// Static values of many positions at once: what Model::evaluate() gives for each, sooner.
//
// Position after position, most of the time is waiting for weights: sixty places in tables that are
// larger than any cache. Here the positions of one stage come together, so that its tables stay
// near, and the weights of several positions are asked for before the first of them is added up.
// Allocates nothing. Thread-safe while nobody writes the weights.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/othello/evaluator.hpp"

namespace kiln::othello {

// Positions that are put in order together.
constexpr std::size_t batch_positions_max = 32'768;

// order: scratch. CHECK: all three are of one length, at most batch_positions_max.
void evaluate_batch(const Model& model, std::span<const Board> boards,
                    std::span<std::uint16_t> order, std::span<Score> scores);

}  // namespace kiln::othello

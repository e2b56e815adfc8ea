// Which weights of a router are kept: the largest of each of the cell's matrices.
//
// Kusupati et al., section 3.2.2 (the matrices W and U, or their factors; the head stays dense).
// Exactly round(keep * size) weights are kept; of equal ones the first.
#pragma once

#include <cstdint>
#include <span>

#include "core/router/shape.hpp"

namespace kiln::router {

bool is_pruned(TensorId id);

// Numbers of scratch that choose_support() needs.
std::size_t pruning_scratch(const Layout& layout);

// support becomes 1 for each parameter that is kept and 0 for each that is not.
void choose_support(const Layout& layout, double keep, std::span<const float> parameters,
                    std::span<float> scratch, std::span<std::uint8_t> support);

// Zeroes what is outside.
void apply_support(std::span<const std::uint8_t> support, std::span<float> parameters);

}  // namespace kiln::router

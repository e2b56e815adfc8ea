// The weights a router begins with.
#pragma once

#include <cstdint>
#include <span>

#include "core/router/settings.hpp"

namespace kiln::router {

void set_initial_weights(const Shape& shape, const InitialSettings& settings, std::uint64_t seed,
                         std::span<float> parameters);

}  // namespace kiln::router

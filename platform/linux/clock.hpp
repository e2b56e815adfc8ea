// MonotonicClock: the Clock port over CLOCK_MONOTONIC, which no change of the wall clock moves.
#pragma once

#include "core/port/clock.hpp"

namespace kiln::platform {

class MonotonicClock final : public Clock {
  public:
    std::uint64_t now_ns() override;
};

}  // namespace kiln::platform

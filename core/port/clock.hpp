// Port: time, for search limits and measured durations. Never for anything that training depends
// on.
#pragma once

#include <cstdint>

namespace kiln {

class Clock {
  public:
    // Monotonic nanoseconds from an arbitrary start. Thread-safe.
    virtual std::uint64_t now_ns() = 0;

  protected:
    ~Clock() = default;
};

}  // namespace kiln

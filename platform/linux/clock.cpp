#include "platform/linux/clock.hpp"

#include <time.h>

#include "core/base/check.hpp"

namespace kiln::platform {

std::uint64_t MonotonicClock::now_ns() {
    timespec now{};
    CHECK(::clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u +
           static_cast<std::uint64_t>(now.tv_nsec);
}

}  // namespace kiln::platform

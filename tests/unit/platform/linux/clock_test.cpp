#include "platform/linux/clock.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

namespace kiln::platform {
namespace {

TEST(MonotonicClock, never_goes_back_and_goes_on) {
    MonotonicClock clock;
    const std::uint64_t start = clock.now_ns();
    std::uint64_t before = start;
    for (int i = 0; i < 1'000; ++i) {
        const std::uint64_t now = clock.now_ns();
        ASSERT_GE(now, before);
        before = now;
    }
    ::usleep(2'000);
    EXPECT_GE(clock.now_ns() - start, 2'000'000u);
}

}  // namespace
}  // namespace kiln::platform

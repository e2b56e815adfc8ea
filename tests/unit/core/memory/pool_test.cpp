#include "core/memory/pool.hpp"

#include <gtest/gtest.h>

#include "tests/support/check_death.hpp"

namespace kiln {
namespace {

TEST(Pool, has_as_many_slots_as_fit_whole) {
    std::byte region[1000];
    Pool pool;
    EXPECT_EQ(pool.capacity(), 0u);
    pool.bind(region, 64);
    EXPECT_EQ(pool.capacity(), 15u);
    EXPECT_EQ(pool.used(), 0u);
}

TEST(Pool, slots_lie_one_after_another_and_do_not_overlap) {
    std::byte region[640];
    Pool pool;
    pool.bind(region, 64);
    pool.take(10);
    for (std::size_t i = 0; i < 10; ++i) {
        EXPECT_EQ(pool.slot(i).data(), region + 64 * i);
        EXPECT_EQ(pool.slot(i).size(), 64u);
    }
}

TEST(Pool, counts_what_is_used_and_what_was_used_most) {
    std::byte region[640];
    Pool pool;
    pool.bind(region, 64);
    for (const std::size_t count : {3u, 8u, 2u}) {
        pool.take(count);
        EXPECT_EQ(pool.used(), count);
        pool.clear();
        EXPECT_EQ(pool.used(), 0u);
    }
    EXPECT_EQ(pool.peak(), 8u);
}

TEST(Pool, misuse_is_a_programmer_error) {
    std::byte region[640];
    Pool pool;
    pool.bind(region, 64);
    EXPECT_CHECK_FAILS(pool.take(11), ".*count <= capacity\\(\\)");
    pool.take(1);
    EXPECT_CHECK_FAILS(pool.take(1), "used_ == 0.*");
    EXPECT_CHECK_FAILS(pool.bind(region, 0), "slot_bytes > 0");
}

}  // namespace
}  // namespace kiln

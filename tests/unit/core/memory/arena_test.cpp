#include "core/memory/arena.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/support/check_death.hpp"

namespace kiln {
namespace {

alignas(4096) std::byte block[64 * 1024];

Plan example() {
    RegionList requests;
    requests.add("bytes", "test", 1'000);
    requests.add("numbers", "test", 8 * 100 + 5, 4096);
    requests.add_outside("code", "test", 5'000);
    requests.add_shrinkable("table", "test", 40'000, 64, 64);
    return plan_budget(requests, 60'000);
}

TEST(Arena, hands_out_each_region_where_the_plan_put_it) {
    const Plan plan = example();
    Arena arena(block, plan);
    for (const char* name : {"bytes", "numbers", "table"}) {
        const Region& region = *plan.regions.find(name);
        const std::span<std::byte> taken = arena.take(name);
        EXPECT_EQ(taken.data(), block + region.offset) << name;
        EXPECT_EQ(taken.size(), region.bytes) << name;
    }
    EXPECT_FALSE(arena.is_sealed());
    arena.seal();
    EXPECT_TRUE(arena.is_sealed());
    EXPECT_EQ(arena.plan().planned_bytes, plan.planned_bytes);
}

TEST(Arena, hands_out_elements_and_leaves_out_a_tail_too_short_for_one) {
    Arena arena(block, example());
    const std::span<std::uint64_t> numbers = arena.take_as<std::uint64_t>("numbers");
    EXPECT_EQ(numbers.size(), 100u);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(numbers.data()) % 4096, 0u);
    std::fill(numbers.begin(), numbers.end(), 7u);
    EXPECT_EQ(numbers.back(), 7u);
}

TEST(Arena, taking_wrongly_is_a_programmer_error) {
    Arena arena(block, example());
    (void)arena.take("bytes");
    EXPECT_CHECK_FAILS((void)arena.take("bytes"), "!taken");
    EXPECT_CHECK_FAILS((void)arena.take("unplanned"), "region != nullptr");
    EXPECT_CHECK_FAILS((void)arena.take("code"), "region->in_arena");
}

TEST(Arena, sealing_before_all_is_taken_is_a_programmer_error) {
    Arena arena(block, example());
    (void)arena.take("bytes");
    (void)arena.take("numbers");
    EXPECT_CHECK_FAILS(arena.seal(), "taken_.*");
}

TEST(Arena, nothing_can_be_taken_after_the_seal) {
    Arena arena(block, plan_budget(RegionList{}, 0));
    arena.seal();
    EXPECT_CHECK_FAILS((void)arena.take("bytes"), "!sealed_");
    EXPECT_CHECK_FAILS(arena.seal(), "!sealed_");
}

TEST(Arena, needs_a_plan_that_fits_and_a_block_that_holds_it) {
    const Plan plan = example();
    EXPECT_CHECK_FAILS(Arena(std::span(block).first(plan.arena_bytes - 1), plan),
                       "block.size\\(\\) >= plan.arena_bytes");
    EXPECT_CHECK_FAILS(Arena(std::span(block).subspan(64), plan), ".*block_alignment == 0");
    EXPECT_CHECK_FAILS(Arena(block, plan_budget(plan.regions, 10)), "plan.fits");
}

}  // namespace
}  // namespace kiln

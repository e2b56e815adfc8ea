#include "core/memory/budget.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/base/random.hpp"

#include "tests/support/check_death.hpp"

namespace kiln {
namespace {

constexpr std::uint64_t page_bytes = 4096;
constexpr std::uint64_t mib = 1u << 20;

std::uint64_t align_up(std::uint64_t value, std::uint64_t alignment) {
    return (value + alignment - 1) / alignment * alignment;
}

// What the smallest plan needs, worked out without the planner.
std::uint64_t floors_bytes(const RegionList& requests) {
    std::uint64_t end = 0;
    std::uint64_t outside = 0;
    for (const Region& region : requests.all()) {
        if (region.in_arena)
            end = align_up(end, region.alignment) + region.floor_bytes;
        else
            outside += region.bytes;
    }
    return align_up(end, page_bytes) + outside;
}

RegionList example() {
    RegionList requests;
    requests.add("weights", "othello", 57 * mib, 2 * mib);
    requests.add_shrinkable("table", "search", 256 * mib, 16 * mib, 64);
    requests.add("records", "session", 100'000);
    requests.add_outside("code", "process", 8 * mib);
    return requests;
}

TEST(Budget, grants_everything_when_there_is_room) {
    const Plan plan = plan_budget(example(), 600'000'000);
    ASSERT_TRUE(plan.fits);
    EXPECT_EQ(plan.budget_bytes, 600'000'000u);
    EXPECT_EQ(plan.regions.find("weights")->bytes, 57 * mib);
    EXPECT_EQ(plan.regions.find("table")->bytes, 256 * mib);
    EXPECT_EQ(plan.regions.find("table")->offset, 57 * mib);
    EXPECT_EQ(plan.regions.find("records")->offset, 313 * mib);
    EXPECT_EQ(plan.regions.find("code")->bytes, 8 * mib);
    EXPECT_EQ(plan.regions.find("nothing"), nullptr);
    EXPECT_EQ(plan.arena_bytes, 313 * mib + align_up(100'000, page_bytes));
    EXPECT_EQ(plan.planned_bytes, plan.arena_bytes + 8 * mib);
    EXPECT_EQ(plan.padding_bytes, align_up(100'000, page_bytes) - 100'000);
}

TEST(Budget, shrinks_only_what_may_shrink_and_wastes_nothing) {
    const Plan plan = plan_budget(example(), 200'000'000);
    ASSERT_TRUE(plan.fits);
    EXPECT_EQ(plan.regions.find("weights")->bytes, 57 * mib);
    EXPECT_EQ(plan.regions.find("records")->bytes, 100'000u);
    const std::uint64_t table_bytes = plan.regions.find("table")->bytes;
    EXPECT_EQ(table_bytes % 64, 0u);
    EXPECT_LE(plan.planned_bytes, 200'000'000u);
    EXPECT_GT(plan.planned_bytes, 200'000'000u - page_bytes);
}

TEST(Budget, refuses_with_the_floors_and_the_smallest_sum_that_would_do) {
    const RegionList requests = example();
    const Plan refused = plan_budget(requests, 64 * mib);
    EXPECT_FALSE(refused.fits);
    EXPECT_EQ(refused.minimum_bytes, floors_bytes(requests));
    EXPECT_EQ(refused.planned_bytes, refused.minimum_bytes);
    EXPECT_EQ(refused.regions.find("table")->bytes, 16 * mib);
    EXPECT_TRUE(plan_budget(requests, refused.minimum_bytes).fits);
    EXPECT_FALSE(plan_budget(requests, refused.minimum_bytes - 1).fits);
}

TEST(Budget, shrinks_several_regions_in_proportion_to_what_each_can_give) {
    RegionList requests;
    requests.add_shrinkable("large", "a", 300 * mib, 100 * mib, 64);
    requests.add_shrinkable("small", "b", 60 * mib, 20 * mib, 64);
    const Plan plan = plan_budget(requests, 240 * mib);  // half of what both can give
    ASSERT_TRUE(plan.fits);
    EXPECT_NEAR(static_cast<double>(plan.regions.find("large")->bytes), 200.0 * mib, 8192.0);
    EXPECT_NEAR(static_cast<double>(plan.regions.find("small")->bytes), 40.0 * mib, 8192.0);
}

TEST(Budget, an_empty_list_fits_into_nothing) {
    const Plan plan = plan_budget(RegionList{}, 0);
    EXPECT_TRUE(plan.fits);
    EXPECT_EQ(plan.planned_bytes, 0u);
    EXPECT_EQ(plan.minimum_bytes, 0u);
}

TEST(Budget, sums_beyond_all_numbers_are_refused_and_do_not_wrap_round) {
    constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();
    for (const std::uint64_t budget : {std::uint64_t{600'000'000}, unlimited}) {
        RegionList requests;
        requests.add("half", "a", unlimited / 2 + 1);
        requests.add("other half", "b", unlimited / 2 + 1, 2 * mib);
        requests.add("little", "c", 100, 2 * mib);
        EXPECT_FALSE(plan_budget(requests, budget).fits);

        RegionList outside;
        outside.add("little", "a", 100);
        outside.add_outside("all", "b", unlimited - 50);
        EXPECT_FALSE(plan_budget(outside, budget).fits);
    }
}

TEST(Budget, a_region_that_asks_for_too_much_shrinks_to_any_budget) {
    RegionList requests;
    requests.add_shrinkable("table", "a", std::numeric_limits<std::uint64_t>::max() - mib, mib, 64);
    const Plan plan = plan_budget(requests, 600'000'000);
    ASSERT_TRUE(plan.fits);
    EXPECT_LE(plan.planned_bytes, 600'000'000u);
    EXPECT_GT(plan.planned_bytes, 590'000'000u);
}

RegionList random_requests(RandomStream& stream, const std::vector<std::string>& names) {
    RegionList requests;
    const std::uint64_t count = stream.below(names.size() + 1);
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint64_t bytes = stream.below(std::uint64_t{1} << (4 + stream.below(24)));
        const std::uint64_t alignment = std::uint64_t{1} << stream.below(22);
        switch (stream.below(4)) {
            case 0:
                requests.add_outside(names[i].c_str(), "test", bytes);
                break;
            case 1:
                requests.add_shrinkable(names[i].c_str(), "test", bytes, stream.below(bytes + 1),
                                        alignment);
                break;
            default:
                requests.add(names[i].c_str(), "test", bytes, alignment);
                break;
        }
    }
    return requests;
}

void expect_sound(const RegionList& requests, const Plan& plan, std::uint64_t budget) {
    ASSERT_EQ(plan.minimum_bytes, floors_bytes(requests));
    ASSERT_EQ(plan.fits, budget >= plan.minimum_bytes);
    ASSERT_TRUE(!plan.fits || plan.planned_bytes <= budget);
    ASSERT_EQ(plan.regions.all().size(), requests.all().size());

    std::uint64_t end = 0;
    std::uint64_t sum = plan.padding_bytes;
    for (std::size_t i = 0; i < requests.all().size(); ++i) {
        const Region& asked = requests.all()[i];
        const Region& granted = plan.regions.all()[i];
        ASSERT_STREQ(granted.name, asked.name);
        ASSERT_GE(granted.bytes, asked.floor_bytes);
        ASSERT_LE(granted.bytes, asked.bytes);
        ASSERT_TRUE(granted.bytes == asked.bytes || granted.bytes == asked.floor_bytes ||
                    granted.bytes % asked.alignment == 0);
        sum += granted.bytes;
        if (!asked.in_arena)
            continue;
        ASSERT_EQ(granted.offset % asked.alignment, 0u);
        ASSERT_GE(granted.offset, end);
        end = granted.offset + granted.bytes;
    }
    ASSERT_LE(end, plan.arena_bytes);
    ASSERT_EQ(plan.arena_bytes % page_bytes, 0u);
    ASSERT_EQ(sum, plan.planned_bytes);
}

TEST(Budget, every_plan_for_random_requests_is_sound) {
    std::vector<std::string> names;
    for (int i = 0; i < 48; ++i)
        names.push_back("region " + std::to_string(i));
    for (std::uint64_t seed = 0; seed < 1'000; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        RandomStream stream(seed, StreamPurpose::position, 0);
        const RegionList requests = random_requests(stream, names);
        const std::uint64_t minimum = floors_bytes(requests);
        const std::uint64_t budgets[] = {0, minimum, minimum == 0 ? 0 : minimum - 1,
                                         minimum + stream.below(64 * mib),
                                         std::numeric_limits<std::uint64_t>::max()};
        for (const std::uint64_t budget : budgets)
            ASSERT_NO_FATAL_FAILURE(expect_sound(requests, plan_budget(requests, budget), budget));
    }
}

TEST(Budget, a_larger_budget_never_grants_less) {
    RegionList requests = example();
    requests.add_shrinkable("second table", "test", 40 * mib, 3 * mib, 2 * mib);
    std::uint64_t before = 0;
    for (std::uint64_t budget = 90 * mib; budget < 500 * mib; budget += 1'234'567) {
        const std::uint64_t table = plan_budget(requests, budget).regions.find("table")->bytes;
        ASSERT_GE(table, before) << budget;
        before = table;
    }
}

TEST(Budget, malformed_requests_are_programmer_errors) {
    RegionList requests;
    requests.add("one", "test", 100);
    EXPECT_CHECK_FAILS(requests.add("one", "test", 100), ".*find\\(region.name\\) == nullptr");
    EXPECT_CHECK_FAILS(requests.add("", "test", 100), "region.name.*");
    EXPECT_CHECK_FAILS(requests.add("two", "test", 100, 24), ".*has_single_bit.*");
    EXPECT_CHECK_FAILS(requests.add_shrinkable("two", "test", 100, 200, 64),
                       "region.floor_bytes <= region.bytes");
    EXPECT_CHECK_FAILS(
        {
            std::vector<std::string> names;
            for (int i = 0; i < 49; ++i)
                names.push_back(std::to_string(i));
            RegionList full;
            for (const std::string& name : names)
                full.add(name.c_str(), "test", 1);
        },
        "count_ < capacity");
}

}  // namespace
}  // namespace kiln

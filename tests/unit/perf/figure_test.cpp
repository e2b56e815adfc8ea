#include "perf/figure.hpp"

#include <gtest/gtest.h>

namespace kiln::perf {
namespace {

TEST(Figure, the_median_is_the_middle_sample_or_the_mean_of_the_two) {
    EXPECT_EQ((Figure{"", "", higher(), {9, 1, 5}}).median(), 5);
    EXPECT_EQ((Figure{"", "", higher(), {9, 1, 5, 3}}).median(), 4);
    EXPECT_EQ((Figure{"", "", higher(), {7}}).median(), 7);
}

TEST(Figure, meets_its_target_by_the_median_in_the_direction_of_its_goal) {
    const std::vector<double> samples = {1, 10, 100};
    EXPECT_TRUE((Figure{"", "", at_least(10), samples}).is_met());
    EXPECT_FALSE((Figure{"", "", at_least(11), samples}).is_met());
    EXPECT_TRUE((Figure{"", "", at_most(10), samples}).is_met());
    EXPECT_FALSE((Figure{"", "", at_most(9), samples}).is_met());
    EXPECT_TRUE((Figure{"", "", higher(), samples}).is_met());
}

TEST(Breakdown, the_bottleneck_is_the_largest_share_that_is_not_other_programs) {
    const Breakdown breakdown = {
        "", 2, 1, {{"searching", 0.2}, {"solving", 0.3}, {"others", 0.5, false}}};
    EXPECT_EQ(breakdown.bottleneck().name, "solving");
}

}  // namespace
}  // namespace kiln::perf

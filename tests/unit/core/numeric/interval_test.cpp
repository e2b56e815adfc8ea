#include "core/numeric/interval.hpp"

#include <gtest/gtest.h>

namespace kiln {
namespace {

TEST(WilsonInterval, matches_the_published_vectors) {
    struct Vector {
        double score;
        std::uint64_t games;
        double lower;
        double upper;
    };
    for (const Vector& expected : {Vector{85, 100, .7672, .9069}, Vector{97, 100, .9155, .9897},
                                   Vector{55, 100, .4524, .6439}, Vector{116, 200, .5107, .6463},
                                   Vector{30, 50, .4618, .7239}}) {
        const Interval interval = wilson_interval(expected.score, expected.games);
        EXPECT_NEAR(interval.lower, expected.lower, 5e-5) << expected.score;
        EXPECT_NEAR(interval.upper, expected.upper, 5e-5) << expected.score;
    }
}

TEST(WilsonInterval, without_games_says_nothing) {
    EXPECT_EQ(wilson_interval(0, 0).lower, 0);
    EXPECT_EQ(wilson_interval(0, 0).upper, 1);
}

TEST(WilsonInterval, stays_within_0_and_1_and_never_claims_certainty) {
    const Interval none = wilson_interval(0, 400);
    EXPECT_NEAR(none.lower, 0, 1e-12);
    EXPECT_GE(none.lower, 0);
    EXPECT_NEAR(none.upper, 3.8415 / (400 + 3.8415), 1e-4);  // z^2 / (n + z^2)
    const Interval all = wilson_interval(400, 400);
    EXPECT_LE(all.upper, 1);
    EXPECT_NEAR(all.lower, 1 - none.upper, 1e-12);
}

TEST(WilsonInterval, a_draw_counts_half_and_more_games_narrow_it) {
    const Interval few = wilson_interval(10.5, 21);
    const Interval many = wilson_interval(1'050, 2'100);
    EXPECT_NEAR(few.lower + few.upper, 1, 1e-12);
    EXPECT_LT(many.upper - many.lower, few.upper - few.lower);
}

}  // namespace
}  // namespace kiln

#include "core/numeric/moments.hpp"

#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "core/base/random.hpp"

namespace kiln {
namespace {

double mean_of(const std::vector<int>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double variance_of(const std::vector<int>& values) {
    const double mean = mean_of(values);
    double sum = 0;
    for (const int value : values)
        sum += (value - mean) * (value - mean);
    return sum / static_cast<double>(values.size());
}

Moments moments_of(const std::vector<int>& values) {
    Moments moments;
    for (const int value : values)
        moments.add(value);
    return moments;
}

TEST(Moments, of_a_few_values_are_what_they_are_by_hand) {
    const Moments moments = moments_of({-2, 0, 0, 6});
    EXPECT_EQ(moments.count, 4u);
    EXPECT_EQ(moments.mean(), 1);
    EXPECT_EQ(moments.variance(), 9);  // (9 + 1 + 1 + 25) / 4
    EXPECT_EQ(moments.deviation(), 3);
}

TEST(Moments, of_nothing_and_of_one_value_do_not_deviate) {
    EXPECT_EQ(Moments().mean(), 0);
    EXPECT_EQ(Moments().deviation(), 0);
    EXPECT_EQ(moments_of({-64}).mean(), -64);
    EXPECT_EQ(moments_of({-64}).deviation(), 0);
}

TEST(Moments, of_two_parts_are_those_of_the_whole) {
    Moments parts = moments_of({1, 2, 3});
    parts.add(moments_of({-50, 4}));
    const Moments whole = moments_of({1, 2, 3, -50, 4});
    EXPECT_EQ(parts.count, whole.count);
    EXPECT_EQ(parts.mean(), whole.mean());
    EXPECT_EQ(parts.variance(), whole.variance());
}

TEST(RollingMoments, are_at_every_step_those_of_the_newest_values) {
    RandomStream random(7, StreamPurpose::position, 0);
    RollingMoments<std::int8_t, 50> rolling;
    std::vector<int> all;
    for (int i = 0; i < 400; ++i) {
        all.push_back(static_cast<int>(random.below(129)) - 64);
        rolling.add(static_cast<std::int8_t>(all.back()));
        const std::vector<int> newest(all.size() <= 50 ? all.begin() : all.end() - 50, all.end());
        ASSERT_EQ(rolling.moments.count, newest.size());
        ASSERT_NEAR(rolling.moments.mean(), mean_of(newest), 1e-9);
        ASSERT_NEAR(rolling.moments.variance(), variance_of(newest), 1e-9);
        std::uint64_t positive = 0;
        std::uint64_t negative = 0;
        for (const int value : newest) {
            positive += value > 0;
            negative += value < 0;
        }
        ASSERT_EQ(rolling.positive, positive);
        ASSERT_EQ(rolling.negative, negative);
    }
}

TEST(NormalDistance, takes_in_both_mean_and_deviation) {
    const Moments one = moments_of({-1, 1});
    EXPECT_EQ(normal_distance(one, one), 0);
    EXPECT_EQ(normal_distance(one, moments_of({4, 6})), 5);   // moved by 5
    EXPECT_EQ(normal_distance(one, moments_of({-3, 3})), 2);  // spread by 2
    EXPECT_EQ(normal_distance(one, moments_of({-2, 8})), 5);  // moved by 3, spread by 4
    EXPECT_EQ(normal_distance(moments_of({-2, 8}), one), 5);
}

}  // namespace
}  // namespace kiln

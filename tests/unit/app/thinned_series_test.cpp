#include "app/thinned_series.hpp"

#include <gtest/gtest.h>

namespace kiln::app {
namespace {

struct Sum {
    std::uint64_t games = 0;
    std::uint64_t samples = 1;
    double value = 0;

    void absorb(const Sum& later) { value += later.value; }
};

ThinnedSeries<Sum> series_of(std::uint64_t samples, std::size_t points_max) {
    ThinnedSeries<Sum> series(points_max);
    for (std::uint64_t games = 1; games <= samples; ++games)
        series.add({games, 1, 1.0});
    return series;
}

TEST(ThinnedSeries, few_samples_stay_as_they_are) {
    const ThinnedSeries<Sum> series = series_of(8, 8);
    ASSERT_EQ(series.points().size(), 8u);
    EXPECT_EQ(series.points()[3].games, 4u);
    EXPECT_EQ(series.points()[3].samples, 1u);
}

TEST(ThinnedSeries, a_million_samples_are_as_fine_early_as_late) {
    const ThinnedSeries<Sum> series = series_of(1'000'000, 64);
    ASSERT_LE(series.points().size(), 64u);
    ASSERT_GE(series.points().size(), 32u);
    std::uint64_t games = 0;
    for (const Sum& point : series.points()) {
        // Each stands for as many samples as the first, but for the newest.
        if (&point != &series.points().back()) {
            EXPECT_EQ(point.samples, series.stride());
        }
        games += point.samples;
        EXPECT_EQ(point.games, games);
        EXPECT_EQ(point.value, static_cast<double>(point.samples));
    }
    EXPECT_EQ(games, 1'000'000u) << "no sample is lost";
}

TEST(ThinnedSeries, what_stands_for_many_samples_counts_as_many) {
    ThinnedSeries<Sum> series(64);
    std::uint64_t games = 0;
    for (int i = 0; i < 1'000; ++i)  // long ago, and thinned before
        series.add({games += 1'024, 1'024, 1'024.0});
    for (int i = 0; i < 100'000; ++i)
        series.add({++games, 1, 1.0});
    ASSERT_LE(series.points().size(), 64u);
    ASSERT_GE(series.points().size(), 32u);
    std::uint64_t last = 0;
    for (const Sum& point : series.points()) {
        EXPECT_LE(point.samples, series.stride());
        EXPECT_EQ(point.games - last, point.samples);
        EXPECT_EQ(point.value, static_cast<double>(point.samples));
        last = point.games;
    }
    EXPECT_EQ(last, games) << "no sample is lost";
    EXPECT_EQ(series.stride(), 32'768u) << "as fine early as late";
}

TEST(ThinnedSeries, samples_of_any_size_stay_within_the_points) {
    ThinnedSeries<Sum> series(8);
    for (std::uint64_t games = 1; games <= 1'000; ++games) {
        series.add({games, games % 3 == 0 ? samples_max : 1, 1.0});
        ASSERT_LE(series.points().size(), 8u);
        ASSERT_LE(series.points().back().samples, series.stride());
    }
    EXPECT_EQ(series.points().back().games, 1'000u);
}

TEST(ThinnedSeries, going_back_drops_the_point_in_which_the_game_lies) {
    ThinnedSeries<Sum> series = series_of(100, 64);
    ASSERT_EQ(series.stride(), 2u);
    series.go_back_to(51);
    EXPECT_EQ(series.points().back().games, 50u);
    series.go_back_to(0);
    EXPECT_TRUE(series.points().empty());
    series.add({1, 1, 1.0});
    EXPECT_EQ(series.points().size(), 1u);
}

}  // namespace
}  // namespace kiln::app

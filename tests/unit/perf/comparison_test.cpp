#include "perf/comparison.hpp"

#include <gtest/gtest.h>

namespace kiln::perf {
namespace {

constexpr double threshold = 0.05;

Change change(const Goal& goal, const std::vector<double>& before, const std::vector<double>& now) {
    return compare({{"figure", "unit", goal, before}}, {{"figure", "unit", goal, now}}, "",
                   threshold)
        .front()
        .change;
}

TEST(Comparison, a_rate_that_falls_beyond_spread_and_threshold_has_regressed) {
    EXPECT_EQ(change(higher(), {99, 100, 101}, {89, 90, 91}), Change::regressed);
    EXPECT_EQ(change(higher(), {89, 90, 91}, {99, 100, 101}), Change::improved);
}

TEST(Comparison, a_duration_that_grows_beyond_spread_and_threshold_has_regressed) {
    EXPECT_EQ(change(lower(), {89, 90, 91}, {99, 100, 101}), Change::regressed);
    EXPECT_EQ(change(lower(), {99, 100, 101}, {89, 90, 91}), Change::improved);
}

TEST(Comparison, within_the_threshold_nothing_changed_however_steady_the_figure) {
    EXPECT_EQ(change(higher(), {100, 100, 100}, {95.1, 95.1, 95.1}), Change::same);
    EXPECT_EQ(change(higher(), {100, 100, 100}, {94.9, 94.9, 94.9}), Change::regressed);
    EXPECT_EQ(change(lower(), {100, 100, 100}, {104.9, 104.9, 104.9}), Change::same);
    EXPECT_EQ(change(lower(), {100, 100, 100}, {105.1, 105.1, 105.1}), Change::regressed);
}

TEST(Comparison, samples_that_overlap_are_not_a_change_however_far_the_medians) {
    EXPECT_EQ(change(higher(), {70, 100, 101}, {69, 75, 76}), Change::same);
    EXPECT_EQ(change(higher(), {99, 100, 101}, {75, 75, 99.5}), Change::same);
    EXPECT_EQ(change(lower(), {75, 75, 99.5}, {99, 100, 101}), Change::same);
}

TEST(Comparison, from_nothing_to_something_is_a_regression_without_a_ratio) {
    const auto rows =
        compare({{"calls", "", at_most(0), {0}}}, {{"calls", "", at_most(0), {2}}}, "", threshold);
    EXPECT_EQ(rows.front().change, Change::regressed);
    EXPECT_FALSE(rows.front().ratio);
    EXPECT_EQ(change(at_most(0), {0}, {0}), Change::same);
}

TEST(Comparison, tells_the_ratio_of_now_to_before) {
    const auto rows = compare({{"figure", "", higher(), {4, 8, 100}}},
                              {{"figure", "", higher(), {6}}}, "", threshold);
    EXPECT_EQ(rows.front().ratio, 0.75);
}

TEST(Comparison, names_figures_that_appeared_and_those_the_filter_wanted_and_nobody_measured) {
    const std::vector<Figure> baseline = {{"search a", "s", higher(), {1}},
                                          {"search b", "s", higher(), {1}},
                                          {"save", "s", lower(), {1}}};
    const std::vector<Figure> measured = {{"search b", "ms", higher(), {1}},
                                          {"search c", "s", higher(), {1}}};
    const auto rows = compare(baseline, measured, "search", threshold);
    ASSERT_EQ(rows.size(), 3u);
    EXPECT_EQ(rows[0].name, "search b");
    EXPECT_EQ(rows[0].change, Change::appeared);  // in another unit
    EXPECT_EQ(rows[1].name, "search c");
    EXPECT_EQ(rows[1].change, Change::appeared);
    EXPECT_EQ(rows[2].name, "search a");
    EXPECT_EQ(rows[2].change, Change::missing);
}

}  // namespace
}  // namespace kiln::perf

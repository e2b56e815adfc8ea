#include "app/monitor/charts.hpp"

#include <array>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace kiln::app {
namespace {

constexpr Look unicode = {true, true};
constexpr Look ascii = {false, false};

std::string bar(double share, const Look& look) {
    Canvas canvas(8, 1);
    draw_bar(canvas, 0, 0, 8, share, Style::good, look);
    return canvas.plain_text();
}

std::string chart(const std::vector<Dot>& dots, const Look& look, bool is_filled, Range y) {
    Canvas canvas(13, 4);
    const std::array curves = {Curve{dots}};
    draw_chart(canvas, {{0, 0, 13, 4}, {0, 7}, y, 4, is_filled}, curves, look);
    return canvas.plain_text();
}

std::vector<Dot> rising() {
    std::vector<Dot> dots;
    for (int x = 0; x < 8; ++x)
        dots.push_back({static_cast<double>(x), static_cast<double>(x)});
    return dots;
}

TEST(Charts, a_bar_is_as_long_as_its_share) {
    EXPECT_EQ(bar(0.5, ascii), "####....\n");
    EXPECT_EQ(bar(0, ascii), "........\n");
    EXPECT_EQ(bar(1, ascii), "########\n");
    EXPECT_EQ(bar(0.5, unicode), "████····\n");
    EXPECT_EQ(bar(0.5625, unicode), "████▌···\n");
}

TEST(Charts, a_bar_of_little_shows_and_one_of_too_much_stays_within) {
    EXPECT_EQ(bar(1e-9, ascii), "#.......\n");
    EXPECT_EQ(bar(1e-9, unicode), "▏·······\n");
    EXPECT_EQ(bar(7, ascii), "########\n");
    EXPECT_EQ(bar(-1, ascii), "........\n");
    EXPECT_EQ(bar(std::nan(""), ascii), "........\n");
}

TEST(Charts, a_filled_chart_rises_in_eighths_of_a_row) {
    EXPECT_EQ(chart(rising(), unicode, true, {0, 8}),
              "8.00│       ▄\n"
              "    │     ▄██\n"
              "    │   ▄████\n"
              "0.00│▁▄██████\n");
}

TEST(Charts, without_unicode_there_are_letters) {
    EXPECT_EQ(chart(rising(), ascii, false, {0, 7}),
              "7.00|      **\n"
              "    |    **\n"
              "    |  **\n"
              "0.00|**\n");
}

TEST(Charts, a_gap_is_bridged_and_nothing_is_drawn_beyond_the_ends) {
    const std::string text = chart({{2, 5}, {6, 5}}, ascii, false, {0, 10});
    EXPECT_NE(text.find("|  *****"), std::string::npos) << text;
}

TEST(Charts, values_that_are_not_finite_are_left_out) {
    const std::string text =
        chart({{0, std::nan("")}, {1, INFINITY}, {std::nan(""), 1}}, unicode, false, {0, 10});
    EXPECT_EQ(text.find("\xe2\xa0"), std::string::npos) << text;
    const std::array curves = {Curve{{{0, std::nan("")}}}};
    EXPECT_FALSE(range_of(curves));
}

TEST(Charts, one_burst_does_not_set_the_scale_of_all_the_others) {
    Curve curve;
    for (int i = 0; i < 20; ++i)
        curve.dots.push_back({double(i), 100.0 + i});
    EXPECT_EQ(usual_most(curve), 119);
    curve.dots[2].y = 5000;
    EXPECT_EQ(usual_most(curve), 2 * 118);
    curve.dots[3].y = std::numeric_limits<double>::quiet_NaN();
    EXPECT_LE(usual_most(curve), 2 * 118);
    EXPECT_EQ(usual_most(Curve{{{0, 0}, {1, 0}, {2, 7}}, Style::first, '*'}), 7);
    EXPECT_EQ(usual_most(Curve{}), 0);
}

TEST(Charts, a_chart_without_room_draws_nothing) {
    Canvas canvas(12, 4);
    const std::array curves = {Curve{rising()}};
    draw_chart(canvas, {{0, 0, 4, 4}, {0, 7}, {0, 7}, 3, false}, curves, unicode);
    draw_chart(canvas, {{0, 0, 12, 0}, {0, 7}, {0, 7}, 3, false}, curves, unicode);
    EXPECT_EQ(canvas.plain_text(), "\n\n\n\n");
}

TEST(Charts, numbers_are_short) {
    EXPECT_EQ(short_number(0), "0.00");
    EXPECT_EQ(short_number(-2.345), "-2.35");
    EXPECT_EQ(short_number(12.34), "12.3");
    EXPECT_EQ(short_number(812.4), "812");
    EXPECT_EQ(short_number(12'345), "12.3k");
    EXPECT_EQ(short_number(2'500'000), "2.5M");
    EXPECT_EQ(short_number(0.5), "0.50");
    EXPECT_EQ(short_number(0.0999), "0.10");
    EXPECT_EQ(short_number(0.01234), "0.012");
    EXPECT_EQ(short_number(0.001234), "0.0012");
    EXPECT_EQ(short_number(0.0003), "3e-04");
}

}  // namespace
}  // namespace kiln::app

#include "app/report/svg_chart.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace kiln::app {
namespace {

SvgChart chart_of(std::vector<ChartPoint> points) {
    return {"c", "Title", "discs", {{"line", std::move(points)}}, {}, {}, {}};
}

TEST(SvgChart, ticks_are_round_and_hold_the_data) {
    EXPECT_EQ(round_ticks(0, 100, 5), (std::vector<double>{0, 20, 40, 60, 80, 100}));
    EXPECT_EQ(round_ticks(-3, 7, 5), (std::vector<double>{-4, -2, 0, 2, 4, 6, 8}));
    for (const auto& [low, high] : {std::pair(0.0, 0.0), std::pair(-1e12, 1e12),
                                    std::pair(5e-10, 6e-10), std::pair(3.0, 3.01)}) {
        const std::vector<double> ticks = round_ticks(low, high, 5);
        ASSERT_FALSE(ticks.empty());
        EXPECT_LE(ticks.size(), 20u);
    }
}

TEST(SvgChart, text_is_escaped) {
    EXPECT_EQ(escape_html("<b a=\"1\">'&\n"), "&lt;b a=&quot;1&quot;&gt;&#39;&amp; ");
    SvgChart chart = chart_of({{0, 1, {}, {}}, {1, 2, {}, {}}});
    chart.title = "<script>";
    chart.unit = "<unit>";
    chart.lines[0].name = "<line>";
    const std::string svg = to_svg(chart);
    EXPECT_EQ(svg.find("<script>"), std::string::npos);
    EXPECT_EQ(svg.find("<unit>"), std::string::npos);
    EXPECT_EQ(svg.find("<line>"), std::string::npos);
}

TEST(SvgChart, nothing_to_draw_is_said) {
    EXPECT_NE(to_svg(chart_of({})).find("Nothing measured yet"), std::string::npos);
    EXPECT_NE(to_svg(chart_of({{0, std::nan(""), {}, {}}})).find("Nothing measured yet"),
              std::string::npos);
}

TEST(SvgChart, numbers_are_finite_whatever_the_data) {
    for (const std::string& svg :
         {to_svg(chart_of({{5, 5, {}, {}}})), to_svg(chart_of({{0, 0, {}, {}}, {0, 0, {}, {}}})),
          to_svg(chart_of({{0, 1e300, {}, {}}, {1, -1e300, {}, {}}, {2, INFINITY, {}, {}}})),
          to_svg(chart_of({{1, 1, -INFINITY, INFINITY}, {2, 2, 1.5, 2.5}}))}) {
        EXPECT_EQ(svg.find("nan"), std::string::npos) << svg;
        EXPECT_EQ(svg.find("inf"), std::string::npos) << svg;
    }
}

TEST(SvgChart, intervals_are_bands_within_the_axis) {
    const std::string svg = to_svg(chart_of({{1, 1, 0.5, 9.0}, {2, 2, 1.5, 2.5}}));
    EXPECT_NE(svg.find("band"), std::string::npos);
    EXPECT_NE(svg.find("95 % intervals"), std::string::npos);
    EXPECT_NE(svg.find(">10</text>"), std::string::npos) << "the axis reaches beyond 9";
    EXPECT_EQ(to_svg(chart_of({{1, 1, {}, {}}})).find("band"), std::string::npos);
}

TEST(SvgChart, small_numbers_can_be_told_apart_on_the_axis) {
    const std::string svg = to_svg(chart_of({{0, 0, {}, {}}, {1, 0.004, {}, {}}}));
    EXPECT_NE(svg.find(">0.003</text>"), std::string::npos) << svg;
    EXPECT_NE(to_svg(chart_of({{0, 0, {}, {}}, {1, 2e-5, {}, {}}})).find("e-0"), std::string::npos);
}

TEST(SvgChart, x_is_games_or_what_is_said) {
    SvgChart chart = chart_of({{1, 1, {}, {}}, {2, 2, {}, {}}});
    EXPECT_NE(to_svg(chart).find(">games</text>"), std::string::npos);
    chart.x_unit = "epoch";
    EXPECT_NE(to_svg(chart).find(">epochs</text>"), std::string::npos);
    EXPECT_NE(to_svg(chart).find("to 2 at epoch 2."), std::string::npos);
}

TEST(SvgChart, a_restart_is_marked_where_it_lies_on_the_axis) {
    SvgChart chart = chart_of({{100, 1, {}, {}}, {200, 2, {}, {}}});
    chart.marks = {150, 900};
    const std::string svg = to_svg(chart);
    EXPECT_NE(svg.find("class=\"mark\""), std::string::npos);
    EXPECT_EQ(svg.find("class=\"mark\"", svg.find("class=\"mark\"") + 1), std::string::npos);
}

}  // namespace
}  // namespace kiln::app

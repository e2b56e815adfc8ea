// Small charts of characters: bars, filled curves, lines of dots.
//
// With Unicode a character holds eight steps (blocks) or two by four dots (braille), without it
// one. Values that are not finite are left out. Scales are the caller's or of the data; what they
// are is written beside the chart.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/monitor/canvas.hpp"

namespace kiln::app {

struct Dot {
    double x = 0;
    double y = 0;
};

struct Curve {
    std::vector<Dot> dots;  // x rising
    Style style = Style::first;
    char letter = '*';  // where dots cannot be told apart by colour
};

struct Range {
    double low = 0;
    double high = 0;
};

// A range that holds all dots; nothing without any.
std::optional<Range> range_of(std::span<const Curve> curves);

// What a chart of speeds should reach to: the largest value, but at most twice what nine in ten do
// not exceed, because one burst would flatten all the others. 0 without any.
double usual_most(const Curve& curve);

// A share from 0 to 1 of `width` columns.
void draw_bar(Canvas& canvas, int x, int y, int width, double share, Style style, const Look& look);

// Values scaled between x_range and y_range, with the numbers of y_range in `label_columns` columns
// to the left. Filled from the bottom if there is one curve and `is_filled`.
struct ChartPlan {
    Area area;
    Range x;
    Range y;
    int label_columns = 7;
    bool is_filled = false;
};
void draw_chart(Canvas& canvas, const ChartPlan& plan, std::span<const Curve> curves,
                const Look& look);

// A number for a narrow column: "812", "1.24k", "-2.30", "0.0012", "3e-05".
std::string short_number(double value);

}  // namespace kiln::app

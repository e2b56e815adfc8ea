// A chart as inline SVG: lines over games or epochs, with axes, units and intervals.
//
// Colours are CSS variables of the page, so that they follow light and dark; lines differ by dashes
// too. Values that are not finite are left out. Text is escaped here.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kiln::app {

struct ChartPoint {
    double x = 0;
    double y = 0;
    // An interval around y; both or neither.
    std::optional<double> low;
    std::optional<double> high;
};

struct ChartLine {
    std::string name;
    std::vector<ChartPoint> points;  // x rising
};

struct SvgChart {
    std::string id;  // of letters
    std::string title;
    std::string unit;              // of y: "discs"
    std::vector<ChartLine> lines;  // at most five
    std::optional<double> y_low;   // else of the data
    std::optional<double> y_high;
    std::vector<double> marks;    // x of vertical lines: where the run began anew
    std::string x_unit = "game";  // one of them
};

// <figure>...</figure>; a note instead of the drawing if there is nothing to draw.
std::string to_svg(const SvgChart& chart);

std::string escape_html(std::string_view text);
// About `count` round numbers from low to high.
std::vector<double> round_ticks(double low, double high, int count);

}  // namespace kiln::app

// A panel that is one chart: its title, its newest value, its curves and what lies below them.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/monitor/panels.hpp"

namespace kiln::app {

struct ChartPanel {
    std::string title;
    std::string value;  // the newest
    std::vector<Curve> curves;
    Range x;
    std::optional<Range> y;  // nothing: there is nothing to show
    bool is_filled = false;
    std::string x_unit = "games";          // empty: x is not shown
    std::vector<std::string> legend = {};  // instead of a value: of each curve, in its colour
};

void draw_panel(Canvas& canvas, const Area& area, const ChartPanel& panel, const Look& look,
                const MonitorView& view);

// From zero to the largest value; nothing without any.
std::optional<Range> from_zero(std::span<const Curve> curves);

// What all charts of a run show: of its games, or of a router's epochs.
Range games_range(const RunHistory& history);
Range epochs_range(const RunHistory& history);

template <typename Point>
const Point* newest(const ThinnedSeries<Point>& series) {
    return series.points().empty() ? nullptr : &series.points().back();
}

}  // namespace kiln::app

// What the page says of learning, by what the run trains: cards for its head, and sections.
#pragma once

#include <string>
#include <vector>

#include "app/report/run_report.hpp"
#include "app/report/svg_chart.hpp"

namespace kiln::app {

std::string othello_cards(const RunHistory& history);
std::string othello_sections(const RunHistory& history);
std::string router_cards(const RunHistory& history);
std::string router_sections(const RunReport& report);

// The values that there are, as a line.
template <typename Point, typename Value>
ChartLine line_of(const std::string& name, const std::vector<Point>& points, Value value) {
    ChartLine line = {name, {}};
    for (const Point& point : points)
        if (const std::optional<ChartPoint> at = value(point))
            line.points.push_back(*at);
    return line;
}

// At which games the trainer was started again.
std::vector<double> restarts_of(const RunHistory& history);
std::string restarts_note(const std::vector<double>& restarts);

}  // namespace kiln::app

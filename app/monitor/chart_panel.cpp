#include "app/monitor/chart_panel.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "app/text.hpp"

namespace kiln::app {
namespace {

constexpr int rows_with_axis = 7;  // a chart as high as that has room for what x is

// What the curves are, in the place of the value.
void draw_title_with_legend(Canvas& canvas, const Area& area, const ChartPanel& panel,
                            const Look& look) {
    const std::string legend = fmt::format("{}", fmt::join(panel.legend, " "));
    if (!draw_title(canvas, area, panel.title, legend, look))
        return;
    int x = area.left + area.width - static_cast<int>(columns_of(legend).size());
    for (std::size_t i = 0; i < panel.legend.size(); ++i)
        x = canvas.text(x, area.top, panel.legend[i], panel.curves[i].style) + 1;
}

}  // namespace

bool draw_title(Canvas& canvas, const Area& area, const std::string& title,
                const std::string& value, const Look& look) {
    for (int x = 0; x < area.width; ++x)
        canvas.put(area.left + x, area.top, look.has_unicode ? 0x2500 : U'-', Style::faint);
    int end = canvas.text(area.left + 1, area.top, " " + title + " ", Style::bold, area.width - 1);
    const int room = area.left + area.width - end;
    const int length = static_cast<int>(columns_of(value).size());
    const bool has_room = length + 2 <= room;
    if (!value.empty() && has_room)
        canvas.text_before(area.left + area.width, area.top, " " + value, Style::title);
    return has_room;
}

void draw_panel(Canvas& canvas, const Area& area, const ChartPanel& panel, const Look& look,
                const MonitorView& view) {
    if (panel.legend.empty())
        draw_title(canvas, area, panel.title, panel.value, look);
    else
        draw_title_with_legend(canvas, area, panel, look);
    ChartPlan plan = {{area.left, area.top + 1, area.width, area.height - 1},
                      panel.x,
                      panel.y.value_or(Range{0, 1}),
                      6,
                      panel.is_filled};
    if (!panel.y) {
        canvas.text(area.left + 8, area.top + 1,
                    view.is_reading_logs ? "reading the logs" : "nothing measured yet",
                    Style::faint, area.width - 8);
        return;
    }
    if (plan.area.height >= rows_with_axis && !panel.x_unit.empty()) {
        --plan.area.height;
        const int row = plan.area.top + plan.area.height;
        canvas.text(area.left + plan.label_columns + 1, row,
                    format_count(static_cast<std::uint64_t>(panel.x.low)), Style::faint);
        canvas.text_before(
            area.left + area.width, row,
            format_count(static_cast<std::uint64_t>(panel.x.high)) + " " + panel.x_unit,
            Style::faint);
    }
    draw_chart(canvas, plan, panel.curves, look);
}

std::optional<Range> from_zero(std::span<const Curve> curves) {
    auto range = range_of(curves);
    if (range)
        *range = {0, std::max(range->high, 1e-9)};
    return range;
}

Range games_range(const RunHistory& history) {
    Range range = {0, 1};
    if (const auto& points = history.games().points(); !points.empty()) {
        range.low = static_cast<double>(points.front().games);
        range.high = static_cast<double>(points.back().games);
    }
    if (const auto& points = history.held_out().points(); !points.empty()) {
        range.low = std::min(range.low, static_cast<double>(points.front().games));
        range.high = std::max(range.high, static_cast<double>(points.back().games));
    }
    return range;
}

Range epochs_range(const RunHistory& history) {
    const auto& points = history.router().epochs().points();
    if (points.empty())
        return {0, 1};
    return {static_cast<double>(points.front().epoch), static_cast<double>(points.back().epoch)};
}

void draw_speed(Canvas& canvas, const Area& area, const MonitorView& view, const Look& look) {
    const std::string unit = std::string(unit_of(view)) + "s";
    ChartPanel panel = {unit + "/s", "", {{}}, {}, std::nullopt, true};
    std::vector<Dot>& dots = panel.curves[0].dots;
    if (is_router(view)) {
        panel.x = epochs_range(*view.history);
        panel.x_unit = "epochs";
        for (const EpochPoint& point : view.history->router().epochs().points())
            if (const auto rate = point.tickets_per_second())
                dots.push_back({static_cast<double>(point.epoch), *rate});
    } else {
        panel.x = games_range(*view.history);
        for (const GamesPoint& point : view.history->games().points())
            if (const auto rate = point.games_per_second())
                dots.push_back({static_cast<double>(point.games), *rate});
    }
    if (dots.empty() && !view.rates.empty()) {
        // The log tells nothing of games.
        panel.title += ", as seen here";
        dots = view.rates;
        panel.x = {dots.front().x, dots.back().x};
        panel.x_unit.clear();
    }
    if (view.run && view.run->games_per_second)
        panel.value = format_rate(*view.run->games_per_second) + " now";
    if (!dots.empty())
        panel.y = Range{0, std::max(usual_most(panel.curves[0]), 1e-9)};
    draw_panel(canvas, area, panel, look, view);
}

}  // namespace kiln::app

// The panels of an Othello run that are charts over games.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "app/monitor/chart_panel.hpp"
#include "app/monitor/panels.hpp"
#include "app/text.hpp"

namespace kiln::app {
namespace {

template <typename Point, typename Value>
Curve curve_of(const ThinnedSeries<Point>& series, Style style, char letter, Value value) {
    Curve curve = {{}, style, letter};
    for (const Point& point : series.points())
        if (const std::optional<double> y = value(point))
            curve.dots.push_back({static_cast<double>(point.games), *y});
    return curve;
}

}  // namespace

void draw_difference(Canvas& canvas, const Area& area, const MonitorView& view, const Look& look) {
    ChartPanel panel = {
        "stone difference, discs", "", {}, games_range(*view.history), std::nullopt};
    panel.curves = {curve_of(view.history->games(), Style::first, '*', [](const GamesPoint& point) {
        return std::optional(point.stone_difference());
    })};
    if (const GamesPoint* const last = newest(view.history->games()))
        panel.value = "black " + format_discs(last->stone_difference());
    if (const auto range = range_of(panel.curves)) {
        const double size = std::max({std::abs(range->low), std::abs(range->high), 0.01});
        panel.y = Range{-size, size};
    }
    draw_panel(canvas, area, panel, look, view);
}

void draw_held_out(Canvas& canvas, const Area& area, const MonitorView& view, const Look& look) {
    ChartPanel panel = {
        "error, solved positions", "", {}, games_range(*view.history), std::nullopt};
    panel.curves = {curve_of(view.history->held_out(), Style::first, '*',
                             [](const HeldOutPoint& point) { return std::optional(point.error); })};
    if (const HeldOutPoint* const last = newest(view.history->held_out()))
        panel.value = fmt::format("{:.2f} discs", last->error);
    panel.y = from_zero(panel.curves);
    draw_panel(canvas, area, panel, look, view);
}

void draw_scores(Canvas& canvas, const Area& area, const MonitorView& view, const Look& look) {
    struct Row {
        othello::Opponent opponent;
        Style style;
        char letter;
    };
    ChartPanel panel = {"points won, %", "", {}, games_range(*view.history), std::nullopt};
    for (const Row& row : {Row{othello::Opponent::random, Style::first, 'r'},
                           Row{othello::Opponent::corner_edge, Style::second, 'c'},
                           Row{othello::Opponent::model, Style::third, 's'}}) {
        const auto& series = view.history->against(row.opponent);
        if (series.points().empty())
            continue;
        panel.y = Range{0, 100};
        panel.curves.push_back(curve_of(series, row.style, row.letter, [](const ScorePoint& point) {
            return std::optional(point.score.value * 100);
        }));
        const char* const name = row.letter == 'r'   ? "random"
                                 : row.letter == 'c' ? "corner"
                                                     : "self";
        panel.legend.push_back(fmt::format("{} {:.0f}",
                                           area.width < 42 ? std::string(1, row.letter) : name,
                                           series.points().back().score.value * 100));
    }
    draw_panel(canvas, area, panel, look, view);
}

void draw_prediction(Canvas& canvas, const Area& area, const MonitorView& view, const Look& look) {
    ChartPanel panel = {"prediction error", "", {}, games_range(*view.history), std::nullopt};
    panel.curves = {curve_of(view.history->games(), Style::first, '*', [](const GamesPoint& point) {
        return std::optional(point.prediction_error());
    })};
    if (const GamesPoint* const last = newest(view.history->games()))
        panel.value = fmt::format("{:.2f} discs", last->prediction_error());
    panel.y = from_zero(panel.curves);
    draw_panel(canvas, area, panel, look, view);
}

void draw_elo(Canvas& canvas, const Area& area, const MonitorView& view, const Look& look) {
    ChartPanel panel = {
        "Elo over its beginnings", "", {}, games_range(*view.history), std::nullopt};
    const auto& series = view.history->against(othello::Opponent::model);
    panel.curves = {curve_of(series, Style::first, '*', [](const ScorePoint& point) {
        return point.chained_elo ? std::optional(point.chained_elo->value) : std::nullopt;
    })};
    if (const ScorePoint* const last = newest(series); last != nullptr && last->chained_elo)
        panel.value = fmt::format("{:+.0f}", last->chained_elo->value);
    panel.y = range_of(panel.curves);
    if (panel.y)
        panel.y = Range{std::min(panel.y->low, 0.0), std::max(panel.y->high, 1.0)};
    draw_panel(canvas, area, panel, look, view);
}

}  // namespace kiln::app

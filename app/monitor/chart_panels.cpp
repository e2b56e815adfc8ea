// The panels that are charts over games.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "app/monitor/panels.hpp"
#include "app/text.hpp"

namespace kiln::app {
namespace {

constexpr int rows_with_axis = 7;  // a chart as high as that has room for what x is

template <typename Point, typename Value>
Curve curve_of(const ThinnedSeries<Point>& series, Style style, char letter, Value value) {
    Curve curve = {{}, style, letter};
    for (const Point& point : series.points())
        if (const std::optional<double> y = value(point))
            curve.dots.push_back({static_cast<double>(point.games), *y});
    return curve;
}

// The games that all charts show.
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

struct ChartPanel {
    const char* title;
    std::string value;  // the newest
    std::vector<Curve> curves;
    Range x;
    std::optional<Range> y;  // nothing: there is nothing to show
    bool is_filled = false;
    bool is_over_games = true;
};

void draw_panel(Canvas& canvas, const Area& area, const ChartPanel& panel, const Look& look,
                const MonitorView& view) {
    draw_title(canvas, area, panel.title, panel.value, look);
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
    if (plan.area.height >= rows_with_axis && panel.is_over_games) {
        --plan.area.height;
        const int row = plan.area.top + plan.area.height;
        canvas.text(area.left + plan.label_columns + 1, row,
                    format_count(static_cast<std::uint64_t>(panel.x.low)), Style::faint);
        canvas.text_before(area.left + area.width, row,
                           format_count(static_cast<std::uint64_t>(panel.x.high)) + " games",
                           Style::faint);
    }
    draw_chart(canvas, plan, panel.curves, look);
}

// From zero to the largest value.
std::optional<Range> from_zero(std::span<const Curve> curves) {
    auto range = range_of(curves);
    if (range)
        *range = {0, std::max(range->high, 1e-9)};
    return range;
}

template <typename Point>
const Point* newest(const ThinnedSeries<Point>& series) {
    return series.points().empty() ? nullptr : &series.points().back();
}

}  // namespace

void draw_title(Canvas& canvas, const Area& area, const std::string& title,
                const std::string& value, const Look& look) {
    for (int x = 0; x < area.width; ++x)
        canvas.put(area.left + x, area.top, look.has_unicode ? 0x2500 : U'-', Style::faint);
    int end = canvas.text(area.left + 1, area.top, " " + title + " ", Style::bold, area.width - 1);
    const int room = area.left + area.width - end;
    const int length = static_cast<int>(columns_of(value).size());
    if (!value.empty() && length + 2 <= room)
        canvas.text_before(area.left + area.width, area.top, " " + value, Style::title);
}

void draw_speed(Canvas& canvas, const Area& area, const MonitorView& view, const Look& look) {
    ChartPanel panel = {"games/s", "", {}, games_range(*view.history), std::nullopt, true};
    panel.curves = {curve_of(view.history->games(), Style::first, '*',
                             [](const GamesPoint& point) { return point.games_per_second(); })};
    if (panel.curves[0].dots.empty() && !view.rates.empty()) {
        // The log tells nothing of games.
        panel.title = "games/s, as seen here";
        panel.curves[0].dots = view.rates;
        panel.x = {view.rates.front().x, view.rates.back().x};
        panel.is_over_games = false;
    }
    if (view.run && view.run->games_per_second)
        panel.value = format_rate(*view.run->games_per_second) + " now";
    if (range_of(panel.curves))
        panel.y = Range{0, std::max(usual_most(panel.curves[0]), 1e-9)};
    draw_panel(canvas, area, panel, look, view);
}

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
        panel.value += fmt::format("{}{} {:.0f}", panel.value.empty() ? "" : " ",
                                   area.width < 42 ? std::string(1, row.letter) : name,
                                   series.points().back().score.value * 100);
    }
    draw_panel(canvas, area, panel, look, view);
    // The names in the colours of their curves.
    if (panel.curves.empty())
        return;
    const std::u32string legend = columns_of(panel.value);
    int x = area.left + area.width - static_cast<int>(legend.size());
    std::size_t curve = 0;
    bool was_digit = false;
    for (const char32_t glyph : legend) {
        const bool is_digit = glyph >= U'0' && glyph <= U'9';
        if (was_digit && glyph == U' ')
            curve = std::min(curve + 1, panel.curves.size() - 1);
        was_digit = is_digit;
        canvas.put(x++, area.top, glyph, panel.curves[curve].style);
    }
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

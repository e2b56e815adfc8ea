// The panels of a router's run that are charts over epochs.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "app/monitor/chart_panel.hpp"
#include "app/monitor/panels.hpp"
#include "app/text.hpp"

namespace kiln::app {
namespace {

using Figure = std::optional<double> (*)(const EpochPoint& point);

std::optional<double> training_loss(const EpochPoint& point) {
    return point.training_loss;
}
std::optional<double> validation_loss(const EpochPoint& point) {
    return point.validation ? std::optional(point.validation->loss) : std::nullopt;
}
std::optional<double> training_percent(const EpochPoint& point) {
    return point.training_accuracy ? std::optional(*point.training_accuracy * 100) : std::nullopt;
}
std::optional<double> validation_percent(const EpochPoint& point) {
    return point.validation && point.validation->accuracy
               ? std::optional(*point.validation->accuracy * 100)
               : std::nullopt;
}
std::optional<double> auc(const EpochPoint& point) {
    return point.validation ? point.validation->auc : std::nullopt;
}
std::optional<double> calibration_error(const EpochPoint& point) {
    return point.validation ? point.validation->calibration_error : std::nullopt;
}
std::optional<double> gradient_norm(const EpochPoint& point) {
    return point.gradient_norm;
}
std::optional<double> rate(const EpochPoint& point) {
    return point.rate;
}

Curve curve_of(const MonitorView& view, Figure figure, Style style, char letter) {
    Curve curve = {{}, style, letter};
    for (const EpochPoint& point : view.history->router().epochs().points())
        if (const auto y = figure(point))
            curve.dots.push_back({static_cast<double>(point.epoch), *y});
    return curve;
}

ChartPanel panel_of(const MonitorView& view, const char* title) {
    ChartPanel panel = {title, "", {}, epochs_range(*view.history), std::nullopt};
    panel.x_unit = "epochs";
    return panel;
}

// One figure, from zero.
void draw_one(Canvas& canvas, const Area& area, const MonitorView& view, const Look& look,
              const char* title, Figure figure) {
    ChartPanel panel = panel_of(view, title);
    panel.curves = {curve_of(view, figure, Style::first, '*')};
    panel.y = from_zero(panel.curves);
    if (panel.y)
        panel.value = short_number(panel.curves[0].dots.back().y);
    draw_panel(canvas, area, panel, look, view);
}

// What is trained on beside what is held back.
ChartPanel both(const MonitorView& view, const Area& area, const char* title, Figure training,
                Figure validation, std::string (*format)(double)) {
    ChartPanel panel = panel_of(view, title);
    const auto add = [&](Figure figure, Style style, const char* name) {
        Curve curve = curve_of(view, figure, style, name[0]);
        if (curve.dots.empty())
            return;
        panel.legend.push_back((area.width < 50 ? std::string(1, name[0]) : name) + " " +
                               format(curve.dots.back().y));
        panel.curves.push_back(std::move(curve));
    };
    add(training, Style::first, "training");
    add(validation, Style::second, "validation");
    return panel;
}

}  // namespace

void draw_loss(Canvas& canvas, const Area& area, const MonitorView& view, const Look& look) {
    ChartPanel panel = both(view, area, "loss", training_loss, validation_loss, format_loss);
    panel.y = from_zero(panel.curves);
    draw_panel(canvas, area, panel, look, view);
}

void draw_accuracy(Canvas& canvas, const Area& area, const MonitorView& view, const Look& look) {
    ChartPanel panel = both(view, area, "right, %", training_percent, validation_percent,
                            [](double percent) { return fmt::format("{:.1f}", percent); });
    if (const auto range = range_of(panel.curves))
        panel.y = Range{std::min(std::floor(range->low / 10) * 10, 90.0), 100};
    draw_panel(canvas, area, panel, look, view);
}

void draw_auc(Canvas& canvas, const Area& area, const MonitorView& view, const Look& look) {
    ChartPanel panel = panel_of(view, "AUC");
    panel.curves = {curve_of(view, auc, Style::first, '*')};
    if (const auto range = range_of(panel.curves)) {
        panel.y = Range{std::min(std::floor(range->low * 10) / 10, 0.9), 1};
        panel.value = fmt::format("{:.4f}", panel.curves[0].dots.back().y);
    }
    draw_panel(canvas, area, panel, look, view);
}

void draw_calibration(Canvas& canvas, const Area& area, const MonitorView& view, const Look& look) {
    draw_one(canvas, area, view, look, "calibration error", calibration_error);
}

void draw_gradient(Canvas& canvas, const Area& area, const MonitorView& view, const Look& look) {
    draw_one(canvas, area, view, look, "gradient's norm", gradient_norm);
}

void draw_rate(Canvas& canvas, const Area& area, const MonitorView& view, const Look& look) {
    draw_one(canvas, area, view, look, "learning rate", rate);
}

}  // namespace kiln::app

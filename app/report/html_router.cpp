// A router's part of the page: losses and what was measured on validation samples, over epochs.
#include <fmt/format.h>

#include "app/report/html_learning.hpp"
#include "app/report/html_parts.hpp"
#include "app/text.hpp"

namespace kiln::app {
namespace {

using Points = std::vector<EpochPoint>;
using Validation = EpochPoint::Validation;

// A figure by epoch, as a line.
template <typename Figure>
ChartLine over_epochs(const std::string& name, const Points& points, Figure figure, double scale) {
    return line_of(name, points, [&](const EpochPoint& point) -> std::optional<ChartPoint> {
        const std::optional<double> y = figure(point);
        if (!y)
            return std::nullopt;
        return ChartPoint{static_cast<double>(point.epoch), *y * scale, {}, {}};
    });
}

ChartLine over_epochs(const std::string& name, const Points& points,
                      std::optional<double> Validation::*share, double scale) {
    const auto figure = [share](const EpochPoint& point) {
        return point.validation ? (*point.validation).*share : std::nullopt;
    };
    return over_epochs(name, points, figure, scale);
}

std::optional<double> validation_loss(const EpochPoint& point) {
    return point.validation ? std::optional(point.validation->loss) : std::nullopt;
}

// Where restarts lie among the epochs, which are all of as many tickets.
std::vector<double> epochs_of(const std::vector<double>& restarts, const Points& points) {
    std::vector<double> epochs;
    if (points.empty())
        return epochs;
    const EpochPoint& last = points.back();
    for (const double games : restarts)
        epochs.push_back(games * static_cast<double>(last.epoch) / static_cast<double>(last.games));
    return epochs;
}

std::string charts(const Points& points, const std::vector<double>& marks) {
    const auto chart = [&](const char* id, const char* title, const char* unit,
                           std::vector<ChartLine> lines, std::optional<double> high = {}) {
        return to_svg({id, title, unit, std::move(lines), 0, high, marks, "epoch"});
    };
    std::string html =
        chart("loss", "Loss", "mean over samples",
              {over_epochs(
                   "training", points, [](const auto& point) { return point.training_loss; }, 1),
               over_epochs("validation", points, validation_loss, 1)});
    const ChartLine accuracy = over_epochs("validation", points, &Validation::accuracy, 100);
    if (!accuracy.points.empty()) {
        html += chart("accuracy", "Samples whose class is right", "%",
                      {over_epochs(
                           "training", points,
                           [](const auto& point) { return point.training_accuracy; }, 100),
                       accuracy},
                      100);
        html += chart("auc", "Area under the ROC curve, on validation samples", "AUC",
                      {over_epochs("AUC", points, &Validation::auc, 1)}, 1);
        html += chart("calibration", "Calibration error, on validation samples", "share",
                      {over_epochs("error", points, &Validation::calibration_error, 1)});
    }
    html += chart("norm", "Norm of the gradient, mean before clipping", "norm",
                  {over_epochs(
                      "norm", points, [](const auto& point) { return point.gradient_norm; }, 1)});
    html +=
        chart("rate", "Learning rate", "rate",
              {over_epochs(
                  "rate", points, [](const auto& point) { return std::optional(point.rate); }, 1)});
    return html + chart("speed", "Speed", "tickets/s",
                        {over_epochs(
                            "speed", points,
                            [](const auto& point) { return point.tickets_per_second(); }, 1)});
}

std::string table(const Points& points) {
    if (points.empty())
        return "";
    std::string html = "<details><summary>The curves as a table</summary>" +
                       table_head("Losses are means over samples", {{"epoch", true},
                                                                    {"tickets", true},
                                                                    {"training loss", true},
                                                                    {"validation loss", true},
                                                                    {"accuracy", true},
                                                                    {"AUC", true},
                                                                    {"calibration error", true},
                                                                    {"rate", true}});
    const auto figure = [](const std::optional<double>& value) {
        return number_cell(value ? format_loss(*value) : "");
    };
    for (const EpochPoint& point : points) {
        const Validation none;
        const Validation& validation = point.validation ? *point.validation : none;
        html += "<tr>" + number_cell(format_count(point.epoch)) +
                number_cell(format_count(point.games)) + figure(point.training_loss) +
                figure(validation_loss(point)) +
                number_cell(validation.accuracy ? format_percent(*validation.accuracy) : "") +
                figure(validation.auc) + figure(validation.calibration_error) +
                number_cell(fmt::format("{:g}", point.rate)) + "</tr>\n";
    }
    return html + table_end + "</details>\n";
}

}  // namespace

std::string router_cards(const RunHistory& history) {
    const Points& points = history.router().epochs().points();
    if (points.empty())
        return "";
    const EpochPoint& last = points.back();
    std::string cards =
        card("epoch", format_count(last.epoch),
             last.best_epoch > 0 ? "the best is " + format_count(last.best_epoch) : "");
    if (last.best_epoch > 0)
        cards += card("best validation loss", format_loss(last.best_loss));
    else if (last.training_loss)
        cards += card("training loss", format_loss(*last.training_loss));
    if (last.validation && last.validation->accuracy)
        cards += card("accuracy", format_percent(*last.validation->accuracy),
                      last.validation->auc ? fmt::format("AUC {:.4f}", *last.validation->auc) : "");
    return cards;
}

std::string router_sections(const RunReport& report) {
    const RunHistory& history = report.history;
    const Points& points = history.router().epochs().points();
    const std::vector<double> marks = epochs_of(restarts_of(history), points);
    std::string html;
    if (const auto end = report.end())
        html = "<p>" + escape_html("Training ended " + describe_end(*end) + ".") + "</p>\n";
    return section("Training", html + restarts_note(marks) + "<div class=\"charts\">" +
                                   charts(points, marks) + "</div>\n" + table(points));
}

}  // namespace kiln::app

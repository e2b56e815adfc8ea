#include "app/monitor/frame.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "app/monitor/panels.hpp"
#include "app/settings.hpp"
#include "app/text.hpp"

namespace kiln::app {
namespace {

constexpr int gap = 2;     // between panels
constexpr int wide = 120;  // from here on three charts side by side
constexpr int header_rows = 3;

Style style_of_state(const std::string& state) {
    return state == "training" ? Style::good : Style::warning;
}

// "training", or why there is nothing to be said.
void draw_contact(Canvas& canvas, const MonitorView& view, int y) {
    const int right = canvas.width();
    switch (view.contact) {
        case Contact::asking:
            return canvas.text_before(right, y, "asking the run", Style::faint);
        case Contact::absent:
            return end_of(view) ? canvas.text_before(right, y, "finished", Style::good)
                                : canvas.text_before(right, y, "not training", Style::bad);
        case Contact::silent:
            return canvas.text_before(right, y, "does not answer", Style::bad);
        case Contact::live:
            break;
    }
    const std::string up = ", up " + format_duration(view.run->uptime_seconds);
    canvas.text_before(right, y, up, Style::faint);
    canvas.text_before(right - static_cast<int>(columns_of(up).size()), y, view.run->state,
                       style_of_state(view.run->state));
}

void draw_progress(Canvas& canvas, const MonitorView& view, int y, const Look& look) {
    const RunSnapshot& run = *view.run;
    const auto end = end_of(view);  // it may have come after the last answer
    const std::uint64_t games = end ? end->games : run.games;
    const double share = run.target_games == 0
                             ? 0
                             : static_cast<double>(games) / static_cast<double>(run.target_games);
    std::string text = fmt::format(" {:5.1f} %", std::min(share, 9.999) * 100);
    if (view.contact == Contact::live && run.seconds_left)
        text += fmt::format(", {} left", format_duration(*run.seconds_left));
    const int columns = static_cast<int>(columns_of(text).size());
    draw_bar(canvas, 0, y, canvas.width() - columns, share,
             view.contact == Contact::live ? Style::good : Style::faint, look);
    canvas.text_before(canvas.width(), y, text, Style::bold);
}

std::string epoch_text(const EpochPoint& point) {
    std::string text = "epoch " + format_count(point.epoch);
    if (point.best_epoch > 0)
        text += fmt::format(", the best is {}, validation loss {}", format_count(point.best_epoch),
                            format_loss(point.best_loss));
    else if (point.training_loss)
        text += ", training loss " + format_loss(*point.training_loss);
    return text;
}

// What describe_end() says, short enough for the least terminal.
std::string end_text(const TrainingEnd& end) {
    return fmt::format("ended after {} epochs{}{}", format_count(end.epochs),
                       end.is_early ? ", out of patience" : "",
                       end.best_epoch == 0
                           ? ""
                           : fmt::format("; kept: epoch {}, validation loss {}",
                                         format_count(end.best_epoch), format_loss(end.best_loss)));
}

// What the newest games were like.
std::string games_line(const MonitorView& view) {
    std::string line;
    if (view.run && view.run->target_games > 0)
        line = fmt::format("{} of {} {}s", format_count(view.run->games),
                           format_count(view.run->target_games), unit_of(view));
    else if (view.history->last_games() > 0)
        line = fmt::format("{} {}, by the log", unit_of(view),
                           format_count(view.history->last_games()));
    if (const auto& epochs = view.history->router().epochs().points(); !epochs.empty())
        return line + (line.empty() ? "" : "; ") + epoch_text(epochs.back());
    const auto& points = view.history->games().points();
    if (points.empty())
        return line;
    const GamesPoint& last = points.back();
    return fmt::format("{}{}last {}: black {}, white {}, drawn {}", line, line.empty() ? "" : "; ",
                       format_count(static_cast<std::uint64_t>(last.count)),
                       format_percent(last.black_wins / last.count),
                       format_percent(last.white_wins / last.count),
                       format_percent(last.draws / last.count));
}

void draw_header(Canvas& canvas, const MonitorView& view, const Look& look) {
    int x = canvas.text(0, 0, "kiln monitor", Style::title);
    canvas.text(x + 2, 0, view.state_directory, Style::plain, canvas.width() - x - 34);
    draw_contact(canvas, view, 0);
    if (view.run && view.run->target_games > 0)
        draw_progress(canvas, view, 1, look);
    if (view.contact == Contact::live) {
        const std::string& reason = view.run->reason;
        if (reason.empty())
            canvas.text(0, 2, games_line(view));
        else
            canvas.text(0, 2, view.run->state + ": " + reason, Style::warning);
    } else if (const auto end = end_of(view)) {
        canvas.text(0, view.run ? 2 : 1, end_text(*end));
    } else {
        canvas.text(0, view.run ? 2 : 1, view.why_not, Style::warning);
    }
}

void draw_footer(Canvas& canvas, const MonitorView& view) {
    const int y = canvas.height() - 1;
    if (!view.question.empty()) {
        const int x = canvas.text(0, y, view.question, Style::warning);
        canvas.text(x, y, "  y yes  n no", Style::bold);
        return;
    }
    const std::string time = format_time(view.now).substr(11) + " UTC";
    canvas.text_before(canvas.width(), y, time, Style::faint);
    if (!view.message.empty()) {
        canvas.text(0, y, view.message, view.has_failed ? Style::bad : Style::good,
                    canvas.width() - 14);
        return;
    }
    int x = 0;
    for (const char* key : {"p pause", "r resume", "s save", "? help", "q quit"}) {
        canvas.put(x, y, static_cast<char32_t>(key[0]), Style::bold);
        x = canvas.text(x + 1, y, key + 1, Style::faint) + 3;
    }
}

// The areas of `count` panels side by side.
Area column_of(const Area& row, int number, int count) {
    const int width = (row.width - gap * (count - 1)) / count;
    const int left = row.left + number * (width + gap);
    return {left, row.top, number == count - 1 ? row.left + row.width - left : width, row.height};
}

using DrawPanel = void (*)(Canvas&, const Area&, const MonitorView&, const Look&);

void draw_row(Canvas& canvas, const Area& row, const std::vector<DrawPanel>& panels,
              const MonitorView& view, const Look& look) {
    int number = 0;
    for (const DrawPanel panel : panels)
        panel(canvas, column_of(row, number++, static_cast<int>(panels.size())), view, look);
}

struct ChartRows {
    std::vector<DrawPanel> upper;
    std::vector<DrawPanel> lower;  // none: the upper row has all the room
};

// What the run's workload measures.
ChartRows charts_of(const MonitorView& view, bool is_wide) {
    const std::string workload = workload_of(view);
    if (workload == "null")
        return {{draw_speed}, {}};
    if (workload == "router") {
        const auto& epochs = view.history->router().epochs().points();
        const bool has_classes = epochs.empty() || epochs.back().training_accuracy ||
                                 (epochs.back().validation && epochs.back().validation->accuracy);
        if (!has_classes)
            return {{draw_loss, draw_speed}, {draw_gradient, draw_rate}};
        if (is_wide)
            return {{draw_loss, draw_accuracy, draw_auc},
                    {draw_speed, draw_gradient, draw_calibration}};
        return {{draw_loss, draw_accuracy}, {draw_speed, draw_gradient}};
    }
    if (is_wide)
        return {{draw_speed, draw_difference, draw_prediction},
                {draw_held_out, draw_scores, draw_elo}};
    return {{draw_speed, draw_difference}, {draw_held_out, draw_scores}};
}

void draw_panels(Canvas& canvas, const MonitorView& view, const Look& look) {
    const int width = canvas.width();
    const int extra = canvas.height() - frame_height_min;
    // What lists can use of the rows beyond the least; charts take the rest.
    const int regions = view.memory ? static_cast<int>(view.memory->regions.size()) : 0;
    const int workers = view.run ? static_cast<int>(view.run->workers.size()) : 0;
    const int memory = 6 + std::clamp(std::max(regions + 3, workers + 1) - 6, 0, extra * 2 / 5);
    const int lists = 4 + std::min(extra / 8, 8);
    const int charts = canvas.height() - header_rows - 1 - memory - lists;
    const ChartRows rows = charts_of(view, width >= wide);
    const int upper = rows.lower.empty() ? charts : (charts + 1) / 2;
    Area row = {0, header_rows, width, upper};
    draw_row(canvas, row, rows.upper, view, look);
    row = {0, row.top + row.height, width, charts - upper};
    draw_row(canvas, row, rows.lower, view, look);
    row = {0, row.top + row.height, width, memory};
    draw_row(canvas, row, {draw_memory, draw_workers}, view, look);
    row = {0, row.top + row.height, width, lists};
    const int checkpoints = 38;
    draw_checkpoints(canvas, {0, row.top, checkpoints, lists}, view, look);
    draw_warnings(canvas, {checkpoints + gap, row.top, width - checkpoints - gap, lists}, view,
                  look);
}

// What the charts show.
std::vector<std::string> chart_help(const std::string& workload) {
    if (workload == "null")
        return {"  The null workload learns nothing: there is only its speed."};
    if (workload == "router")
        return {"  Charts go over epochs, from the run's logs: t on the",
                "  samples that are trained on, v and everything else on",
                "  those that are held back. The gradient's norm is the",
                "  mean over an epoch, before clipping."};
    return {"  Charts go over games, from the run's logs. The stone",
            "  difference is black minus white in self-play, near",
            "  zero by symmetry; strength shows in the error on",
            "  solved positions and in the points won at one ply",
            "  against r, a random player, c, one that likes corners",
            "  and edges, and s, an earlier self."};
}

void draw_help(Canvas& canvas, const MonitorView& view) {
    std::vector<std::string> lines = {
        "  p  pause: the run saves, ends its trainer and waits",
        "  r  resume a run that is paused",
        "  s  save a checkpoint now; training goes on",
        "  q  end this monitor; the run goes on",
        "",
    };
    for (std::string& line : chart_help(workload_of(view)))
        lines.push_back(std::move(line));
    lines.insert(lines.end(), {"", "  any key closes this"});
    constexpr int columns = 60;
    const int rows = static_cast<int>(lines.size()) + 2;
    const int left = (canvas.width() - columns) / 2;
    const int top = (canvas.height() - rows) / 2;
    for (int y = 0; y < rows; ++y)
        for (int x = 0; x < columns; ++x) {
            const bool is_edge = y == 0 || y == rows - 1;
            const bool is_side = x == 0 || x == columns - 1;
            canvas.put(left + x, top + y,
                       is_edge && is_side ? U'+'
                       : is_edge          ? U'-'
                       : is_side          ? U'|'
                                          : U' ',
                       Style::faint);
        }
    canvas.text(left + 2, top, " help ", Style::bold);
    int y = top + 1;
    for (const std::string& line : lines)
        canvas.text(left + 2, y++, line);
}

Canvas draw_refusal(int width, int height) {
    Canvas canvas(width, height);
    const std::array lines = {fmt::format("kiln monitor needs {} columns and {} rows;",
                                          frame_width_min, frame_height_min),
                              fmt::format("this terminal has {} and {}.", width, height),
                              std::string("Enlarge it, or use --plain. q quits.")};
    int y = std::max((height - static_cast<int>(lines.size())) / 2, 0);
    for (const std::string& line : lines)
        canvas.text(std::max((width - static_cast<int>(line.size())) / 2, 0), y++, line,
                    Style::warning);
    return canvas;
}

}  // namespace

std::string workload_of(const MonitorView& view) {
    if (view.run && !view.run->workload.empty())
        return view.run->workload;
    const std::string logged = view.history->workload();
    return logged.empty() ? RunSettings().workload : logged;
}

const char* unit_of(const MonitorView& view) {
    return unit_of(workload_of(view));
}

std::optional<TrainingEnd> end_of(const MonitorView& view) {
    const auto& end = view.history->router().end();
    const bool is_saved =
        end && (view.checkpoints.empty() || view.checkpoints.front().games >= end->games);
    return is_saved && view.contact == Contact::absent ? end : std::nullopt;
}

Canvas draw_frame(const MonitorView& view, int width, int height, const Look& look) {
    if (width < frame_width_min || height < frame_height_min)
        return draw_refusal(width, height);
    Canvas canvas(width, height);
    draw_header(canvas, view, look);
    draw_panels(canvas, view, look);
    draw_footer(canvas, view);
    if (view.is_help_open)
        draw_help(canvas, view);
    return canvas;
}

}  // namespace kiln::app

// The panels that are lists: memory, workers, checkpoints, warnings.
#include <algorithm>

#include <fmt/format.h>

#include "app/monitor/panels.hpp"
#include "app/text.hpp"

namespace kiln::app {
namespace {

constexpr double slow_beat_seconds = 0.5;  // after which the supervisor asks a worker to give up

Style style_of(Severity severity) {
    return severity == Severity::error ? Style::bad : Style::warning;
}

int rows_in(const Area& area) {
    return area.height - 1;
}

void note(Canvas& canvas, const Area& area, int row, const std::string& text) {
    canvas.text(area.left + 1, area.top + 1 + row, text, Style::faint, area.width - 1);
}

double share_of(std::uint64_t part, std::uint64_t whole) {
    return static_cast<double>(part) / static_cast<double>(std::max<std::uint64_t>(whole, 1));
}

// name  ████····  bytes
void draw_bytes(Canvas& canvas, const Area& area, int row, const std::string& name,
                std::uint64_t bytes, std::uint64_t budget_bytes, Style style, const Look& look) {
    constexpr int number_columns = 10;
    const int name_columns = std::clamp(area.width * 2 / 5, 14, 24);
    const int y = area.top + 1 + row;
    canvas.text(area.left + 1, y, name, Style::plain, name_columns - 1);
    draw_bar(canvas, area.left + name_columns + 1, y,
             area.width - name_columns - number_columns - 2, share_of(bytes, budget_bytes), style,
             look);
    canvas.text_before(area.left + area.width, y, format_bytes(bytes));
}

// What is below the kernel's figure, and how the two compare.
std::string books_line(const MemorySnapshot& memory) {
    std::string line;
    if (!memory.accounted_bytes)
        line = "as planned, because nothing trains";
    if (memory.difference_percent)
        line += fmt::format("{:+.2f} % against the books", *memory.difference_percent);
    if (memory.huge_page_bytes)
        line += fmt::format("{}huge {}", line.empty() ? "" : ", ",
                            format_bytes(*memory.huge_page_bytes));
    if (memory.faults_since_seal)
        line += fmt::format("{}{} faults since the seal", line.empty() ? "" : ", ",
                            format_count(*memory.faults_since_seal));
    return line;
}

std::string beat_text(const WorkerSnapshot& worker) {
    return worker.beat_seconds ? fmt::format("beat {} ago", format_duration(*worker.beat_seconds))
                               : "";
}

}  // namespace

void draw_memory(Canvas& canvas, const Area& area, const MonitorView& view, const Look& look) {
    const std::uint64_t budget_bytes = view.memory ? view.memory->budget_bytes
                                       : view.run  ? view.run->budget_bytes
                                                   : 0;
    draw_title(canvas, area, "memory",
               budget_bytes == 0 ? "" : "budget " + format_bytes(budget_bytes), look);
    if (budget_bytes == 0 || view.contact != Contact::live)
        return note(canvas, area, 0, "not known while the run does not answer");
    const std::uint64_t resident_bytes =
        view.run ? view.run->resident_bytes : view.memory->resident_bytes.value_or(0);
    const double share = share_of(resident_bytes, budget_bytes);
    draw_bytes(canvas, area, 0, "kernel: resident", resident_bytes, budget_bytes,
               share > 1      ? Style::bad
               : share > 0.95 ? Style::warning
                              : Style::good,
               look);
    if (!view.memory)
        return;
    note(canvas, area, 1, books_line(*view.memory));
    std::vector<RegionSnapshot> regions = view.memory->regions;
    const auto bytes_of = [](const RegionSnapshot& region) {
        return region.used_bytes.value_or(region.planned_bytes);
    };
    std::stable_sort(regions.begin(), regions.end(),
                     [&](const RegionSnapshot& left, const RegionSnapshot& right) {
                         return bytes_of(left) > bytes_of(right);
                     });
    for (int row = 2; row < rows_in(area) && !regions.empty(); ++row) {
        const bool is_last = row == rows_in(area) - 1 && regions.size() > 1;
        RegionSnapshot shown = regions.front();
        regions.erase(regions.begin());
        std::uint64_t bytes = bytes_of(shown);
        if (is_last) {
            shown.name = fmt::format("{} more regions", regions.size() + 1);
            for (const RegionSnapshot& region : regions)
                bytes += bytes_of(region);
        }
        draw_bytes(canvas, area, row, shown.name, bytes, budget_bytes,
                   shown.used_bytes ? Style::first : Style::faint, look);
    }
}

void draw_workers(Canvas& canvas, const Area& area, const MonitorView& view, const Look& look) {
    std::vector<WorkerSnapshot> workers;
    if (view.run)
        workers = view.run->workers;
    draw_title(canvas, area, "workers", workers.empty() ? "" : format_count(workers.size()), look);
    if (view.contact != Contact::live)
        return note(canvas, area, 0, "not known while the run does not answer");
    if (workers.empty())
        return note(canvas, area, 0, "none");
    const auto rows = static_cast<std::size_t>(rows_in(area));
    if (workers.size() > rows)  // those that may need attention
        std::stable_sort(workers.begin(), workers.end(),
                         [](const WorkerSnapshot& left, const WorkerSnapshot& right) {
                             return left.beat_seconds.value_or(0) > right.beat_seconds.value_or(0);
                         });
    for (std::size_t i = 0; i < std::min(rows, workers.size()); ++i) {
        const int row = static_cast<int>(i);
        if (i + 1 == rows && workers.size() > rows) {
            note(canvas, area, row,
                 fmt::format("{} more, whose last beats are not older", workers.size() - i));
            return;
        }
        const WorkerSnapshot& worker = workers[i];
        const bool is_slow = worker.beat_seconds.value_or(0) >= slow_beat_seconds;
        std::string text = fmt::format("{:>2} {:<9}", worker.worker, worker.phase);
        if (worker.ticket)
            text += fmt::format("{:>10}", format_count(*worker.ticket));
        if (worker.seconds && area.width >= 48)
            text += fmt::format(" for {:<10}", format_duration(*worker.seconds));
        const int y = area.top + 1 + row;
        canvas.text(area.left + 1, y, text, Style::plain, area.width - 1);
        canvas.text_before(area.left + area.width, y, beat_text(worker),
                           is_slow ? Style::warning : Style::faint);
    }
}

void draw_checkpoints(Canvas& canvas, const Area& area, const MonitorView& view, const Look& look) {
    draw_title(canvas, area, "checkpoints",
               view.checkpoints.empty() ? "" : format_count(view.checkpoints.size()), look);
    if (!view.checkpoint_problem.empty()) {
        canvas.text(area.left + 1, area.top + 1, view.checkpoint_problem, Style::bad,
                    area.width - 1);
        return;
    }
    if (view.checkpoints.empty())
        return note(canvas, area, 0, "none yet");
    const auto rows = static_cast<std::size_t>(rows_in(area));
    for (std::size_t i = 0; i < std::min(rows, view.checkpoints.size()); ++i) {
        const CheckpointOnDisk& checkpoint = view.checkpoints[i];
        const int y = area.top + 1 + static_cast<int>(i);
        canvas.text(area.left + 1, y,
                    fmt::format("{} {}", unit_of(view), format_count(checkpoint.games)),
                    Style::plain, area.width - 1);
        canvas.text_before(area.left + area.width, y,
                           fmt::format("{}, {} old", format_bytes(checkpoint.bytes),
                                       format_duration(std::max(checkpoint.age_seconds, 0.0))),
                           i == 0 ? Style::plain : Style::faint);
    }
}

void draw_warnings(Canvas& canvas, const Area& area, const MonitorView& view, const Look& look) {
    const RunHistory& history = *view.history;
    const std::uint64_t restarts = history.restarts();
    const std::uint64_t total = history.warnings().total;
    std::string value;
    if (total > 0 || restarts > 0)
        value = fmt::format("{} in all, {} {}", format_count(total), format_count(restarts),
                            restarts == 1 ? "restart" : "restarts");
    draw_title(canvas, area, "warnings", value, look);
    struct Line {
        std::string text;
        Style style;
    };
    std::vector<Line> lines;
    if (!view.log_problem.empty())
        lines.push_back({"logs: " + view.log_problem, Style::bad});
    const auto& items = history.warnings().items;
    for (auto at = items.rbegin(); at != items.rend() && lines.size() < 64; ++at)
        lines.push_back(
            {format_time(at->time).substr(5, 11) + " " + at->text, style_of(at->severity)});
    if (items.empty() && view.run)
        for (auto at = view.run->warnings.rbegin(); at != view.run->warnings.rend(); ++at)
            lines.push_back({*at, Style::warning});
    if (lines.empty())
        return note(canvas, area, 0, view.is_reading_logs ? "reading the logs" : "none");
    const auto rows = static_cast<std::size_t>(rows_in(area));
    for (std::size_t i = 0; i < std::min(rows, lines.size()); ++i)
        canvas.text(area.left + 1, area.top + 1 + static_cast<int>(i), lines[i].text,
                    lines[i].style, area.width - 1);
}

}  // namespace kiln::app

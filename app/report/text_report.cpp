// The report as text: what fits 100 columns of a terminal or a mail.
#include <algorithm>

#include <fmt/format.h>

#include "app/report/run_report.hpp"
#include "app/text.hpp"

namespace kiln::app {
namespace {

constexpr std::size_t curve_rows_max = 20;
constexpr std::size_t events_max = 20;
constexpr std::size_t label_columns = 25;  // in front of a row's value

std::string heading(const std::string& title) {
    return "\n" + title + "\n" + std::string(title.size(), '-') + "\n";
}

std::string row(const std::string& label, const std::string& value) {
    return value.empty() ? "" : fmt::format("  {:<22} {}\n", label, value);
}

std::string on_line(std::string line) {
    line.erase(line.find_last_not_of(' ') + 1);
    return line + "\n";
}

std::string overview(const RunReport& report) {
    std::string text =
        fmt::format("Kiln run in {}: {}\n", on_one_line(report.state_directory), report.state());
    text += row("report", fmt::format("{} UTC, kiln {}", format_time(report.now), report.version));
    const std::uint64_t target = report.target_games();
    std::string games = format_count(report.games());
    if (target > 0)
        games += fmt::format(
            " of {} ({})", format_count(target),
            format_percent(static_cast<double>(report.games()) / static_cast<double>(target)));
    text += row(report.unit(), games);
    if (const auto end = report.end()) {
        std::string how = describe_end(*end);
        how.replace(how.find("; "), 2, ";\n" + std::string(label_columns, ' '));
        text += row("training ended", how);
    }
    if (report.run) {
        const RunSnapshot& run = *report.run;
        text += row("reason", run.reason);
        if (run.games_per_second)
            text += row("speed", format_rate(*run.games_per_second) + " " + report.unit() + "/s");
        if (run.seconds_left)
            text += row("left", format_duration(*run.seconds_left));
        text += row("up", format_duration(run.uptime_seconds));
    }
    text += row("no live figures", on_one_line(report.why_not));
    if (report.history.first_time() > 0)
        text +=
            row("logs from", fmt::format("{} to {} UTC", format_time(report.history.first_time()),
                                         format_time(report.history.last_time())));
    return text;
}

// Parts between commas, in lines that are not too long.
std::string wrapped(const std::vector<std::string>& parts) {
    constexpr std::size_t columns_max = 74;  // behind the label
    std::string text;
    std::size_t column = 0;
    for (const std::string& part : parts) {
        if (column > 0 && column + part.size() + 2 > columns_max) {
            text += ",\n" + std::string(label_columns, ' ');
            column = 0;
        }
        text += (column == 0 ? "" : ", ") + part;
        column += part.size() + 2;
    }
    return text;
}

std::string settings_text(const std::string& title, const std::string& note,
                          const std::vector<SettingRow>& settings) {
    std::string text = heading(title) + "  " + on_one_line(note) + "\n";
    std::vector<std::string> standard;
    for (const SettingRow& setting : settings) {
        if (setting.is_default)
            standard.push_back(setting.name + " " + setting.value);
        else
            text += on_line(fmt::format("  {:<22} {:<20} default {}", setting.name, setting.value,
                                        setting.standard));
    }
    return text + row("as by default", wrapped(standard));
}

std::string memory_text(const RunReport& report) {
    const MemorySnapshot& memory = report.memory;
    std::string text = heading("Memory") + "  " + on_one_line(report.memory_note) + "\n";
    if (report.memory_source == MemorySource::none)
        return text;
    const auto optional_count = [](const std::optional<std::uint64_t>& count) {
        return count ? format_count(*count) : "";
    };
    text += on_line(fmt::format("  {:<22} {:<10} {:>15} {:>15} {:>15}", "region", "owner",
                                "planned", "used", "peak"));
    for (const RegionSnapshot& region : memory.regions)
        text += on_line(fmt::format("  {:<22} {:<10} {:>15} {:>15} {:>15}", region.name,
                                    region.owner, format_count(region.planned_bytes),
                                    optional_count(region.used_bytes),
                                    optional_count(region.peak_bytes)));
    const auto sum = [&](const char* name, const std::string& planned, const std::string& used) {
        if (!planned.empty() || !used.empty())
            text += on_line(fmt::format("  {:<33} {:>15} {:>15}", name, planned, used));
    };
    sum("planned", format_count(memory.planned_bytes), "");
    sum("budget", format_count(memory.budget_bytes), "");
    sum("accounted for", "", optional_count(memory.accounted_bytes));
    sum("resident, says the kernel", "", optional_count(memory.resident_bytes));
    sum("peak resident", "", optional_count(memory.peak_resident_bytes));
    sum("in huge pages", "", optional_count(memory.huge_page_bytes));
    sum("control group", "", optional_count(memory.group_bytes));
    sum("page faults since the seal", "", optional_count(memory.faults_since_seal));
    if (memory.difference_percent)
        text += row("difference", fmt::format("{:+.2f} %", *memory.difference_percent));
    return text;
}

// Rows of a series, evenly, the first and the last among them.
template <typename Point, typename Describe>
void add_rows(std::string& text, const std::vector<Point>& points, Describe describe) {
    const std::size_t rows = std::min(points.size(), curve_rows_max);
    for (std::size_t i = 0; i < rows; ++i)
        text += on_line(
            describe(points[rows == 1 ? points.size() - 1 : i * (points.size() - 1) / (rows - 1)]));
}

// Neighbours taken together until there are few enough rows.
std::vector<GamesPoint> coarser(const std::vector<GamesPoint>& points) {
    const std::size_t together = (points.size() + curve_rows_max - 1) / curve_rows_max;
    std::vector<GamesPoint> rows;
    for (std::size_t i = 0; i < points.size(); ++i) {
        if (i % together == 0) {
            rows.push_back(points[i]);
            continue;
        }
        rows.back().absorb(points[i]);
        rows.back().games = points[i].games;
    }
    return rows;
}

std::string training_text(const RunReport& report) {
    const std::vector<GamesPoint> games = coarser(report.history.games().points());
    std::string text =
        heading("Training") +
        on_line(fmt::format("  {:>13} {:>10} {:>11} {:>9} {:>9} {:>9} {:>12}", "games", "games/s",
                            "difference", "black", "white", "drawn", "prediction"));
    if (games.empty())
        return heading("Training") + "  nothing in the logs\n";
    add_rows(text, games, [](const GamesPoint& point) {
        const auto rate = point.games_per_second();
        return fmt::format("  {:>13} {:>10} {:>11} {:>9} {:>9} {:>9} {:>12}",
                           format_count(point.games), rate ? format_rate(*rate) : "",
                           format_discs(point.stone_difference()),
                           format_percent(point.black_wins / point.count),
                           format_percent(point.white_wins / point.count),
                           format_percent(point.draws / point.count),
                           fmt::format("{:.2f}", point.prediction_error()));
    });
    text += fmt::format(
        "  each row: the mean of up to {} games; difference in discs, black minus white; "
        "prediction: mean\n  error in discs where solving began\n",
        format_count(static_cast<std::uint64_t>(games.front().count)));
    if (const auto& points = report.history.convergence().points(); !points.empty())
        text += row("weights touched",
                    fmt::format("{} of those a game can reach, {:.1f} updates a weight of {:.1f} "
                                "expected",
                                format_percent(points.back().touched_share),
                                points.back().updates_per_weight, points.back().expected_updates));
    return text;
}

std::string strength_text(const RunReport& report) {
    const RunHistory& history = report.history;
    std::string text = heading("Strength");
    const auto& held_out = history.held_out().points();
    if (!held_out.empty()) {
        text += on_line(fmt::format("  {:>13} {:>8} {:>7} {:>7} {:>7} {:>7}  {}", "games", "error",
                                    "at 8", "10", "12", "14",
                                    "discs, on solved positions, by empty squares"));
        add_rows(text, held_out, [](const HeldOutPoint& point) {
            std::string line =
                fmt::format("  {:>13} {:>8.2f}", format_count(point.games), point.error);
            for (const double error : point.error_by_empties)
                line += fmt::format(" {:>7.2f}", error);
            return line;
        });
    }
    const struct {
        othello::Opponent opponent;
        const char* name;
    } opponents[] = {{othello::Opponent::random, "random player"},
                     {othello::Opponent::corner_edge, "corner-and-edge player"},
                     {othello::Opponent::model, "earlier self"}};
    for (const auto& [opponent, name] : opponents) {
        const auto& points = history.against(opponent).points();
        if (points.empty())
            continue;
        text += fmt::format("  {:>13} {:<22} points won against: {}\n", "games", "", name);
        add_rows(text, points, [](const ScorePoint& point) {
            std::string line = fmt::format("  {:>13} {:<22}", format_count(point.games),
                                           format_score(point.score));
            if (point.opponent_games > 0 || point.chained_elo)
                line += fmt::format(" of game {:>13}", format_count(point.opponent_games));
            if (point.chained_elo)
                line += fmt::format("  Elo {}", format_elo(*point.chained_elo));
            return line;
        });
    }
    return text == heading("Strength") ? text + "  nothing in the logs\n" : text;
}

// A loss or a share that may not be known.
std::string column(const std::optional<double>& value) {
    return fmt::format(" {:>11}", value ? format_loss(*value) : "");
}

std::string epochs_text(const RunReport& report) {
    const auto& epochs = report.history.router().epochs().points();
    std::string text = heading("Training");
    if (epochs.empty())
        return text + "  nothing in the logs\n";
    text += on_line(fmt::format("  {:>9} {:>13} {:>11} {:>11} {:>11} {:>11} {:>11} {:>9}", "epoch",
                                "tickets", "training", "validation", "accuracy", "AUC",
                                "calibration", "rate"));
    add_rows(text, epochs, [](const EpochPoint& point) {
        std::string line =
            fmt::format("  {:>9} {:>13}", format_count(point.epoch), format_count(point.games)) +
            column(point.training_loss);
        const EpochPoint::Validation none;
        const auto& validation = point.validation ? *point.validation : none;
        line += column(point.validation ? std::optional(validation.loss) : std::nullopt);
        line +=
            fmt::format(" {:>11}", validation.accuracy ? format_percent(*validation.accuracy) : "");
        return line + column(validation.auc) + column(validation.calibration_error) +
               fmt::format(" {:>9.4g}", point.rate);
    });
    text +=
        "  training, validation: mean loss; accuracy, AUC, calibration error: of the validation "
        "samples\n";
    const EpochPoint& last = epochs.back();
    if (last.best_epoch > 0)
        text +=
            row("best epoch", fmt::format("{}, validation loss {}", format_count(last.best_epoch),
                                          format_loss(last.best_loss)));
    return text;
}

// What the run's workload measures; nothing where nothing is learned.
std::string learning_text(const RunReport& report) {
    const std::string workload = report.workload();
    if (workload == "router")
        return epochs_text(report);
    return workload == "othello" ? training_text(report) + strength_text(report) : "";
}

std::string checkpoints_text(const RunReport& report) {
    std::string text = heading("Checkpoints");
    if (!report.checkpoints_note.empty())
        text += "  " + on_one_line(report.checkpoints_note) + "\n";
    for (const CheckpointRow& checkpoint : report.checkpoints)
        text += fmt::format(
            "  {:<28} {:>15} {} {:>10}  {:<14} {}\n", checkpoint.name,
            format_count(checkpoint.games), report.unit(), format_bytes(checkpoint.bytes),
            format_duration(std::max(report.now - checkpoint.time, 0.0)) + " old",
            checkpoint.damage.empty() ? "header whole"
                                      : "DAMAGED: " + on_one_line(checkpoint.damage));
    return report.checkpoints.empty() && report.checkpoints_note.empty() ? text + "  none\n" : text;
}

std::string happenings_text(const Recent<Happening>& happenings) {
    std::string text;
    const std::size_t shown = std::min(events_max, happenings.items.size());
    if (happenings.total > shown)
        text = fmt::format("  the last {} of {}\n", shown, format_count(happenings.total));
    for (std::size_t i = happenings.items.size() - shown; i < happenings.items.size(); ++i) {
        const Happening& one = happenings.items[i];
        text += fmt::format("  {} {:<18} {}\n", format_time(one.time), one.event, one.text);
    }
    return text.empty() ? "  none\n" : text;
}

std::string trouble_text(const RunReport& report) {
    const RunHistory& history = report.history;
    std::string text =
        heading("Starts, pauses and restarts") +
        fmt::format("  {} {} of kiln train, {} {} of the trainer\n", format_count(history.starts()),
                    history.starts() == 1 ? "start" : "starts", format_count(history.restarts()),
                    history.restarts() == 1 ? "restart" : "restarts") +
        happenings_text(history.lives());
    text += heading("Incidents") + happenings_text(history.incidents());
    text += heading("Warnings");
    for (const auto& [event, count] : history.warning_counts())
        text += row(event, format_count(count));
    return text + happenings_text(history.warnings());
}

}  // namespace

std::string report_as_text(const RunReport& report) {
    std::string text =
        overview(report) + settings_text("Settings", report.settings_note, report.settings) +
        settings_text("Operation", report.operation_note, report.operation) + memory_text(report) +
        learning_text(report) + checkpoints_text(report) + trouble_text(report) + heading("Logs") +
        row("read", fmt::format("{} files, {}", report.log_files, format_bytes(report.log_bytes)));
    if (report.skipped_lines > 0)
        text += row("passed over", fmt::format("{} lines that this kiln cannot make sense of",
                                               format_count(report.skipped_lines)));
    return text + row("problem", on_one_line(report.log_problem));
}

}  // namespace kiln::app

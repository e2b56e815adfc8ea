// The report as one HTML page: no script, nothing to load, light and dark.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "app/report/html_learning.hpp"
#include "app/report/html_parts.hpp"
#include "app/report/run_report.hpp"
#include "app/report/svg_chart.hpp"
#include "app/text.hpp"

namespace kiln::app {
namespace {

constexpr const char* style_sheet = R"(
:root{--paper:#fcfcfa;--ink:#1d2327;--faint:#5c666d;--rule:#d9dde0;--panel:#fff;--good:#17663a;
--bad:#a5231c;--s1:#0b5cad;--s2:#b34700;--s3:#1b7a43;--s4:#7a3fa0;--s5:#8a6d00}
@media (prefers-color-scheme:dark){:root{--paper:#14181b;--ink:#e4e7e9;--faint:#9aa5ad;
--rule:#343c42;--panel:#1b2024;--good:#6fd398;--bad:#ff9087;--s1:#74b9ff;--s2:#ffa869;--s3:#6fd398;
--s4:#cda4f4;--s5:#e3c95a}}
*{box-sizing:border-box}
html{color-scheme:light dark}
body{margin:0 auto;padding:24px 20px 60px;max-width:1180px;background:var(--paper);color:var(--ink);
font:15px/1.5 system-ui,"DejaVu Sans",sans-serif}
h1{font-size:24px;margin:0 0 4px;overflow-wrap:anywhere}h2{font-size:18px;margin:36px 0 10px;
padding-bottom:4px;border-bottom:1px solid var(--rule)}
p{margin:6px 0}.note{color:var(--faint);font-size:13px}.bad{color:var(--bad);font-weight:600}
.good{color:var(--good);font-weight:600}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:10px;margin:18px 0}
.cards div{background:var(--panel);border:1px solid var(--rule);border-radius:6px;padding:8px 12px}
.cards dt{color:var(--faint);font-size:13px}.cards dd{margin:0;font-size:19px;font-weight:600}
.cards small{display:block;color:var(--faint);font-size:13px;font-weight:400}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,480px),1fr));gap:16px}
figure{margin:0;background:var(--panel);border:1px solid var(--rule);border-radius:6px;
padding:10px 12px}
figcaption{font-weight:600}figure>svg{width:100%;height:auto;display:block}
.legend{list-style:none;margin:2px 0 0;padding:0;display:flex;flex-wrap:wrap;gap:2px 16px;
font-size:13px}.legend svg{vertical-align:middle;margin-right:6px}
svg text{fill:var(--faint);font-size:12px}
.grid,.stub{stroke:var(--rule);stroke-width:1}.zero{stroke:var(--faint)}
.mark{stroke:var(--bad);stroke-width:1;stroke-dasharray:2 3}
.line{fill:none;stroke-width:1.8;stroke-linejoin:round}.band{fill-opacity:.15;stroke:none}
.s1{--c:var(--s1)}.s2{--c:var(--s2)}.s3{--c:var(--s3)}.s4{--c:var(--s4)}.s5{--c:var(--s5)}
.line{stroke:var(--c)}.band,circle{fill:var(--c)}
.s2.line{stroke-dasharray:7 3}.s3.line{stroke-dasharray:2 3}.s4.line{stroke-dasharray:9 3 2 3}
.s5.line{stroke-dasharray:4 4}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:14px}
caption{text-align:left;color:var(--faint);font-size:13px;padding-bottom:4px}
th,td{padding:4px 10px 4px 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--rule)}
th{color:var(--faint);font-weight:600}tbody th{color:var(--ink);font-weight:400}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td.text{overflow-wrap:anywhere}time{white-space:nowrap}
.bar{display:block;height:10px;margin-top:6px;
min-width:120px;background:var(--rule);border-radius:3px}
.bar i{display:block;height:10px;background:var(--s1);border-radius:3px}
summary{cursor:pointer;color:var(--faint);margin-top:10px}
@media print{body{max-width:none}figure{break-inside:avoid}}
)";

std::string overview(const RunReport& report) {
    const std::uint64_t target = report.target_games();
    const RunHistory& history = report.history;
    std::string cards =
        card("state", report.state(), report.run ? report.run->reason : "no live figures");
    cards += card(report.unit(), format_count(report.games()),
                  target > 0 ? fmt::format("of {}, {}", format_count(target),
                                           format_percent(static_cast<double>(report.games()) /
                                                          static_cast<double>(target)))
                             : "");
    if (report.run && report.run->games_per_second)
        cards += card(
            "speed", format_rate(*report.run->games_per_second) + " " + report.unit() + "/s",
            report.run->seconds_left ? format_duration(*report.run->seconds_left) + " left" : "");
    if (report.workload() == "othello")
        cards += othello_cards(history);
    else if (report.workload() == "router")
        cards += router_cards(history);
    cards += card("warnings", format_count(history.warnings().total),
                  fmt::format("{} {} of the trainer", format_count(history.restarts()),
                              history.restarts() == 1 ? "restart" : "restarts"));
    std::string html = fmt::format(
        "<h1>Kiln: {}</h1>\n<p class=\"note\">Written <time>{} "
        "UTC</time> by kiln {}.",
        escape_html(report.state_directory), format_time(report.now), escape_html(report.version));
    if (history.first_time() > 0)
        html += fmt::format(" Logs from <time>{}</time> to <time>{} UTC</time>.",
                            format_time(history.first_time()), format_time(history.last_time()));
    html += "</p>\n";
    if (!report.why_not.empty())
        html += note("No live figures: " + report.why_not);
    return html + "<dl class=\"cards\">" + cards + "</dl>\n";
}

std::string memory_html(const RunReport& report) {
    const MemorySnapshot& memory = report.memory;
    std::string html = note(report.memory_note);
    if (report.memory_source == MemorySource::none)
        return html;
    html += table_head(
        "Regions, in bytes; the bar is their share of the budget",
        {{"region"}, {"owner"}, {"planned", true}, {"used", true}, {"peak", true}, {"share"}});
    const double budget = static_cast<double>(std::max<std::uint64_t>(memory.budget_bytes, 1));
    const auto bar = [&](std::uint64_t bytes) {
        const double percent = std::min(100 * static_cast<double>(bytes) / budget, 100.0);
        return fmt::format(
            "<td><span class=\"bar\" role=\"img\" aria-label=\"{0:.1f} %\"><i "
            "style=\"width:{0:.1f}%\"></i></span></td></tr>\n",
            percent);
    };
    for (const RegionSnapshot& region : memory.regions)
        html += head_cell(region.name) + cell(region.owner) +
                number_cell(std::optional(region.planned_bytes)) + number_cell(region.used_bytes) +
                number_cell(region.peak_bytes) +
                bar(region.used_bytes.value_or(region.planned_bytes));
    const auto sum = [&](const char* name, const std::optional<std::uint64_t>& planned,
                         const std::optional<std::uint64_t>& used) {
        if (planned || used)
            html += head_cell(name) + cell("") + number_cell(planned) + number_cell(used) +
                    number_cell("") + bar(planned.value_or(used.value_or(0)));
    };
    sum("planned", memory.planned_bytes, std::nullopt);
    sum("budget", memory.budget_bytes, std::nullopt);
    sum("accounted for", std::nullopt, memory.accounted_bytes);
    sum("resident, says the kernel", std::nullopt, memory.resident_bytes);
    sum("peak resident", std::nullopt, memory.peak_resident_bytes);
    sum("in huge pages", std::nullopt, memory.huge_page_bytes);
    sum("control group", std::nullopt, memory.group_bytes);
    html += table_end;
    if (memory.difference_percent)
        html += note(fmt::format(
            "What the kernel counts differs from what is accounted for by "
            "{:+.2f} %. Page faults since the memory was sealed: {}.",
            *memory.difference_percent, format_count(memory.faults_since_seal.value_or(0))));
    return html;
}

std::string settings_table(const char* caption, const std::vector<SettingRow>& settings,
                           bool is_default) {
    std::string rows;
    for (const SettingRow& row : settings)
        if (row.is_default == is_default)
            rows += head_cell(row.name) + cell(row.value) + (is_default ? "" : cell(row.standard)) +
                    cell(row.help) + "</tr>\n";
    if (rows.empty())
        return "";
    if (!is_default)
        return table_head(caption, {{"setting"}, {"value"}, {"default"}, {"meaning"}}) + rows +
               table_end;
    return fmt::format("<details><summary>{}</summary>", caption) +
           table_head(caption, {{"setting"}, {"value"}, {"meaning"}}) + rows + table_end +
           "</details>\n";
}

std::string settings_html(const RunReport& report) {
    return note(report.settings_note) +
           settings_table("Not as by default", report.settings, false) +
           settings_table("Settings as by default", report.settings, true);
}

std::string operation_html(const RunReport& report) {
    return note("How it is run, which decides nothing of what it learns: " + report.operation_note +
                ".") +
           settings_table("Given, or decided from what was given", report.operation, false) +
           settings_table("As by default", report.operation, true);
}

std::string checkpoints_html(const RunReport& report) {
    std::string html = note(report.checkpoints_note);
    if (report.checkpoints.empty())
        return html + note("None.");
    html += table_head(
        "Newest first; header, length and table of checksums were checked",
        {{"file"}, {report.unit(), true}, {"size", true}, {"written"}, {"age", true}, {"state"}});
    for (const CheckpointRow& row : report.checkpoints)
        html +=
            head_cell(row.name) + number_cell(std::optional(row.games)) +
            number_cell(format_bytes(row.bytes)) + cell(format_time(row.time) + " UTC") +
            number_cell(format_duration(std::max(report.now - row.time, 0.0))) +
            fmt::format("<td class=\"text {}\">{}</td></tr>\n", row.damage.empty() ? "good" : "bad",
                        row.damage.empty() ? "whole" : escape_html("damaged: " + row.damage));
    return html + table_end;
}

std::string happenings_html(const char* caption, const Recent<Happening>& happenings) {
    if (happenings.items.empty())
        return note("None.");
    std::string html;
    if (happenings.total > happenings.items.size())
        html = note(fmt::format("The newest {} of {}.", happenings.items.size(),
                                format_count(happenings.total)));
    html += table_head(caption, {{"time, UTC"}, {"what"}, {"text"}});
    for (auto one = happenings.items.rbegin(); one != happenings.items.rend(); ++one)
        html += fmt::format("<tr><td><time>{}</time></td>", format_time(one->time)) +
                cell(one->event) + cell(one->text) + "</tr>\n";
    return html + table_end;
}

std::string warnings_html(const RunHistory& history) {
    std::string counts;
    for (const auto& [event, count] : history.warning_counts())
        counts += fmt::format("{}{}: {}", counts.empty() ? "" : ", ", event, format_count(count));
    return note(counts) + happenings_html("Newest first", history.warnings());
}

std::string logs_html(const RunReport& report) {
    std::string text =
        fmt::format("{} files, {}.", report.log_files, format_bytes(report.log_bytes));
    if (report.skipped_lines > 0)
        text += fmt::format(" {} lines were passed over that this kiln cannot make sense of.",
                            format_count(report.skipped_lines));
    return note(text) + (report.log_problem.empty() ? ""
                                                    : fmt::format("<p class=\"bad\">{}</p>\n",
                                                                  escape_html(report.log_problem)));
}

}  // namespace

std::string report_as_html(const RunReport& report) {
    const RunHistory& history = report.history;
    std::string page = fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n<meta "
        "name=\"viewport\" "
        "content=\"width=device-width, initial-scale=1\">\n<title>Kiln: {}</title>\n<style>{}"
        "</style></head>\n<body>\n",
        escape_html(report.state_directory), style_sheet);
    page += overview(report);
    if (report.workload() == "othello")
        page += othello_sections(history);
    else if (report.workload() == "router")
        page += router_sections(report);
    page += section("Memory", memory_html(report));
    page += section("Settings", settings_html(report));
    page += section("Operation", operation_html(report));
    page += section("Checkpoints", checkpoints_html(report));
    page +=
        section("Starts, pauses and restarts", happenings_html("Newest first", history.lives()));
    page += section("Incidents", happenings_html("Newest first", history.incidents()));
    page += section("Warnings", warnings_html(history));
    page += section("Logs", logs_html(report));
    return page + "</body></html>\n";
}

}  // namespace kiln::app

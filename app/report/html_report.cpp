// The report as one HTML page: no script, nothing to load, light and dark.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

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

std::string section(const char* title, const std::string& contents) {
    return fmt::format("<section><h2>{}</h2>\n{}</section>\n", title, contents);
}

std::string note(const std::string& text) {
    return text.empty() ? "" : fmt::format("<p class=\"note\">{}</p>\n", escape_html(text));
}

std::string card(const char* name, const std::string& value, const std::string& more = "") {
    if (value.empty())
        return "";
    return fmt::format("<div><dt>{}</dt><dd>{}<small>{}</small></dd></div>", name,
                       escape_html(value), escape_html(more));
}

struct Column {
    const char* name;
    bool is_number = false;
};

// A table's beginning; cells follow in rows.
std::string table_head(const char* caption, std::initializer_list<Column> columns) {
    std::string html =
        fmt::format("<div class=\"scroll\"><table><caption>{}</caption><thead><tr>", caption);
    for (const Column& column : columns)
        html += fmt::format("<th scope=\"col\"{}>{}</th>",
                            column.is_number ? " class=\"number\"" : "", column.name);
    return html + "</tr></thead><tbody>\n";
}
constexpr const char* table_end = "</tbody></table></div>\n";

std::string head_cell(const std::string& text) {
    return fmt::format("<tr><th scope=\"row\">{}</th>", escape_html(text));
}
std::string cell(const std::string& text) {
    return fmt::format("<td class=\"text\">{}</td>", escape_html(text));
}
std::string number_cell(const std::string& text) {
    return fmt::format("<td class=\"number\">{}</td>", escape_html(text));
}
std::string number_cell(const std::optional<std::uint64_t>& count) {
    return number_cell(count ? format_count(*count) : "");
}

std::string overview(const RunReport& report) {
    const std::uint64_t target = report.target_games();
    const RunHistory& history = report.history;
    std::string cards =
        card("state", report.state(), report.run ? report.run->reason : "no live figures");
    cards += card("games", format_count(report.games()),
                  target > 0 ? fmt::format("of {}, {}", format_count(target),
                                           format_percent(static_cast<double>(report.games()) /
                                                          static_cast<double>(target)))
                             : "");
    if (report.run && report.run->games_per_second)
        cards += card(
            "speed", format_rate(*report.run->games_per_second) + " games/s",
            report.run->seconds_left ? format_duration(*report.run->seconds_left) + " left" : "");
    if (const auto& points = history.held_out().points(); !points.empty())
        cards +=
            card("error on solved positions", fmt::format("{:.2f}", points.back().error), "discs");
    if (const auto& points = history.against(othello::Opponent::corner_edge).points();
        !points.empty())
        cards += card("against corner-and-edge", format_percent(points.back().score.value),
                      fmt::format("{:.1f} to {:.1f} %", points.back().score.lower * 100,
                                  points.back().score.upper * 100));
    if (const auto& points = history.convergence().points(); !points.empty())
        cards += card("weights touched", format_percent(points.back().touched_share),
                      "of those a game can reach");
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

template <typename Point, typename Value>
ChartLine line_of(const std::string& name, const std::vector<Point>& points, Value value) {
    ChartLine line = {name, {}};
    for (const Point& point : points)
        if (const std::optional<ChartPoint> at = value(point))
            line.points.push_back(*at);
    return line;
}

ChartPoint at(std::uint64_t games, double y) {
    return {static_cast<double>(games), y, {}, {}};
}
ChartPoint at(std::uint64_t games, const Estimate& y, double scale) {
    return {static_cast<double>(games), y.value * scale, y.lower * scale, y.upper * scale};
}

std::vector<double> marks_of(const RunHistory& history) {
    std::vector<double> marks;
    for (const Happening& life : history.lives().items)
        if (life.event == "trainer_restarted" && life.games)
            marks.push_back(static_cast<double>(*life.games));
    return marks;
}

std::string training_charts(const RunHistory& history, const std::vector<double>& marks) {
    const auto& games = history.games().points();
    const auto share = [&](const char* name, double GamesPoint::*wins) {
        return line_of(name, games, [wins](const GamesPoint& point) {
            return std::optional(at(point.games, point.*wins / point.count * 100));
        });
    };
    std::string html =
        to_svg({"speed",
                "Speed",
                "games/s",
                {line_of("speed", games,
                         [](const GamesPoint& point) {
                             const auto rate = point.games_per_second();
                             return rate ? std::optional(at(point.games, *rate)) : std::nullopt;
                         })},
                0,
                {},
                marks});
    html += to_svg({"difference",
                    "Stone difference in self-play, black minus white",
                    "discs",
                    {line_of("difference", games,
                             [](const GamesPoint& point) {
                                 return std::optional(at(point.games, point.stone_difference()));
                             })},
                    {},
                    {},
                    marks});
    html += to_svg({"results",
                    "Results of self-play",
                    "% of games",
                    {share("black", &GamesPoint::black_wins),
                     share("white", &GamesPoint::white_wins), share("drawn", &GamesPoint::draws)},
                    0,
                    {},
                    marks});
    return html +
           to_svg({"prediction",
                   "Prediction error where solving began",
                   "discs",
                   {line_of("error", games,
                            [](const GamesPoint& point) {
                                return std::optional(at(point.games, point.prediction_error()));
                            })},
                   0,
                   {},
                   marks});
}

std::string strength_charts(const RunHistory& history, const std::vector<double>& marks) {
    const auto& held_out = history.held_out().points();
    std::vector<ChartLine> errors = {line_of("all", held_out, [](const HeldOutPoint& point) {
        return std::optional(at(point.games, point.error));
    })};
    for (std::size_t group = 0; group < HeldOutPoint::groups; ++group)
        errors.push_back(line_of(
            fmt::format("{} empty", 8 + 2 * group), held_out, [group](const HeldOutPoint& point) {
                return std::optional(at(point.games, point.error_by_empties[group]));
            }));
    const auto score = [&](const char* name, othello::Opponent opponent) {
        return line_of(name, history.against(opponent).points(), [](const ScorePoint& point) {
            return std::optional(at(point.games, point.score, 100));
        });
    };
    std::string html = to_svg(
        {"heldout", "Error on solved positions, by empty squares", "discs", errors, 0, {}, marks});
    html += to_svg({"scores",
                    "Points won in games at one ply",
                    "% of points",
                    {score("random player", othello::Opponent::random),
                     score("corner-and-edge player", othello::Opponent::corner_edge),
                     score("earlier self", othello::Opponent::model)},
                    0,
                    100,
                    marks});
    html += to_svg({"elo",
                    "Elo over its beginnings, chained over earlier selves",
                    "Elo",
                    {line_of("Elo", history.against(othello::Opponent::model).points(),
                             [](const ScorePoint& point) {
                                 return point.chained_elo
                                            ? std::optional(at(point.games, *point.chained_elo, 1))
                                            : std::nullopt;
                             })},
                    {},
                    {},
                    marks});
    return html +
           to_svg({"touched",
                   "Weights ever updated, of those a game can reach",
                   "%",
                   {line_of("touched", history.convergence().points(),
                            [](const ConvergencePoint& point) {
                                return std::optional(at(point.games, point.touched_share * 100));
                            })},
                   0,
                   100,
                   marks});
}

std::string strength_table(const RunHistory& history) {
    const auto& held_out = history.held_out().points();
    if (held_out.empty())
        return "";
    std::string html = "<details><summary>The strength curves as a table</summary>" +
                       table_head(
                           "Mean absolute error in discs; points won and Elo with 95 % "
                           "intervals",
                           {{"games", true},
                            {"error", true},
                            {"8", true},
                            {"10", true},
                            {"12", true},
                            {"14", true},
                            {"random", true},
                            {"corner", true},
                            {"self", true},
                            {"Elo", true}});
    const auto score_at = [&](othello::Opponent opponent, std::uint64_t games, bool is_elo) {
        for (const ScorePoint& point : history.against(opponent).points()) {
            if (point.games == games && is_elo)
                return point.chained_elo ? format_elo(*point.chained_elo) : std::string();
            if (point.games == games)
                return format_score(point.score);
        }
        return std::string();
    };
    for (const HeldOutPoint& point : held_out) {
        html += "<tr>" + number_cell(format_count(point.games)) +
                number_cell(fmt::format("{:.2f}", point.error));
        for (const double error : point.error_by_empties)
            html += number_cell(fmt::format("{:.2f}", error));
        html += number_cell(score_at(othello::Opponent::random, point.games, false)) +
                number_cell(score_at(othello::Opponent::corner_edge, point.games, false)) +
                number_cell(score_at(othello::Opponent::model, point.games, false)) +
                number_cell(score_at(othello::Opponent::model, point.games, true)) + "</tr>\n";
    }
    return html + table_end + "</details>\n";
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

std::string settings_html(const RunReport& report) {
    std::string html = note(report.settings_note);
    if (report.settings.empty())
        return html;
    const auto rows = [&](bool is_default) {
        std::string lines;
        for (const SettingRow& row : report.settings)
            if (row.is_default == is_default)
                lines += head_cell(row.name) + cell(row.value) +
                         (is_default ? "" : cell(row.standard)) + cell(row.help) + "</tr>\n";
        return lines;
    };
    if (const std::string changed = rows(false); !changed.empty())
        html +=
            table_head("Not as by default", {{"setting"}, {"value"}, {"default"}, {"meaning"}}) +
            changed + table_end;
    return html + "<details><summary>Settings as by default</summary>" +
           table_head("As by default", {{"setting"}, {"value"}, {"meaning"}}) + rows(true) +
           table_end + "</details>\n";
}

std::string checkpoints_html(const RunReport& report) {
    std::string html = note(report.checkpoints_note);
    if (report.checkpoints.empty())
        return html + note("None.");
    html += table_head(
        "Newest first; header, length and table of checksums were checked",
        {{"file"}, {"games", true}, {"size", true}, {"written"}, {"age", true}, {"state"}});
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
    const std::vector<double> marks = marks_of(history);
    std::string page = fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n<meta "
        "name=\"viewport\" "
        "content=\"width=device-width, initial-scale=1\">\n<title>Kiln: {}</title>\n<style>{}"
        "</style></head>\n<body>\n",
        escape_html(report.state_directory), style_sheet);
    page += overview(report);
    page += section("Training", (marks.empty() ? ""
                                               : note("Dashed red lines: the trainer was "
                                                      "started again.")) +
                                    "<div class=\"charts\">" + training_charts(history, marks) +
                                    "</div>\n");
    page += section("Strength", "<div class=\"charts\">" + strength_charts(history, marks) +
                                    "</div>\n" + strength_table(history));
    page += section("Memory", memory_html(report));
    page += section("Settings", settings_html(report));
    page += section("Checkpoints", checkpoints_html(report));
    page +=
        section("Starts, pauses and restarts", happenings_html("Newest first", history.lives()));
    page += section("Incidents", happenings_html("Newest first", history.incidents()));
    page += section("Warnings", warnings_html(history));
    page += section("Logs", logs_html(report));
    return page + "</body></html>\n";
}

}  // namespace kiln::app

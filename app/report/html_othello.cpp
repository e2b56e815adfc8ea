// Othello's part of the page: self-play and strength, over games.
#include <fmt/format.h>

#include "app/report/html_learning.hpp"
#include "app/report/html_parts.hpp"
#include "app/text.hpp"

namespace kiln::app {
namespace {

ChartPoint at(std::uint64_t games, double y) {
    return {static_cast<double>(games), y, {}, {}};
}
ChartPoint at(std::uint64_t games, const Estimate& y, double scale) {
    return {static_cast<double>(games), y.value * scale, y.lower * scale, y.upper * scale};
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

}  // namespace

std::string othello_cards(const RunHistory& history) {
    std::string cards;
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
    return cards;
}

std::string othello_sections(const RunHistory& history) {
    const std::vector<double> marks = restarts_of(history);
    return section("Training", restarts_note(marks) + "<div class=\"charts\">" +
                                   training_charts(history, marks) + "</div>\n") +
           section("Strength", "<div class=\"charts\">" + strength_charts(history, marks) +
                                   "</div>\n" + strength_table(history));
}

std::vector<double> restarts_of(const RunHistory& history) {
    std::vector<double> restarts;
    for (const Happening& life : history.lives().items)
        if (life.event == "trainer_restarted" && life.games)
            restarts.push_back(static_cast<double>(*life.games));
    return restarts;
}

std::string restarts_note(const std::vector<double>& restarts) {
    return restarts.empty() ? "" : note("Dashed red lines: the trainer was started again.");
}

}  // namespace kiln::app

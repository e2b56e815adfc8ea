#include "app/strength_curve.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/numeric/interval.hpp"
#include "core/othello/held_out.hpp"

#include "app/text.hpp"

namespace kiln::app {
namespace {

using othello::Opponent;
using othello::StrengthReport;

std::uint32_t games_in(const StrengthReport& report) {
    return report.wins + report.draws + report.losses;
}

std::optional<MatchStatistics> pair_statistics(const StrengthReport& report) {
    return report.opponent == Opponent::model ? match_statistics(report.pairs) : std::nullopt;
}

Json estimate_json(const Estimate& estimate) {
    return {{"value", estimate.value}, {"lower", estimate.lower}, {"upper", estimate.upper}};
}

Json point_json(const StrengthPoint& point) {
    Json json = {{"games", point.games}};
    if (point.held_out) {
        json["error"] = point.held_out->error;
        json["error_by_empties"] = point.held_out->error_by_empties;
    }
    static constexpr const char* names[] = {"random", "corner", "self"};
    for (std::uint32_t opponent = 0; opponent < othello::opponent_count; ++opponent)
        if (const auto& report = point.against[opponent]; report)
            json[names[opponent]] = estimate_json(score_of(*report));
    const auto& self = point.against[static_cast<std::uint32_t>(Opponent::model)];
    if (self) {
        json["self_games"] = self->opponent_games;
        if (const auto elo = elo_over(*self); elo)
            json["self_elo"] = estimate_json(*elo);
    }
    if (point.chained_elo)
        json["chained_elo"] = estimate_json(*point.chained_elo);
    return json;
}

std::string error_columns(const std::optional<othello::HeldOutReport>& report) {
    std::string columns;
    if (!report)
        return std::string(7 * (1 + std::size(othello::HeldOut::empties)), ' ');
    columns += fmt::format("{:>7.2f}", report->error);
    for (const double error : report->error_by_empties)
        columns += fmt::format("{:>7.2f}", error);
    return columns;
}

std::string score_column(const std::optional<StrengthReport>& report) {
    return report ? format_score(score_of(*report)) : "";
}

std::string row(const StrengthPoint& point) {
    const auto& self = point.against[static_cast<std::uint32_t>(Opponent::model)];
    std::string line =
        fmt::format("{:>13}{}  {:<22}{:<22}{:<22}{:>13}  {}", format_count(point.games),
                    error_columns(point.held_out),
                    score_column(point.against[static_cast<std::uint32_t>(Opponent::random)]),
                    score_column(point.against[static_cast<std::uint32_t>(Opponent::corner_edge)]),
                    score_column(self), self ? format_count(self->opponent_games) : "",
                    point.chained_elo ? format_elo(*point.chained_elo) : "");
    line.erase(line.find_last_not_of(' ') + 1);
    return line + "\n";
}

}  // namespace

Estimate score_of(const StrengthReport& report) {
    if (const auto statistics = pair_statistics(report); statistics)
        return statistics->score;
    const double points = report.wins + 0.5 * report.draws;
    const Interval interval = wilson_interval(points, games_in(report));
    return {points / std::max(games_in(report), 1u), interval.lower, interval.upper};
}

std::optional<Estimate> elo_over(const StrengthReport& report) {
    if (const auto statistics = pair_statistics(report); statistics)
        return statistics->elo;
    return std::nullopt;
}

void StrengthCurve::add(std::uint64_t games, const StrengthReport& report,
                        const std::optional<ChainedElo>& told) {
    const auto opponent = static_cast<std::uint32_t>(report.opponent);
    if (opponent >= othello::opponent_count)
        return;
    StrengthPoint& point = point_at(games);
    point.against[opponent] = report;
    // Frozen only just now it is the same player, and there is nothing to be in doubt of.
    const bool is_same_player =
        report.opponent == Opponent::model && report.opponent_games == games;
    const auto link = is_same_player ? std::optional<Estimate>(Estimate()) : elo_over(report);
    if (!link)
        return;
    const bool is_of_this_chain = told && (!rival_games_ || told->origin_games == origin_games_);
    if (is_of_this_chain)
        take_over(*told, *link, report.opponent_games);
    point.chained_elo = is_of_this_chain ? last_elo_ : chain(report, *link);
}

void StrengthCurve::add(std::uint64_t games, const othello::HeldOutReport& report) {
    point_at(games).held_out = report;
}

StrengthPoint& StrengthCurve::point_at(std::uint64_t games) {
    if (!points_.empty() && points_.back().games == games)
        return points_.back();
    if (points_.size() == points_max) {
        for (std::size_t kept = 1; 2 * kept < points_.size(); ++kept)
            points_[kept] = points_[2 * kept];
        points_.resize(points_max / 2);
    }
    points_.emplace_back();
    points_.back().games = games;
    return points_.back();
}

// Goes on from there as chain() would have: what is not of the link is of the earlier self.
void StrengthCurve::take_over(const ChainedElo& told, const Estimate& link,
                              std::uint64_t rival_games) {
    const auto rest = [](double whole, double part) {
        return std::sqrt(std::max(whole * whole - part * part, 0.0));
    };
    const Estimate& elo = told.elo;
    const double value = elo.value - link.value;
    rival_elo_ = {value, value - rest(elo.value - elo.lower, link.value - link.lower),
                  value + rest(elo.upper - elo.value, link.upper - link.value)};
    rival_games_ = rival_games;
    last_elo_ = elo;
    origin_games_ = told.origin_games;
}

Estimate StrengthCurve::chain(const StrengthReport& report, const Estimate& link) {
    if (!rival_games_)
        origin_games_ = report.opponent_games;
    else if (*rival_games_ != report.opponent_games)
        rival_elo_ = last_elo_;
    rival_games_ = report.opponent_games;
    const double value = rival_elo_.value + link.value;
    last_elo_ = {value,
                 value - std::hypot(rival_elo_.value - rival_elo_.lower, link.value - link.lower),
                 value + std::hypot(rival_elo_.upper - rival_elo_.value, link.upper - link.value)};
    return last_elo_;
}

Json StrengthCurve::json() const {
    Json points = Json::array();
    for (const StrengthPoint& point : points_)
        points.push_back(point_json(point));
    return {{"empties", othello::HeldOut::empties},
            {"origin_games", origin_games_},
            {"points", std::move(points)}};
}

std::string StrengthCurve::table(std::size_t rows_max) const {
    if (points_.empty())
        return "";
    std::string lines = fmt::format(
        "strength over time: error on solved positions in discs, by empty squares; points won; Elo "
        "over itself at game {}, chained; 95 % intervals\n",
        format_count(origin_games_));
    std::string errors = fmt::format("{:>7}", "error");
    for (const int empties : othello::HeldOut::empties)
        errors += fmt::format("{:>7}", empties);
    lines += fmt::format("{:>13}{}  {:<22}{:<22}{:<22}{:>13}  Elo\n", "games", errors, "random",
                         "corner", "earlier self", "of game");
    const std::size_t rows = std::min(rows_max, points_.size());
    for (std::size_t i = 0; i < rows; ++i)
        lines +=
            row(points_[rows == 1 ? points_.size() - 1 : i * (points_.size() - 1) / (rows - 1)]);
    return lines;
}

}  // namespace kiln::app

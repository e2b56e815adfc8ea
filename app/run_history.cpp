#include "app/run_history.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "app/figures.hpp"
#include "app/json_fields.hpp"
#include "app/lasting_lines.hpp"
#include "app/restart_policy.hpp"
#include "app/text.hpp"

namespace kiln::app {
namespace {

constexpr std::size_t saves_max = 64;
constexpr double elo_max = 1e5;
constexpr std::uint64_t games_max = 1'000'000'000'000;
constexpr double timed_seconds_min = 0.1;   // several times as long as the supervisor looks away
constexpr double time_max = 253402300800.;  // the year 10000

std::string shortened(std::string text) {
    if (text.size() <= RunHistory::text_bytes_max)
        return text;
    std::size_t end = RunHistory::text_bytes_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
        --end;  // not within a character
    text.resize(end);
    return text + "...";
}

Happening happening_of(const Json& json) {
    Happening happening;
    happening.time = parse_log_time(text_field(json, {"time"})).value_or(0);
    happening.severity = parse_severity(text_field(json, {"level"})).value_or(Severity::info);
    happening.event = shortened(text_field(json, {"event"}));
    happening.text = shortened(text_field(json, {"text"}));
    if (const auto games = count_field(json, {"games"}); games && *games <= games_max)
        happening.games = *games;
    happening.times = times_of(json);
    return happening;
}

std::optional<othello::Opponent> opponent_named(const std::string& name) {
    if (name == "random")
        return othello::Opponent::random;
    if (name == "corner")
        return othello::Opponent::corner_edge;
    if (name == "self")
        return othello::Opponent::model;
    return std::nullopt;
}

bool is_digits(std::string_view text, std::string_view shape) {
    return text.size() == shape.size() &&
           std::equal(text.begin(), text.end(), shape.begin(), [](char c, char like) {
               return like == '0' ? c >= '0' && c <= '9' : c == like;
           });
}

int number_at(std::string_view text, std::size_t at, std::size_t length) {
    int number = 0;
    for (const char c : text.substr(at, length))
        number = number * 10 + (c - '0');
    return number;
}

}  // namespace

void GamesPoint::absorb(const GamesPoint& later) {
    time = later.time;
    count += later.count;
    black_wins += later.black_wins;
    white_wins += later.white_wins;
    draws += later.draws;
    stone_sum += later.stone_sum;
    error_sum += later.error_sum;
    timed_games += later.timed_games;
    seconds += later.seconds;
}

void RunHistory::add_line(std::string_view line) {
    ++lines_;
    const Json json = Json::parse(line, nullptr, false);
    if (!json.is_object() || !take(json))
        ++bad_lines_;
}

bool RunHistory::take(const Json& json) {
    Happening happening = happening_of(json);
    if (happening.event.empty() || happening.time <= 0)
        return false;
    if (!take_event(json, happening))
        return false;
    if (first_time_ <= 0)
        first_time_ = happening.time;
    last_time_ = happening.time;
    if (happening.severity < Severity::warning)
        return true;
    if (warning_counts_.size() < kinds_max || warning_counts_.contains(happening.event))
        warning_counts_[happening.event] += happening.times;
    const std::uint64_t times = happening.times;
    warnings_.add(std::move(happening), happenings_max, times);
    return true;
}

bool RunHistory::take_event(const Json& json, const Happening& happening) {
    if (!router_.take(json, happening.event, happening.time))
        return false;
    if (happening.event == "window")
        return take_window(json, happening);
    if (happening.event == "strength")
        return take_strength(json);
    if (happening.event == "held_out")
        return take_held_out(json);
    if (happening.event == "convergence")
        return take_convergence(json);
    if (happening.event == "checkpoint_saved")
        return take_saved(json, happening);
    if (happening.event == "started")
        return take_start(json, happening);
    const bool is_restart = happening.event == "trainer_restarted";
    if (is_restart || happening.event == "paused" || happening.event == "resumed" ||
        happening.event == "trainer_ended") {
        // The series stay: what a new trainer learns once more is the same, and not told again.
        window_seconds_.reset();
        restarts_ += is_restart ? happening.times : 0;
        lives_.add(happening, happenings_max, happening.times);
    }
    return true;
}

bool RunHistory::take_start(const Json& json, const Happening& happening) {
    if (!happening.games)
        return false;
    go_back_to(*happening.games);
    window_seconds_.reset();
    starts_ += happening.times;
    lives_.add(happening, happenings_max, happening.times);
    Figures figures(json);
    const StartedWith with = {figures.count({"workers"}), figures.count({"memory_bytes"}),
                              figures.count({"planned_bytes"}), text_field(json, {"workload"}),
                              read_operation(json)};
    started_with_ = figures.is_whole() ? std::optional(with) : std::nullopt;
    return true;
}

bool RunHistory::take_window(const Json& json, const Happening& happening) {
    Figures figures(json);
    GamesPoint point;
    point.games = figures.count({"games"});
    point.time = happening.time;
    point.samples = happening.times;
    point.count = figures.within({"window_games"}, 1, Figures::figure_max);
    point.black_wins = figures.within({"black_wins"}, 0, point.count);
    point.white_wins = figures.within({"white_wins"}, 0, point.count);
    point.draws = figures.within({"draws"}, 0, point.count);
    point.stone_sum = figures.discs({"stone_difference"}) * point.count;
    point.error_sum = figures.error({"prediction_error"}) * point.count;
    const double seconds = figures.within({"seconds"}, 0, Figures::figure_max);
    if (!figures.is_whole())
        return false;
    const auto count = static_cast<std::uint64_t>(point.count);
    if (point.games <= last_games_)
        go_back_to(point.games - std::min(point.games, count));
    take_time(seconds, point);
    last_games_ = point.games;
    games_.add(point);
    return true;
}

// A window has the time at which it was told, and several that were waiting are told at once: so
// the games of all since the last point with a time count, once enough time has passed.
void RunHistory::take_time(double seconds, GamesPoint& point) {
    const bool is_going_on =
        window_seconds_ && seconds >= *window_seconds_ && point.games > window_games_;
    if (is_going_on && seconds - *window_seconds_ < timed_seconds_min)
        return;
    if (is_going_on) {
        point.timed_games = static_cast<double>(point.games - window_games_);
        point.seconds = seconds - *window_seconds_;
    }
    window_seconds_ = seconds;
    window_games_ = point.games;
}

bool RunHistory::take_strength(const Json& json) {
    Figures figures(json);
    const auto opponent = opponent_named(text_field(json, {"opponent"}));
    ScorePoint point;
    point.games = figures.count({"games"});
    point.samples = times_of(json);
    point.score = figures.estimate("score", "score_lower", "score_upper", 0, 1);
    point.stone_difference = figures.discs({"stone_difference"});
    if (opponent == othello::Opponent::model) {
        point.opponent_games = figures.count({"opponent_games"});
        // Without pairs there is no Elo.
        if (find_field(json, {"chained_elo"}) != nullptr)
            point.chained_elo = figures.estimate("chained_elo", "chained_elo_lower",
                                                 "chained_elo_upper", -elo_max, elo_max);
    }
    if (!figures.is_whole() || !opponent)
        return false;
    ThinnedSeries<ScorePoint>& series = scores_[static_cast<std::size_t>(*opponent)];
    series.go_back_to(point.games);
    series.add(point);
    return true;
}

bool RunHistory::take_held_out(const Json& json) {
    Figures figures(json);
    HeldOutPoint point;
    point.games = figures.count({"games"});
    point.samples = times_of(json);
    point.error = figures.error({"error"});
    point.mobility_error = figures.error({"mobility_error"});
    point.winner_share = figures.share({"winner_share"});
    const Json* const groups = find_field(json, {"error_by_empties"});
    if (!figures.is_whole() || groups == nullptr || !groups->is_array() ||
        groups->size() != HeldOutPoint::groups)
        return false;
    for (std::size_t i = 0; i < HeldOutPoint::groups; ++i) {
        Figures group((*groups)[i]);
        point.error_by_empties[i] = group.error({});
        if (!group.is_whole())
            return false;
    }
    held_out_.go_back_to(point.games);
    held_out_.add(point);
    return true;
}

bool RunHistory::take_convergence(const Json& json) {
    Figures figures(json);
    ConvergencePoint point;
    point.games = figures.count({"games"});
    point.samples = times_of(json);
    point.touched_share = figures.share({"touched_share"});
    point.updates_per_weight = figures.within({"updates_per_weight"}, 0, Figures::figure_max);
    point.expected_updates =
        figures.within({"expected_updates_per_weight"}, 0, Figures::figure_max);
    point.stone_deviation = figures.error({"stone_deviation"});
    if (!figures.is_whole())
        return false;
    convergence_.go_back_to(point.games);
    convergence_.add(point);
    return true;
}

bool RunHistory::take_saved(const Json& json, const Happening& happening) {
    Figures figures(json);
    const SavedCheckpoint saved = {happening.time, figures.count({"games"}),
                                   figures.count({"bytes"}),
                                   figures.within({"duration_seconds"}, 0, Figures::figure_max),
                                   figures.within({"pause_seconds"}, 0, Figures::figure_max)};
    if (figures.is_whole())
        saves_.add(saved, saves_max, happening.times);
    return figures.is_whole();
}

std::string RunHistory::workload() const {
    if (started_with_ && !started_with_->workload.empty())
        return started_with_->workload;
    return router_.is_empty() ? "" : "router";  // a kiln that did not say so wrote the log
}

void RunHistory::go_back_to(std::uint64_t games) {
    games_.go_back_to(games);
    for (ThinnedSeries<ScorePoint>& series : scores_)
        series.go_back_to(games);
    held_out_.go_back_to(games);
    convergence_.go_back_to(games);
    last_games_ = std::min(last_games_, games);
}

void RunHistory::add_incident(std::string_view line) {
    const Json json = Json::parse(line, nullptr, false);
    Happening incident;
    const auto time = number_field(json, {"time"});
    incident.event = text_field(json, {"kind"});
    incident.text = shortened(text_field(json, {"what"}));
    incident.games = count_field(json, {"games"});
    incident.severity = Severity::warning;
    if (!time || *time < 0 || *time > time_max || !incident_kind(incident.event) ||
        !incident.games || *incident.games > games_max) {
        ++bad_lines_;
        return;
    }
    incident.time = *time;
    incidents_.add(std::move(incident), happenings_max);
}

std::optional<double> parse_log_time(std::string_view text) {
    if (!is_digits(text, "0000-00-00T00:00:00.000Z"))
        return std::nullopt;
    const int month = number_at(text, 5, 2);
    const int day = number_at(text, 8, 2);
    if (month < 1 || month > 12 || day < 1 || day > 31 || number_at(text, 11, 2) > 23 ||
        number_at(text, 14, 2) > 59 || number_at(text, 17, 2) > 60)
        return std::nullopt;
    // Days since 1970 by counting years from March, so that a leap day is the last of its year.
    const int year = number_at(text, 0, 4) - (month <= 2 ? 1 : 0);
    const int day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    const int days = 365 * year + year / 4 - year / 100 + year / 400 + day_of_year - 719468;
    return 86400.0 * days + 3600.0 * number_at(text, 11, 2) + 60.0 * number_at(text, 14, 2) +
           number_at(text, 17, 2) + 0.001 * number_at(text, 20, 3);
}

std::string format_time(double seconds) {
    const auto whole = static_cast<std::time_t>(std::clamp(seconds, 0.0, time_max - 1));
    return fmt::format("{:%Y-%m-%d %H:%M:%S}", fmt::gmtime(whole));
}

}  // namespace kiln::app

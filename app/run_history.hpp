// RunHistory: what a run did and learned so far, as its logs tell it, as series over games, or over
// epochs of a router (router_history.hpp).
//
// Built line by line from the JSON lines of run_log.hpp and, for incidents, incident_file.hpp. A
// run that is resumed goes back to a checkpoint; what was told of games beyond it is dropped then,
// so that the series are those of the run as it is. Where only the trainer was started again
// nothing is dropped: the supervisor has told of those games and does not tell of them twice.
// Trouble (restarts, warnings) stays.
//
// Bounded: series are thinned evenly (thinned_series.hpp), lists keep what is newest and count the
// rest. Takes any bytes: a line that is no JSON, or whose figures cannot be (a difference of 100
// discs), is passed over and counted; events and fields that this version does not know are
// ignored. One thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/othello/report.hpp"

#include "app/log_entry.hpp"
#include "app/match_statistics.hpp"
#include "app/operation.hpp"
#include "app/router_history.hpp"
#include "app/thinned_series.hpp"

namespace kiln::app {

// Of games in a row: from `window` lines.
struct GamesPoint {
    std::uint64_t games = 0;
    std::uint64_t samples = 1;
    double time = 0;  // of its end, seconds since 1970
    double count = 0;
    double black_wins = 0;
    double white_wins = 0;
    double draws = 0;
    double stone_sum = 0;
    double error_sum = 0;
    double timed_games = 0;  // those whose time is known ...
    double seconds = 0;      // ... and that time

    void absorb(const GamesPoint& later);
    double stone_difference() const { return stone_sum / count; }
    double prediction_error() const { return error_sum / count; }
    std::optional<double> games_per_second() const {
        return seconds > 0 ? std::optional(timed_games / seconds) : std::nullopt;
    }
};

// Against one opponent. A point that stands for several has the newest of them.
struct ScorePoint {
    std::uint64_t games = 0;
    std::uint64_t samples = 1;
    Estimate score;  // a share
    double stone_difference = 0;
    std::uint64_t opponent_games = 0;  // of an earlier self
    std::optional<Estimate> chained_elo;

    void absorb(const ScorePoint& later) { *this = later; }
};

struct HeldOutPoint {
    static constexpr std::size_t groups = 4;

    std::uint64_t games = 0;
    std::uint64_t samples = 1;
    double error = 0;  // discs
    double error_by_empties[groups] = {};
    double mobility_error = 0;  // of knowing nothing but mobility
    double winner_share = 0;

    void absorb(const HeldOutPoint& later) { *this = later; }
};

struct ConvergencePoint {
    std::uint64_t games = 0;
    std::uint64_t samples = 1;
    double touched_share = 0;  // of the weights a game can reach
    double updates_per_weight = 0;
    double expected_updates = 0;
    double stone_deviation = 0;

    void absorb(const ConvergencePoint& later) { *this = later; }
};

struct SavedCheckpoint {
    double time = 0;
    std::uint64_t games = 0;
    std::uint64_t bytes = 0;
    double duration_seconds = 0;
    double pause_seconds = 0;
};

// Something that happened, in the run's own words.
struct Happening {
    double time = 0;
    Severity severity = Severity::info;
    std::string event;
    std::string text;
    std::optional<std::uint64_t> games;
    std::uint64_t times = 1;  // lines of its kind, of which it is the newest
};

// The newest, and how many there were in all.
template <typename Item>
struct Recent {
    std::deque<Item> items;
    std::uint64_t total = 0;

    // times: how many it stands for.
    void add(Item item, std::size_t items_max, std::uint64_t times = 1) {
        items.push_back(std::move(item));
        if (items.size() > items_max)
            items.pop_front();
        total += times;
    }
};

// What a process was started with, if the log says so.
struct StartedWith {
    std::uint64_t workers = 0;
    std::uint64_t memory_bytes = 0;
    std::uint64_t planned_bytes = 0;
    std::string workload;  // empty: the line does not say
    SettingTexts operation;
};

class RunHistory {
  public:
    static constexpr std::size_t points_max = 512;
    static constexpr std::size_t happenings_max = 200;
    static constexpr std::size_t text_bytes_max = 1000;
    static constexpr std::size_t kinds_max = 64;

    // A line of the log, without its end.
    void add_line(std::string_view line);
    // A line of incidents.jsonl.
    void add_incident(std::string_view line);

    const ThinnedSeries<GamesPoint>& games() const { return games_; }
    const ThinnedSeries<ScorePoint>& against(othello::Opponent opponent) const {
        return scores_[static_cast<std::size_t>(opponent)];
    }
    const ThinnedSeries<HeldOutPoint>& held_out() const { return held_out_; }
    const ThinnedSeries<ConvergencePoint>& convergence() const { return convergence_; }
    // Of a router; empty else.
    const RouterHistory& router() const { return router_; }
    // What the run trains; empty: the lines read so far do not say.
    std::string workload() const;
    // Starts, pauses, restarts.
    const Recent<Happening>& lives() const { return lives_; }
    // Of severity warning and error; how many of each kind.
    const Recent<Happening>& warnings() const { return warnings_; }
    const std::map<std::string, std::uint64_t>& warning_counts() const { return warning_counts_; }
    const Recent<Happening>& incidents() const { return incidents_; }
    const Recent<SavedCheckpoint>& saves() const { return saves_; }
    const std::optional<StartedWith>& started_with() const { return started_with_; }
    std::uint64_t starts() const { return starts_; }
    std::uint64_t restarts() const { return restarts_; }

    // The first and the last line's; 0: none was read.
    double first_time() const { return first_time_; }
    double last_time() const { return last_time_; }
    std::uint64_t last_games() const { return std::max(last_games_, router_.last_games()); }
    std::uint64_t lines() const { return lines_; }
    std::uint64_t bad_lines() const { return bad_lines_; }

  private:
    // False: the line is not what it says.
    bool take(const Json& json);
    bool take_event(const Json& json, const Happening& happening);
    bool take_start(const Json& json, const Happening& happening);
    bool take_window(const Json& json, const Happening& happening);
    void take_time(double seconds, GamesPoint& point);
    bool take_strength(const Json& json);
    bool take_held_out(const Json& json);
    bool take_convergence(const Json& json);
    bool take_saved(const Json& json, const Happening& happening);
    void go_back_to(std::uint64_t games);

    ThinnedSeries<GamesPoint> games_{points_max};
    ThinnedSeries<ScorePoint> scores_[othello::opponent_count] = {
        ThinnedSeries<ScorePoint>(points_max), ThinnedSeries<ScorePoint>(points_max),
        ThinnedSeries<ScorePoint>(points_max)};
    ThinnedSeries<HeldOutPoint> held_out_{points_max};
    ThinnedSeries<ConvergencePoint> convergence_{points_max};
    RouterHistory router_;
    Recent<Happening> lives_;
    Recent<Happening> warnings_;
    Recent<Happening> incidents_;
    Recent<SavedCheckpoint> saves_;
    std::map<std::string, std::uint64_t> warning_counts_;
    std::optional<StartedWith> started_with_;
    std::optional<double> window_seconds_;  // of the last window of this process with a time ...
    std::uint64_t window_games_ = 0;        // ... which ended there
    std::uint64_t starts_ = 0;
    std::uint64_t restarts_ = 0;
    double first_time_ = 0;
    double last_time_ = 0;
    std::uint64_t last_games_ = 0;
    std::uint64_t lines_ = 0;
    std::uint64_t bad_lines_ = 0;
};

// "2026-11-21T14:30:05.123Z" as seconds since 1970; nothing for any other text.
std::optional<double> parse_log_time(std::string_view text);
// "2026-11-21 14:30:05", UTC.
std::string format_time(double seconds);

}  // namespace kiln::app

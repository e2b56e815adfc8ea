#include "app/run_history.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "app/event_text.hpp"

namespace kiln::app {
namespace {

// As the log has it.
std::string line_of(const LogEntry& entry, const std::string& time = "2026-11-21T14:30:05.123Z") {
    Json json = {{"time", time},
                 {"level", name_of(entry.severity)},
                 {"event", entry.event},
                 {"text", entry.text}};
    json.update(entry.fields);
    return dump_line(json);
}

std::string window(std::uint64_t games, double seconds, double difference = 1.5) {
    othello::WindowReport report = {};
    report.games = 100;
    report.black_wins = 50;
    report.white_wins = 40;
    report.draws = 10;
    report.stone_difference = difference;
    report.prediction_error = 7;
    EventTeller teller("state");
    return line_of(teller.tell(Event::make(othello::event_window, games, report), seconds));
}

std::string held_out(std::uint64_t games) {
    othello::HeldOutReport report = {};
    report.positions = 1'000;
    report.error = 12.5;
    report.error_by_empties[3] = 13;
    EventTeller teller("state");
    return line_of(teller.tell(Event::make(othello::event_held_out, games, report), 1));
}

std::string started(std::uint64_t games) {
    return line_of({Severity::info, "started", "training", {{"games", games}}});
}

TEST(RunHistory, windows_become_a_series_with_the_speed_between_them) {
    RunHistory history;
    history.add_line(started(0));
    for (std::uint64_t i = 1; i <= 10; ++i)
        history.add_line(window(100 * i, 0.5 * static_cast<double>(i)));
    const auto& points = history.games().points();
    ASSERT_EQ(points.size(), 10u);
    EXPECT_EQ(points[9].games, 1'000u);
    EXPECT_DOUBLE_EQ(points[9].stone_difference(), 1.5);
    EXPECT_DOUBLE_EQ(points[9].prediction_error(), 7);
    EXPECT_FALSE(points[0].games_per_second()) << "nobody knows when its first game began";
    EXPECT_DOUBLE_EQ(*points[9].games_per_second(), 200);
    EXPECT_EQ(history.bad_lines(), 0u);
    EXPECT_EQ(history.last_games(), 1'000u);
}

TEST(RunHistory, windows_that_were_told_at_once_make_no_speed_of_their_own) {
    RunHistory history;
    history.add_line(started(0));
    std::uint64_t games = 0;
    // Eight at a time, microseconds apart, every 0.1 s: 8,000 games a second.
    for (int look = 1; look <= 100; ++look)
        for (int window_of_look = 0; window_of_look < 8; ++window_of_look)
            history.add_line(window(games += 100, 0.1001 * look + 1e-6 * window_of_look));
    double timed_games = 0;
    double seconds = 0;
    for (const GamesPoint& point : history.games().points()) {
        if (const auto rate = point.games_per_second(); rate) {
            EXPECT_NEAR(*rate, 8'000, 20) << "at game " << point.games;
        }
        timed_games += point.timed_games;
        seconds += point.seconds;
    }
    EXPECT_EQ(timed_games, 99 * 800) << "all but those of the first look";
    EXPECT_NEAR(seconds, 9.91, 0.01);
}

TEST(RunHistory, a_run_that_goes_back_loses_what_lies_beyond) {
    RunHistory history;
    history.add_line(started(0));
    for (std::uint64_t i = 1; i <= 10; ++i)
        history.add_line(window(100 * i, static_cast<double>(i)));
    history.add_line(started(200));
    EXPECT_EQ(history.games().points().size(), 2u);
    EXPECT_EQ(history.last_games(), 200u);
    history.add_line(window(300, 100));
    EXPECT_EQ(history.games().points().size(), 3u);
    EXPECT_FALSE(history.games().points().back().games_per_second())
        << "nobody knows when its first game began";
}

// As the supervisor has it logged: games 601 to 1,000 are learned again after the restart, and what
// was told of them is not told again.
TEST(RunHistory, a_trainer_that_is_started_again_leaves_no_hole) {
    RunHistory history;
    history.add_line(started(0));
    for (std::uint64_t i = 1; i <= 10; ++i)
        history.add_line(window(100 * i, static_cast<double>(i)));
    history.add_line(held_out(1'000));
    history.add_line(line_of({Severity::warning,
                              "trainer_restarted",
                              "at game 1,000 the trainer was ended",
                              {{"games", 1'000}, {"from", 600}}}));
    EXPECT_EQ(history.restarts(), 1u);
    EXPECT_EQ(history.warnings().total, 1u);
    EXPECT_EQ(history.warning_counts().at("trainer_restarted"), 1u);
    history.add_line(window(1'100, 100));
    const auto& points = history.games().points();
    ASSERT_EQ(points.size(), 11u);
    for (std::uint64_t i = 0; i < points.size(); ++i)
        EXPECT_EQ(points[i].games, 100 * (i + 1));
    EXPECT_FALSE(points.back().games_per_second())
        << "the time of the restart is no time of playing";
    EXPECT_EQ(history.held_out().points().size(), 1u);
    EXPECT_EQ(history.last_games(), 1'100u);
}

TEST(RunHistory, the_newest_start_tells_what_the_run_was_started_with) {
    RunHistory history;
    history.add_line(started(0));
    EXPECT_FALSE(history.started_with()) << "of a kiln that did not log it";
    history.add_line(line_of({Severity::info,
                              "started",
                              "training",
                              {{"games", 0},
                               {"workload", "othello"},
                               {"workers", 2},
                               {"memory_bytes", 600},
                               {"planned_bytes", 400},
                               {"operation", {{"keep", "5"}, {"lockdown", "true"}}}}}));
    ASSERT_TRUE(history.started_with());
    EXPECT_EQ(history.started_with()->workers, 2u);
    EXPECT_EQ(history.started_with()->operation,
              (SettingTexts{{"keep", "5"}, {"lockdown", "true"}}));
    EXPECT_EQ(history.workload(), "othello");
}

TEST(RunHistory, measurements_are_read_back_as_they_were_logged) {
    othello::StrengthReport strength = {};
    strength.opponent = othello::Opponent::model;
    strength.opponent_games = 100;
    strength.wins = 96;
    strength.losses = 32;
    strength.pairs[0] = 16;
    strength.pairs[4] = 48;
    strength.stone_difference = 12;
    EventTeller teller("state");
    RunHistory history;
    history.add_line(line_of(teller.tell(Event::make(othello::event_strength, 500, strength), 1)));
    history.add_line(held_out(500));
    EXPECT_EQ(history.bad_lines(), 0u);
    const auto& scores = history.against(othello::Opponent::model).points();
    ASSERT_EQ(scores.size(), 1u);
    EXPECT_DOUBLE_EQ(scores[0].score.value, 0.75);
    EXPECT_LT(scores[0].score.lower, 0.75);
    ASSERT_TRUE(scores[0].chained_elo);
    EXPECT_GT(scores[0].chained_elo->value, 0);
    ASSERT_EQ(history.held_out().points().size(), 1u);
    EXPECT_DOUBLE_EQ(history.held_out().points()[0].error, 12.5);
    EXPECT_DOUBLE_EQ(history.held_out().points()[0].error_by_empties[3], 13);
}

TEST(RunHistory, hostile_lines_are_counted_and_leave_nothing_behind) {
    const std::string head = R"({"time":"2026-11-21T14:30:05.123Z","level":"info","event":)";
    const std::string tail =
        R"(,"seconds":1,"black_wins":50,"white_wins":40,"draws":10,"prediction_error":1})";
    const std::string lines[] = {
        "",
        "{",
        "null",
        "[]",
        "NaN",
        R"({"event":"window"})",
        R"({"time":"yesterday","event":"warning","text":"t","level":"error"})",
        head + R"("window"})",
        head + R"("window","games":NaN,"window_games":100,"stone_difference":1)" + tail,
        head + R"("window","games":1e999,"window_games":100,"stone_difference":1)" + tail,
        head + R"("window","games":1e300,"window_games":100,"stone_difference":1)" + tail,
        head + R"("window","games":-1,"window_games":100,"stone_difference":1)" + tail,
        head + R"("window","games":"100","window_games":100,"stone_difference":1)" + tail,
        head + R"("window","games":100,"window_games":0,"stone_difference":1)" + tail,
        head + R"("window","games":100,"window_games":100,"stone_difference":1e6)" + tail,
        head + R"("window","games":100,"window_games":20,"stone_difference":1)" + tail,
        head + R"("strength","games":1,"opponent":"nobody","score":0.5,"score_lower":0.4,)" +
            R"("score_upper":0.6,"stone_difference":1})",
        head + R"("held_out","games":1,"error":1,"mobility_error":1,"winner_share":1,)" +
            R"("error_by_empties":[1,2,3]})",
        head + R"("started"})",
        std::string(10'000, '['),
    };
    RunHistory history;
    for (const std::string& line : lines)
        history.add_line(line);
    EXPECT_EQ(history.bad_lines(), std::size(lines));
    EXPECT_TRUE(history.games().points().empty());
    EXPECT_EQ(history.warnings().total, 0u);
    EXPECT_EQ(history.starts(), 0u);
}

TEST(RunHistory, a_line_of_a_future_version_is_no_trouble) {
    RunHistory history;
    history.add_line(line_of({Severity::info, "quantum_leap", "t", {{"games", {{"a", 1}}}}}));
    history.add_line(line_of({Severity::warning, "quantum_error", "look at this"}));
    EXPECT_EQ(history.bad_lines(), 0u);
    ASSERT_EQ(history.warnings().total, 1u);
    EXPECT_EQ(history.warnings().items.front().text, "look at this");
}

TEST(RunHistory, what_people_are_shown_is_short_and_on_one_line) {
    RunHistory history;
    history.add_line(line_of({Severity::error, "x", "a\nb\x1b[2J" + std::string(100'000, 'y')}));
    ASSERT_EQ(history.warnings().items.size(), 1u);
    const std::string& text = history.warnings().items.front().text;
    EXPECT_LE(text.size(), RunHistory::text_bytes_max + 3);
    EXPECT_EQ(text.find('\n'), std::string::npos);
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST(RunHistory, months_of_lines_stay_within_their_bounds) {
    RunHistory history;
    for (std::uint64_t i = 1; i <= 20'000; ++i) {
        history.add_line(window(100 * i, static_cast<double>(i)));
        history.add_line(line_of({Severity::warning, fmt::format("kind {}", i), "t"}));
    }
    EXPECT_LE(history.games().points().size(), RunHistory::points_max);
    EXPECT_EQ(history.warnings().items.size(), RunHistory::happenings_max);
    EXPECT_EQ(history.warnings().total, 20'000u);
    EXPECT_EQ(history.warning_counts().size(), RunHistory::kinds_max);
}

TEST(RunHistory, incidents_are_told_with_their_time) {
    RunHistory history;
    history.add_incident(
        R"({"games":20000,"kind":"killed","time":1795292576,"what":"was ended by Killed"})");
    history.add_incident(R"({"games":20000,"kind":"bored","time":1795292576,"what":""})");
    history.add_incident("{");
    ASSERT_EQ(history.incidents().items.size(), 1u);
    EXPECT_EQ(format_time(history.incidents().items[0].time), "2026-11-21 20:22:56");
    EXPECT_EQ(history.bad_lines(), 2u);
}

TEST(RunHistory, times_of_the_log_are_times) {
    EXPECT_DOUBLE_EQ(*parse_log_time("1970-01-01T00:00:00.000Z"), 0);
    EXPECT_DOUBLE_EQ(*parse_log_time("2000-02-29T23:59:59.500Z"), 951'868'799.5);
    EXPECT_EQ(format_time(*parse_log_time("2026-11-21T20:22:56.650Z")), "2026-11-21 20:22:56");
    for (const char* wrong :
         {"", "2026-11-21", "2026-13-21T20:22:56.650Z", "2026-11-21T25:22:56.650Z",
          "2026-11-21 20:22:56.650Z", "2026-11-21T20:22:56.650Zx", "9999999999999999999999999"})
        EXPECT_FALSE(parse_log_time(wrong)) << wrong;
}

}  // namespace
}  // namespace kiln::app

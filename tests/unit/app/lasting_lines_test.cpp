#include "app/lasting_lines.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "app/event_text.hpp"
#include "app/json_fields.hpp"
#include "app/run_history.hpp"

namespace kiln::app {
namespace {

using Lines = std::vector<std::string>;

constexpr std::uint64_t roomy = 4'000'000;

std::string line_of(const LogEntry& entry) {
    Json json = {{"time", "2026-11-21T14:30:05.123Z"},
                 {"level", name_of(entry.severity)},
                 {"event", entry.event},
                 {"text", entry.text}};
    json.update(entry.fields);
    return dump_line(json);
}

// A window of `count` games that ends with `games`, its figures differing from others'.
std::string window(std::uint64_t games, std::uint32_t count = 100) {
    othello::WindowReport report = {};
    report.games = count;
    report.black_wins = static_cast<std::uint32_t>(games / 100 % count);
    report.draws = count / 20;
    report.white_wins = count - std::min(count, report.black_wins + report.draws);
    report.stone_difference = 0.01 * static_cast<double>(games / 100 % 777) - 3;
    report.prediction_error = 0.01 * static_cast<double>(games / 100 % 555);
    report.moves = 59;
    EventTeller teller("state");
    const double seconds = static_cast<double>(games) / 8'000;
    return line_of(teller.tell(Event::make(othello::event_window, games, report), seconds));
}

std::string strength(std::uint64_t games, othello::Opponent opponent) {
    othello::StrengthReport report = {};
    report.opponent = opponent;
    report.wins = 128;
    report.pairs[4] = 64;
    EventTeller teller("state");
    return line_of(teller.tell(Event::make(othello::event_strength, games, report), 1));
}

std::string held_out(std::uint64_t games) {
    EventTeller teller("state");
    return line_of(
        teller.tell(Event::make(othello::event_held_out, games, othello::HeldOutReport{}), 1));
}

std::string restart(std::uint64_t games) {
    return line_of({Severity::warning,
                    "trainer_restarted",
                    "the trainer was ended",
                    {{"kind", "killed"}, {"games", games}, {"from", games}}});
}

std::string saved(std::uint64_t games) {
    EventTeller teller("state");
    return line_of(
        teller.tell(Event::make(EventKind::checkpoint_saved, games, CheckpointSaved{}), 1));
}

Lines given(const LastingLines& lines) {
    Lines all;
    lines.give([&](const std::string& line) { all.push_back(line); });
    return all;
}

std::uint64_t bytes_of(const Lines& lines) {
    std::uint64_t bytes = 0;
    for (const std::string& line : lines)
        bytes += line.size() + 1;
    return bytes;
}

// As it goes through a file.
LastingLines reread(const LastingLines& lines, std::uint64_t bytes_max) {
    LastingLines again(bytes_max);
    lines.give([&](const std::string& line) { again.add(line); });
    return again;
}

struct Sums {
    std::uint64_t windows = 0;
    std::uint64_t games = 0;
    std::uint64_t black_wins = 0;
    std::uint64_t white_wins = 0;
    std::uint64_t draws = 0;
    double stone_difference = 0;
    double prediction_error = 0;

    void add(const std::string& line) {
        const Json json = Json::parse(line);
        if (json["event"] != "window")
            return;
        const auto count = json["window_games"].get<std::uint64_t>();
        windows += times_of(json);
        games += count;
        black_wins += json["black_wins"].get<std::uint64_t>();
        white_wins += json["white_wins"].get<std::uint64_t>();
        draws += json["draws"].get<std::uint64_t>();
        stone_difference += json["stone_difference"].get<double>() * static_cast<double>(count);
        prediction_error += json["prediction_error"].get<double>() * static_cast<double>(count);
    }
};

void expect_same(const Sums& kept, const Sums& all) {
    EXPECT_EQ(kept.windows, all.windows);
    EXPECT_EQ(kept.games, all.games);
    EXPECT_EQ(kept.black_wins, all.black_wins);
    EXPECT_EQ(kept.white_wins, all.white_wins);
    EXPECT_EQ(kept.draws, all.draws);
    EXPECT_NEAR(kept.stone_difference, all.stone_difference, 1e-3);
    EXPECT_NEAR(kept.prediction_error, all.prediction_error, 1e-3);
}

std::uint64_t times_in(const Lines& lines, const std::string& event) {
    std::uint64_t times = 0;
    for (const std::string& line : lines)
        if (const Json json = Json::parse(line); json["event"] == event)
            times += times_of(json);
    return times;
}

TEST(LastingLines, few_lines_stay_as_they_are) {
    const Lines lines = {line_of({Severity::info, "started", "t", {{"games", 0}}}),
                         window(100),
                         held_out(100),
                         window(200),
                         restart(200),
                         strength(200, othello::Opponent::random)};
    LastingLines lasting(roomy);
    for (const std::string& line : lines)
        lasting.add(line);
    EXPECT_EQ(given(lasting), lines);
    EXPECT_EQ(given(reread(lasting, roomy)), lines);
}

TEST(LastingLines, what_is_of_the_moment_or_no_line_of_a_log_is_left_out) {
    LastingLines lasting(roomy);
    for (const std::string& line : {
             line_of({Severity::debug, "note", "t"}),
             line_of({Severity::info, "summary", "t"}),
             line_of({Severity::info, "run_summary", "t"}),
             line_of({Severity::info, "window", "t"}),
             line_of({Severity::info, "window", "t", {{"games", 100}, {"window_games", 1e300}}}),
             line_of({Severity::info, std::string(1'000, 'x'), "t"}),
             std::string(),
             std::string("{"),
             std::string("null"),
             std::string(R"({"event":7})"),
             std::string("\xff\xfe\n\0", 4),
             std::string(60'000, '['),
         })
        lasting.add(line);
    EXPECT_EQ(given(lasting), Lines());
}

TEST(LastingLines, windows_become_few_and_add_up_exactly) {
    Sums all;
    LastingLines lasting(roomy);
    for (std::uint64_t games = 100; games <= 2'000'000; games += 100) {
        lasting.add(window(games));
        all.add(window(games));
        if (games % 300'000 == 0)
            lasting = reread(lasting, roomy);
    }
    const Lines lines = given(lasting);
    EXPECT_LE(lines.size(), LastingLines::lines_of_kind_max);
    EXPECT_GE(lines.size(), LastingLines::lines_of_kind_max / 2);
    Sums kept;
    std::uint64_t before = 0;
    for (const std::string& line : lines) {
        kept.add(line);
        const Json json = Json::parse(line);
        EXPECT_EQ(json["games"].get<std::uint64_t>() - before, json["window_games"]);
        before = json["games"];
        EXPECT_EQ(json["seconds"], static_cast<double>(before) / 8'000) << "the last one's";
    }
    EXPECT_EQ(before, 2'000'000u);
    expect_same(kept, all);
    EXPECT_EQ(all.windows, 20'000u);
    EXPECT_EQ(Json::parse(lines[0])["times"], 32);
    EXPECT_EQ(Json::parse(lines[0])["text"].get<std::string>().substr(0, 16), "games 1 to 3,200");
}

TEST(LastingLines, games_that_are_played_again_count_once) {
    LastingLines lasting(roomy);
    for (std::uint64_t games = 100; games <= 1'000; games += 100)
        lasting.add(window(games));
    for (std::uint64_t games = 700; games <= 1'100; games += 100)
        lasting.add(window(games));
    Sums kept;
    for (const std::string& line : given(lasting))
        kept.add(line);
    EXPECT_EQ(kept.games, 1'100u);
}

TEST(LastingLines, what_is_repeated_without_end_is_counted) {
    LastingLines lasting(roomy);
    for (std::uint64_t i = 0; i < 10'000; ++i) {
        lasting.add(restart(i));
        if (i % 1'000 == 0)
            lasting = reread(lasting, roomy);
        if (i % 5'000 == 0)
            lasting.add(line_of({Severity::error, "paused", "rare"}));
    }
    const Lines lines = given(lasting);
    EXPECT_LE(lines.size(), LastingLines::lines_of_kind_max + 2);
    EXPECT_EQ(times_in(lines, "trainer_restarted"), 10'000u);
    EXPECT_EQ(times_in(lines, "paused"), 2u);
    EXPECT_EQ(count_field(Json::parse(lines.back()), {"games"}), 9'999u) << "the newest is there";
}

// Windows come as two thousand in one, as if read back, so that the test is done in seconds.
TEST(LastingLines, ten_days_at_eight_thousand_games_a_second_stay_within_the_bytes) {
    constexpr std::uint64_t all_games = 10ull * 86'400 * 8'000;
    constexpr std::uint64_t step = 2'000'000;
    LastingLines lasting(roomy);
    Sums all;
    std::uint64_t restarts = 0;
    lasting.add(line_of({Severity::info, "started", "t", {{"games", 0}}}));
    for (std::uint64_t games = step; games <= all_games; games += step) {
        for (std::uint64_t at = games - step + 200'000; at <= games; at += 200'000) {
            Json json = Json::parse(window(at, 200'000));
            json["times"] = 2'000;
            lasting.add(dump_line(json));
            all.add(dump_line(json));
        }
        for (const auto opponent :
             {othello::Opponent::random, othello::Opponent::corner_edge, othello::Opponent::model})
            lasting.add(strength(games, opponent));
        lasting.add(held_out(games));
        lasting.add(saved(games));
        if (games % (50 * step) == 0) {
            lasting.add(restart(games));
            ++restarts;
        }
        if (games % (400 * step) == 0) {
            lasting = reread(lasting, roomy);
            ASSERT_LE(bytes_of(given(lasting)), roomy);
        }
    }
    const Lines lines = given(lasting);
    EXPECT_LE(bytes_of(lines), roomy);
    EXPECT_GE(bytes_of(lines), roomy / 4);
    Sums kept;
    RunHistory history;
    for (const std::string& line : lines) {
        kept.add(line);
        history.add_line(line);
    }
    expect_same(kept, all);
    EXPECT_EQ(kept.games, all_games);
    EXPECT_EQ(history.bad_lines(), 0u);
    EXPECT_EQ(history.restarts(), restarts);
    EXPECT_EQ(history.starts(), 1u);
    // From the first hour on, and as fine as a chart is.
    EXPECT_LE(history.games().points().front().games, all_games / 240);
    EXPECT_GE(history.games().points().size(), RunHistory::points_max / 2);
    EXPECT_LE(history.held_out().points().front().games, all_games / 240);
    EXPECT_GE(history.against(othello::Opponent::model).points().size(), 128u);
}

TEST(LastingLines, the_bytes_hold_whatever_comes) {
    for (const std::uint64_t bytes_max : {0ull, 1'000ull, 50'000ull}) {
        LastingLines lasting(bytes_max);
        for (int i = 0; i < 20'000; ++i) {
            lasting.add(line_of({Severity::warning, fmt::format("kind {}", i % 300),
                                 std::string(static_cast<std::size_t>(i % 500), 'x')}));
            if (i % 100 == 0)
                lasting.add(line_of({Severity::info, "note", std::string(30'000, 'y')}));
        }
        EXPECT_LE(bytes_of(given(lasting)), bytes_max);
    }
}

TEST(LastingLines, times_that_cannot_be_are_one) {
    EXPECT_EQ(times_of(Json::object()), 1u);
    EXPECT_EQ(times_of(Json{{"times", 8}}), 8u);
    EXPECT_EQ(times_of(Json{{"times", 0}}), 1u);
    EXPECT_EQ(times_of(Json{{"times", -5}}), 1u);
    EXPECT_EQ(times_of(Json{{"times", "8"}}), 1u);
    EXPECT_EQ(times_of(Json{{"times", 1e300}}), 1u);
    EXPECT_EQ(times_of(Json{{"times", 9e15}}), samples_max);
}

}  // namespace
}  // namespace kiln::app

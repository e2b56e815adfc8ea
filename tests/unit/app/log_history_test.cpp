#include "app/log_history.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "app/event_text.hpp"
#include "app/log_follower.hpp"
#include "app/run_history.hpp"
#include "app/run_log.hpp"
#include "app/strength_log.hpp"
#include "tests/support/temp_directory.hpp"

namespace kiln::app {
namespace {

constexpr RunLog::Limits small = {
    .pair_bytes = 100'000, .total_bytes = 600'000, .history_bytes = 200'000, .pairs = 100};

// A run that logs much more than it may keep, at a time that goes on.
class LogHistory : public testing::Test {
  protected:
    std::unique_ptr<RunLog> open(const RunLog::Limits& limits = small) {
        return std::make_unique<RunLog>(
            directory_.path(), Severity::info,
            [this](const std::string& line) { warnings_.push_back(line); }, limits,
            [this] { return RunLog::Time(std::chrono::milliseconds(now_ms_)); });
    }
    template <typename Report>
    void tell(RunLog& log, EventKind kind, const Report& report) {
        log.write(teller_.tell(Event::make(kind, games_, report),
                               static_cast<double>(now_ms_ - start_ms) * 1e-3));
    }
    // 80,000 games: with a trial every 20,000, and a restart and a warning at half of it.
    void run(RunLog& log) {
        log.write({Severity::info, "started", "training", {{"games", games_}}});
        for (int i = 1; i <= 800; ++i) {
            games_ += 100;
            now_ms_ += 12;
            othello::WindowReport window = {};
            window.games = 100;
            window.black_wins = 60;
            window.white_wins = 40;
            tell(log, othello::event_window, window);
            if (i % 200 == 0) {
                othello::StrengthReport strength = {};
                strength.opponent = othello::Opponent::model;
                strength.wins = 96;
                strength.losses = 32;
                strength.pairs[0] = 16;
                strength.pairs[4] = 48;
                tell(log, othello::event_strength, strength);
                tell(log, othello::event_held_out, othello::HeldOutReport());
            }
            if (i == 400) {
                log.write({Severity::warning,
                           "trainer_restarted",
                           "the trainer was ended",
                           {{"kind", "killed"}, {"games", games_}, {"from", games_ - 100}}});
                log.write({Severity::warning, "fragmentation", "look at this"});
            }
            if (i % 10 == 0)
                log.flush();
        }
        log.flush();
    }
    RunHistory read() const {
        RunHistory history;
        LogFollower follower(directory_.path());
        while (follower.read([&](std::string_view line) { history.add_line(line); }, 1'000'000)) {
        }
        EXPECT_EQ(follower.problem(), "");
        return history;
    }
    void expect_whole(const RunHistory& history, std::uint64_t runs) const {
        EXPECT_EQ(history.bad_lines(), 0u);
        EXPECT_EQ(history.starts(), runs);
        EXPECT_EQ(history.restarts(), runs);
        EXPECT_EQ(history.warning_counts().at("trainer_restarted"), runs);
        EXPECT_EQ(history.warning_counts().at("fragmentation"), runs);
        double games = 0;
        double black_wins = 0;
        for (const GamesPoint& point : history.games().points()) {
            games += point.count;
            black_wins += point.black_wins;
        }
        EXPECT_EQ(games, static_cast<double>(games_));
        EXPECT_EQ(black_wins, 0.6 * games);
        EXPECT_LE(history.games().points().front().games, games_ / 20);
        EXPECT_EQ(history.held_out().points().size(), 4 * runs);
        EXPECT_EQ(history.held_out().points().front().games, 20'000u);
        EXPECT_EQ(history.against(othello::Opponent::model).points().size(), 4 * runs);
        EXPECT_EQ(read_strength_curve(directory_.path(), games_).points().size(), 4 * runs);
    }
    std::vector<std::string> names(const std::string& beginning = "") const {
        std::vector<std::string> all;
        for (const auto& entry : std::filesystem::directory_iterator(directory_ / "logs"))
            if (const std::string name = entry.path().filename(); name.starts_with(beginning))
                all.push_back(name);
        std::sort(all.begin(), all.end());
        return all;
    }
    std::uint64_t bytes_of_all() const {
        std::uint64_t bytes = 0;
        for (const std::string& name : names())
            bytes += std::filesystem::file_size(in_logs(name));
        return bytes;
    }
    std::string in_logs(const std::string& name) const { return directory_ / ("logs/" + name); }

    static constexpr std::int64_t start_ms = 1'795'271'405'123;  // 2026-11-21 14:30:05.123 UTC

    test::TempDirectory directory_;
    EventTeller teller_{"state"};
    std::vector<std::string> warnings_;
    std::int64_t now_ms_ = start_ms;
    std::uint64_t games_ = 0;
};

TEST_F(LogHistory, what_lasts_of_removed_logs_is_there_for_report_and_resume) {
    const auto log = open();
    for (std::uint64_t runs = 1; runs <= 8; ++runs) {
        run(*log);
        EXPECT_LE(bytes_of_all(), small.total_bytes);
        expect_whole(read(), runs);
    }
    EXPECT_EQ(names("history_").size(), 1u);
    EXPECT_GT(names("training_").front(), "training_20261121_143025");
    EXPECT_LE(std::filesystem::file_size(in_logs(names("history_")[0])), small.history_bytes);
    EXPECT_EQ(warnings_.size(), 0u);
}

TEST_F(LogHistory, a_crash_before_the_old_logs_are_removed_doubles_nothing) {
    auto log = open();
    run(*log);
    log.reset();
    // What was there before the history was given its name, and is there still.
    std::filesystem::copy(directory_ / "logs", directory_ / "before");
    log = open();
    run(*log);
    run(*log);
    log.reset();
    ASSERT_EQ(names("history_").size(), 1u);
    const std::string history = names("history_")[0];
    for (const auto& entry : std::filesystem::directory_iterator(directory_ / "before"))
        std::filesystem::copy(entry.path(), directory_ / "logs",
                              std::filesystem::copy_options::skip_existing);
    std::ofstream(in_logs("history_20261121_143005.jsonl")) << "{\"event\":\"older\"}\n";
    std::ofstream(in_logs("history.tmp")) << "{\"event\":\"hal";
    const std::size_t pairs_before = names("training_").size();
    expect_whole(read(), 3);
    log = open();  // removes what is covered
    EXPECT_LT(names("training_").size(), pairs_before);
    expect_whole(read(), 3);
    run(*log);
    expect_whole(read(), 4);
    EXPECT_EQ(names("history").size(), 1u);
    EXPECT_NE(names("history")[0], history);
}

TEST_F(LogHistory, a_history_that_cannot_be_written_stops_neither_run_nor_rotation) {
    const auto log = open();
    run(*log);
    // Not even root can open a directory for writing.
    std::filesystem::create_directories(directory_ / "logs/history.tmp/in the way");
    run(*log);
    run(*log);
    ASSERT_EQ(warnings_.size(), 1u);
    EXPECT_NE(warnings_[0].find("cannot be kept: Is a directory; training goes on"),
              std::string::npos)
        << warnings_[0];
    EXPECT_EQ(log->dropped_lines(), 0u);
    EXPECT_LE(names("training_").size(), 2u * 5);
    std::filesystem::remove_all(directory_ / "logs/history.tmp");
    run(*log);
    EXPECT_EQ(names("history_").size(), 1u);
    EXPECT_EQ(warnings_.size(), 1u);
    EXPECT_EQ(read().last_games(), games_);
}

TEST_F(LogHistory, a_history_that_cannot_be_read_is_not_replaced) {
    const auto log = open();
    run(*log);
    run(*log);
    const std::string history = in_logs(names("history_").at(0));
    std::filesystem::remove(history);
    std::filesystem::create_symlink(directory_ / "nowhere", history);
    run(*log);
    EXPECT_TRUE(std::filesystem::is_symlink(history));
    EXPECT_EQ(warnings_.size(), 1u);
}

TEST_F(LogHistory, with_a_clock_that_went_back_new_logs_are_not_taken_for_covered_ones) {
    auto log = open();
    run(*log);
    run(*log);
    log.reset();
    ASSERT_EQ(names("history_").size(), 1u);
    for (const std::string& name : names("training_"))
        std::filesystem::remove(in_logs(name));
    now_ms_ -= 86'400'000;
    const std::uint64_t starts = read().starts();
    log = open();
    log->write({Severity::info, "started", "training", {{"games", games_}}});
    log->flush();
    EXPECT_EQ(read().starts(), starts + 1);
}

TEST_F(LogHistory, a_follower_that_was_there_before_reads_no_history) {
    const auto log = open();
    std::uint64_t starts = 0;
    std::uint64_t windows = 0;
    LogFollower follower(directory_.path());
    for (int runs = 0; runs < 60; ++runs) {
        log->write({Severity::info, "started", "training", {{"games", games_}}});
        for (int i = 0; i < 100; ++i) {
            games_ += 100;
            now_ms_ += 12;
            othello::WindowReport window = {};
            window.games = 100;
            tell(*log, othello::event_window, window);
        }
        log->flush();
        while (follower.read(
            [&](std::string_view line) {
                starts += line.find("\"started\"") != std::string_view::npos;
                windows += line.find("\"window\"") != std::string_view::npos;
            },
            1'000'000)) {
        }
    }
    EXPECT_EQ(names("history_").size(), 1u);
    EXPECT_EQ(starts, 60u);
    EXPECT_EQ(windows, 6'000u);
}

}  // namespace
}  // namespace kiln::app

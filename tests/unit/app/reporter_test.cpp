#include "app/reporter.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "tests/support/temp_directory.hpp"

namespace kiln::app {
namespace {

// A reporter with a console and a log that can be read.
class ReporterTest : public testing::Test {
  protected:
    ~ReporterTest() override {
        std::fclose(stream_);
        std::free(text_);  // of open_memstream
    }

    std::string console_text() {
        std::fflush(stream_);
        return {text_, size_};
    }
    std::string log_text() {
        log.flush();
        std::ostringstream all;
        all << std::ifstream(log.path()).rdbuf();
        return all.str();
    }
    static Event strength(std::uint64_t games, othello::Opponent opponent, std::uint32_t wins) {
        othello::StrengthReport report{};
        report.opponent = opponent;
        report.wins = wins;
        report.losses = 100 - wins;
        return Event::make(othello::event_strength, games, report);
    }
    static Event window(std::uint64_t games, std::uint32_t black_wins, double difference) {
        othello::WindowReport report{};
        report.games = 100;
        report.black_wins = black_wins;
        report.white_wins = 98 - black_wins;
        report.draws = 2;
        report.stone_difference = difference;
        return Event::make(othello::event_window, games, report);
    }

  private:
    char* text_ = nullptr;
    std::size_t size_ = 0;
    std::FILE* stream_ = ::open_memstream(&text_, &size_);
    test::TempDirectory directory_;

  protected:
    RunSettings settings;
    Console console{stream_};
    RunLog log{directory_.path(), Severity::info, [](const std::string&) {}};
    Progress progress{console, settings};
    Reporter reporter{progress, log, settings};
};

TEST_F(ReporterTest, remembers_the_latest_of_each_kind_with_its_words) {
    EXPECT_TRUE(reporter.latest("values_healed").is_null());
    reporter.on_event(Event::make(EventKind::values_healed, 100, ValuesHealed{5}), 1);
    reporter.on_event(Event::make(EventKind::values_healed, 200, ValuesHealed{6}), 2);
    reporter.on_event(window(300, 50, 1), 3);
    const Json latest = reporter.latest("values_healed");
    EXPECT_EQ(latest["games"], 200);
    EXPECT_EQ(latest["text"],
              "game 200: 6 values were not finite or out of range and are neutral again");
    EXPECT_EQ(reporter.latest("window")["games"], 300);
}

TEST_F(ReporterTest, keeps_the_last_five_warnings_whoever_gave_them) {
    reporter.on_note({Severity::info, "resumed", "going on"});
    EXPECT_TRUE(reporter.warnings().empty());
    for (int i = 1; i <= 4; ++i)
        reporter.on_note({Severity::warning, "trainer_restarted", "warning " + std::to_string(i)});
    reporter.on_note({Severity::error, "paused", "error 5"});
    reporter.on_event(Event::make(EventKind::values_healed, 200, ValuesHealed{6}), 2);
    ASSERT_EQ(reporter.warnings().size(), 5u);
    EXPECT_EQ(reporter.warnings().front(), "warning 2");
    EXPECT_EQ(reporter.warnings()[3], "error 5");
    EXPECT_TRUE(reporter.warnings().back().starts_with("game 200: 6 values"));
    EXPECT_EQ(reporter.latest("trainer_restarted")["text"], "warning 4");
}

TEST_F(ReporterTest, keeps_the_first_and_the_newest_strength_against_each_opponent) {
    reporter.on_event(strength(500, othello::Opponent::random, 60), 1);
    reporter.on_event(strength(500, othello::Opponent::corner_edge, 30), 1);
    reporter.on_event(strength(1'000, othello::Opponent::random, 80), 2);
    ASSERT_EQ(reporter.first_strengths().size(), 2u);
    ASSERT_EQ(reporter.last_strengths().size(), 2u);
    EXPECT_NE(reporter.first_strengths().at("random").find("60.0 %"), std::string::npos);
    EXPECT_NE(reporter.last_strengths().at("random").find("80.0 %"), std::string::npos);
    EXPECT_EQ(reporter.first_strengths().at("corner"), reporter.last_strengths().at("corner"));
}

TEST_F(ReporterTest, has_the_newest_strength_against_each_opponent_and_all_of_them_as_a_curve) {
    reporter.on_event(strength(500, othello::Opponent::random, 60), 1);
    reporter.on_event(strength(500, othello::Opponent::corner_edge, 30), 1);
    reporter.on_event(strength(1'000, othello::Opponent::random, 80), 2);
    EXPECT_EQ(reporter.latest("strength.random")["score"], 0.8);
    EXPECT_EQ(reporter.latest("strength.corner")["score"], 0.3);
    EXPECT_TRUE(reporter.latest("strength.self").is_null());
    EXPECT_EQ(reporter.strength_curve().points().size(), 2u);
}

TEST_F(ReporterTest, adds_windows_up) {
    reporter.on_event(window(100, 40, -2), 1);
    reporter.on_event(window(200, 60, 1), 2);
    EXPECT_EQ(reporter.totals().games, 200u);
    EXPECT_EQ(reporter.totals().black_wins, 100u);
    EXPECT_EQ(reporter.totals().white_wins, 96u);
    EXPECT_EQ(reporter.totals().draws, 4u);
    EXPECT_EQ(reporter.totals().stone_difference, -100.0);
}

TEST_F(ReporterTest, tells_events_and_notes_to_the_console_and_to_the_log) {
    reporter.on_start(settings, 0, 0);
    const CheckpointSaved saved = {600, 150'000'000, 2'000'000'000, 3'000'000};
    reporter.on_event(Event::make(EventKind::checkpoint_saved, 600, saved), 2);
    reporter.on_note({Severity::info, "resumed", "going on from game 600"});
    for (const std::string& text : {console_text(), log_text()}) {
        EXPECT_NE(text.find("game 600: saved"), std::string::npos) << text;
        EXPECT_NE(text.find("going on from game 600"), std::string::npos) << text;
    }
}

}  // namespace
}  // namespace kiln::app

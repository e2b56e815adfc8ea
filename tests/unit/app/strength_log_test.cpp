#include "app/strength_log.hpp"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "app/event_text.hpp"
#include "tests/support/temp_directory.hpp"

namespace kiln::app {
namespace {

class StrengthLog : public testing::Test {
  protected:
    StrengthLog() { std::filesystem::create_directory(directory_.path() + "/logs"); }

    void write(const std::string& name, const std::string& text) {
        std::ofstream(directory_.path() + "/logs/" + name, std::ios::app) << text;
    }
    // As the log has it.
    static std::string line(const LogEntry& entry) {
        Json json = {{"time", "2026-11-21T14:30:05.123Z"},
                     {"level", "info"},
                     {"event", entry.event},
                     {"text", entry.text}};
        json.update(entry.fields);
        return dump_line(json) + "\n";
    }
    std::string trial(std::uint64_t games, std::uint64_t rival_games, std::uint32_t wins) {
        othello::StrengthReport report = {};
        report.opponent = othello::Opponent::model;
        report.opponent_games = rival_games;
        report.wins = wins;
        report.losses = 128 - wins;
        report.pairs[0] = report.losses / 2;
        report.pairs[4] = report.wins / 2;
        othello::HeldOutReport held_out = {};
        held_out.positions = 1'000;
        held_out.error = 12;
        held_out.error_by_empties[3] = 13;
        return line(teller_.tell(Event::make(othello::event_strength, games, report), 1)) +
               line(teller_.tell(Event::make(othello::event_held_out, games, held_out), 1));
    }
    static std::string start(std::uint64_t games) {
        return line({Severity::info, "started", "training", {{"games", games}}});
    }
    std::vector<std::uint64_t> games_up_to(std::uint64_t limit) const {
        std::vector<std::uint64_t> games;
        const StrengthCurve curve = read_strength_curve(directory_.path(), limit);
        for (const StrengthPoint& point : curve.points())
            games.push_back(point.games);
        return games;
    }
    const test::TempDirectory& directory() const { return directory_; }

  private:
    test::TempDirectory directory_;
    EventTeller teller_{"state"};
};

using Games = std::vector<std::uint64_t>;

TEST_F(StrengthLog, what_was_logged_is_read_back_as_it_was) {
    write("training_20261121_143005.jsonl", start(0) + trial(500, 0, 96) + trial(1'000, 0, 96));
    write("training_20261121_143005_2.jsonl", trial(1'500, 1'008, 96));
    write("training_20261121_143005.log", trial(1'600, 1'008, 96));
    const StrengthCurve curve = read_strength_curve(directory().path(), 2'000);
    ASSERT_EQ(curve.points().size(), 3u);
    const StrengthPoint& point = curve.points()[2];
    EXPECT_EQ(point.games, 1'500u);
    ASSERT_TRUE(point.against[2] && point.held_out && point.chained_elo);
    EXPECT_EQ(point.against[2]->wins, 96u);
    EXPECT_EQ(point.against[2]->opponent_games, 1'008u);
    EXPECT_EQ(point.held_out->error_by_empties[3], 13);
    EXPECT_NEAR(point.chained_elo->value, 2 * 190.8, 0.2);
}

TEST_F(StrengthLog, the_chain_goes_on_where_trials_are_lost) {
    std::string last;
    for (std::uint64_t games = 1'000; games <= 64'000; games *= 2)
        last = trial(games, games / 2, 96);
    write("training_1.jsonl", last);
    const StrengthCurve curve = read_strength_curve(directory().path(), 100'000);
    ASSERT_EQ(curve.points().size(), 1u);
    EXPECT_EQ(curve.origin_games(), 500u);
    EXPECT_NEAR(curve.points()[0].chained_elo->value, 7 * 190.8, 1);
}

TEST_F(StrengthLog, what_lies_beyond_where_the_run_goes_on_is_left_out) {
    write("training_1.jsonl", start(0) + trial(500, 0, 96) + trial(1'000, 0, 96));
    EXPECT_EQ(games_up_to(1'000), (Games{500, 1'000}));
    EXPECT_EQ(games_up_to(999), Games{500});
    EXPECT_EQ(games_up_to(0), Games{});
    // It went back before, and further on another way.
    write("training_2.jsonl", start(600) + trial(700, 0, 96));
    EXPECT_EQ(games_up_to(5'000), (Games{500, 700}));
    // Another run in the same directory.
    write("training_3.jsonl", start(0) + trial(900, 0, 96));
    EXPECT_EQ(games_up_to(5'000), Games{900});
}

TEST_F(StrengthLog, lines_that_are_no_measurements_are_passed_over) {
    const std::string whole = trial(500, 0, 96);
    std::string lines = "\n{}\nnull\n\"event\":\"strength\"\n{\"event\":\"strength\"}\n";
    for (const char* broken :
         {R"({"event":"strength","games":-1,"opponent":"self","wins":1})",
          R"({"event":"held_out","games":1e300,"positions":1})",
          R"({"event":"held_out","games":400,"positions":1,"error":"x","error_by_empties":[1]})",
          R"({"event":"started","games":"none"})", "{\"event\":\"strength\",\xff\x01"})
        lines += std::string(broken) + "\n";
    for (std::size_t length = 0; length < whole.find('\n'); length += 7)
        lines += whole.substr(0, length) + "\n";
    write("training_1.jsonl", lines + whole + lines + whole.substr(0, 40));
    EXPECT_EQ(games_up_to(5'000), Games{500});
    write("training_2.jsonl", std::string(1'000'000, 'x') + "\n" + trial(600, 0, 96));
    EXPECT_EQ(games_up_to(5'000), (Games{500, 600}));
}

TEST_F(StrengthLog, without_logs_there_is_no_curve) {
    EXPECT_TRUE(read_strength_curve(directory().path(), 100).points().empty());
    EXPECT_TRUE(read_strength_curve(directory().path() + "/none", 100).points().empty());
    std::filesystem::create_directory(directory().path() + "/logs/training_1.jsonl");
    EXPECT_TRUE(read_strength_curve(directory().path(), 100).points().empty());
}

}  // namespace
}  // namespace kiln::app

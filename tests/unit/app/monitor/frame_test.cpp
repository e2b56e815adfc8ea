#include "app/monitor/frame.hpp"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/support/router_log.hpp"

namespace kiln::app {
namespace {

constexpr Look unicode = {true, true};
constexpr Look ascii = {false, false};
constexpr double now = 1'795'292'576;

// A run in the middle of it: six thousand games, four trials, a restart.
void fill(RunHistory& history) {
    const std::string head = R"({"time":"2026-11-21T20:22:27.571Z","level":"info","text":"t",)";
    for (int i = 1; i <= 60; ++i)
        history.add_line(
            head + fmt::format(R"("event":"window","games":{},"window_games":100,"seconds":{},)"
                               R"("black_wins":48,"white_wins":{},"draws":{},)"
                               R"("stone_difference":{},"prediction_error":{}}})",
                               100 * i, 0.25 * i + 0.02 * (i % 7), 52 - i % 5, i % 5,
                               6 - (i * 7) % 13, 20.0 - i / 5.0));
    for (int i = 1; i <= 4; ++i) {
        const int games = 1'500 * i;
        const auto score = [&](const char* opponent, double value, const std::string& more) {
            history.add_line(
                head + fmt::format(R"("event":"strength","games":{},"opponent":"{}","score":{},)"
                                   R"("score_lower":{},"score_upper":{},"stone_difference":3{}}})",
                                   games, opponent, value, value - 0.05, value + 0.04, more));
        };
        score("random", 0.75 + 0.05 * i, "");
        score("corner", 0.2 + 0.1 * i, "");
        score("self", 0.6,
              fmt::format(R"(,"opponent_games":{},"chained_elo":{},"chained_elo_lower":{},)"
                          R"("chained_elo_upper":{})",
                          games - 1'000, 70 * i, 60 * i, 80 * i));
        history.add_line(
            head +
            fmt::format(R"("event":"held_out","games":{},"error":{},"error_by_empties":[9,10,11,)"
                        R"(12],"mobility_error":18.7,"winner_share":0.86}})",
                        games, 20 - 2 * i));
    }
    history.add_line(
        R"({"time":"2026-11-21T20:22:40.000Z","level":"warning","event":"trainer_restarted",)"
        R"("text":"at game 6,000 the trainer was ended by Killed; going on from game 6,000",)"
        R"("games":6000,"from":6000})");
}

RunSnapshot running() {
    RunSnapshot run;
    run.state = "training";
    run.uptime_seconds = 75;
    run.games = 6'000;
    run.target_games = 60'000;
    run.games_per_second = 412;
    run.seconds_left = 131;
    run.restarts = 1;
    run.budget_bytes = 600'000'000;
    run.planned_bytes = 412'000'000;
    run.resident_bytes = 338'200'000;
    run.workers = {{0, "playing", 6'001, 0.012, 0.003}, {1, "absorbing", 6'002, 0.4, 0.7}};
    return run;
}

MemorySnapshot memory() {
    MemorySnapshot memory;
    memory.budget_bytes = 600'000'000;
    memory.regions = {{"optimiser state", "othello", 98'979'360, 98'979'360, {}, false},
                      {"checkpoint copy", "session", 140'589'528, 140'589'528, {}, false},
                      {"pattern weights", "othello", 20'795'340, 20'795'340, {}, false},
                      {"transposition table", "othello", 33'554'432, 33'554'432, {}, false},
                      {"cold heap", "supervisor", 33'554'432, 225'200, {}, true}};
    memory.accounted_bytes = 338'600'000;
    memory.difference_percent = -0.12;
    memory.huge_page_bytes = 283'115'520;
    memory.faults_since_seal = 0;
    return memory;
}

class Frame : public testing::Test {
  protected:
    Frame() {
        fill(history_);
        view_.state_directory = "/var/lib/kiln";
        view_.now = now;
        view_.contact = Contact::live;
        view_.run = running();
        view_.memory = memory();
        view_.history = &history_;
        view_.checkpoints = {{"game-000000006000.ckpt", 6'000, 140'600'724, 13},
                             {"game-000000004000.ckpt", 4'000, 140'600'724, 4'000}};
    }
    // As the trainer has ended: what it will take again is a plan.
    void pause() {
        view_.run->state = "paused";
        view_.run->reason = "asked to pause";
        view_.run->resident_bytes = 7'300'000;
        view_.run->games_per_second.reset();
        view_.run->seconds_left.reset();
        view_.run->workers.clear();
        view_.memory->accounted_bytes.reset();
        view_.memory->difference_percent.reset();
        view_.memory->huge_page_bytes.reset();
        view_.memory->faults_since_seal.reset();
        for (RegionSnapshot& region : view_.memory->regions)
            region.used_bytes.reset();
    }
    std::string draw(int width, int height, const Look& look = unicode) const {
        return draw_frame(view_, width, height, look).plain_text();
    }
    MonitorView& view() { return view_; }

  private:
    RunHistory history_;
    MonitorView view_;
};

// KILN_WRITE_GOLDEN=1 in the environment writes what is compared otherwise: read it then.
void expect_golden(const std::string& text, const std::string& name) {
    const std::string path = std::string(KILN_GOLDEN) + "/monitor/" + name;
    if (std::getenv("KILN_WRITE_GOLDEN") != nullptr)
        std::ofstream(path) << text;
    std::ifstream file(path);
    std::stringstream golden;
    golden << file.rdbuf();
    EXPECT_EQ(text, golden.str()) << path;
}

TEST_F(Frame, at_80_by_24_is_as_it_was) {
    expect_golden(draw(80, 24), "frame_80x24.txt");
}
TEST_F(Frame, at_120_by_40_is_as_it_was) {
    expect_golden(draw(120, 40), "frame_120x40.txt");
}
TEST_F(Frame, in_ascii_is_as_it_was) {
    const std::string text = draw(80, 24, ascii);
    expect_golden(text, "frame_80x24_ascii.txt");
    for (const char c : text)
        ASSERT_TRUE(c == '\n' || (c >= ' ' && c <= '~'));
}

TEST_F(Frame, of_a_paused_run_is_as_it_was) {
    pause();
    expect_golden(draw(80, 24), "frame_80x24_paused.txt");
}
TEST_F(Frame, what_is_only_planned_is_drawn_faint) {
    const auto bars_in = [&](Style style) {
        const Canvas canvas = draw_frame(view(), 80, 24, unicode);
        int bars = 0;
        for (int y = 15; y < 20; ++y)  // below the kernel's
            bars += canvas.at(16, y).glyph == U'█' && canvas.at(16, y).style == style;
        return bars;
    };
    EXPECT_GT(bars_in(Style::first), 0);
    EXPECT_EQ(bars_in(Style::faint), 0);
    pause();
    EXPECT_EQ(bars_in(Style::first), 0);
    EXPECT_GT(bars_in(Style::faint), 0);
}

// A router in its twentieth epoch, whose fifteenth was the best.
class RouterFrame : public Frame {
  protected:
    RouterFrame() {
        for (std::uint32_t epoch = 1; epoch <= 20; ++epoch)
            epochs_.add_line(test::epoch_line(test::pass_report(epoch, 15)));
        view().history = &epochs_;
        view().state_directory = "state/digits";
        view().run->workload = "router";
        view().run->games = 1'000;
        view().run->target_games = 3'000;
        view().run->workers[0].ticket = 1'001;
        view().run->workers[1].ticket = 1'002;
        view().memory->regions = {{"checkpoint copy", "session", 20'480, 20'480, {}, false},
                                  {"router samples", "router", 1'840'128, 1'840'128, {}, false}};
        view().checkpoints = {{"game-000000000800.ckpt", 800, 18'944, 13},
                              {"game-000000000400.ckpt", 400, 18'944, 4'000}};
    }
    RunHistory& epochs() { return epochs_; }

  private:
    RunHistory epochs_;
};

TEST_F(RouterFrame, at_80_by_24_is_as_it_was) {
    const std::string text = draw(80, 24);
    expect_golden(text, "router_80x24.txt");
    EXPECT_EQ(text.find("game"), std::string::npos);
}
TEST_F(RouterFrame, at_120_by_40_is_as_it_was) {
    const std::string text = draw(120, 40);
    expect_golden(text, "router_120x40.txt");
    EXPECT_EQ(text.find("game"), std::string::npos);
}
TEST_F(RouterFrame, in_ascii_tells_its_curves_by_letters) {
    expect_golden(draw(80, 24, ascii), "router_80x24_ascii.txt");
}

TEST_F(RouterFrame, one_that_ended_early_says_so_until_somebody_goes_on) {
    epochs().add_line(test::end_line({20, 1, 15, 321, 0.1875}));
    view().contact = Contact::absent;
    view().why_not = "nobody is training in state/digits; waiting for a run";
    EXPECT_NE(draw(80, 24).find("not training"), std::string::npos) << "its end is not saved";
    view().checkpoints.front().games = 1'000;
    view().run->games = 950;
    const std::string text = draw(80, 24);
    EXPECT_NE(text.find("finished"), std::string::npos) << text;
    EXPECT_NE(text.find(" 33.3 %"), std::string::npos) << "the last answer is older\n" << text;
    EXPECT_NE(text.find("ended after 20 epochs, out of patience; kept: epoch 15, validation loss "
                        "0.1875\n"),
              std::string::npos)
        << text;
    EXPECT_EQ(text.find("not training"), std::string::npos);
}

TEST_F(RouterFrame, is_told_by_its_log_when_it_does_not_answer) {
    view().run.reset();
    view().contact = Contact::absent;
    const std::string text = draw(80, 24);
    EXPECT_NE(text.find(" loss "), std::string::npos) << text;
    EXPECT_NE(text.find("tickets/s"), std::string::npos) << text;
}

TEST_F(RouterFrame, a_number_that_is_learned_has_no_panel_of_classes) {
    epochs() = RunHistory();
    router::PassReport number = test::pass_report(1);
    number.accuracy = number.auc = number.calibration_error = number.training_accuracy = 0;
    epochs().add_line(test::epoch_line(number));
    for (const int width : {80, 120}) {
        const std::string text = draw(width, 40);
        EXPECT_EQ(text.find("right, %"), std::string::npos) << text;
        EXPECT_EQ(text.find("AUC"), std::string::npos) << text;
        EXPECT_NE(text.find("learning rate"), std::string::npos) << text;
    }
}

TEST_F(RouterFrame, the_null_workload_has_only_its_speed) {
    epochs() = RunHistory();
    view().run->workload = "null";
    view().rates = {{now, 100}, {now + 1, 120}};
    for (const int width : {80, 120}) {
        const std::string text = draw(width, 40);
        EXPECT_NE(text.find("games/s, as seen here"), std::string::npos) << text;
        EXPECT_EQ(text.find("nothing measured yet"), std::string::npos) << text;
    }
}

TEST_F(RouterFrame, help_is_about_what_the_charts_show) {
    view().is_help_open = true;
    EXPECT_NE(draw(80, 24).find("those that are held back"), std::string::npos);
    EXPECT_EQ(draw(80, 24).find("black minus white"), std::string::npos);
}

TEST_F(Frame, has_every_row_and_stays_within_any_size) {
    view().is_help_open = true;
    for (const int width : {0, 1, 20, 79, 80, 81, 119, 120, 121, 300, 1'000})
        for (const int height : {0, 1, 10, 23, 24, 25, 39, 60, 200}) {
            const Canvas canvas = draw_frame(view(), width, height, unicode);
            EXPECT_EQ(canvas.width(), width);
            EXPECT_EQ(canvas.height(), height);
        }
}

TEST_F(Frame, a_terminal_that_is_too_small_is_told_what_would_do) {
    EXPECT_NE(draw(60, 20).find("needs 80 columns and 24 rows"), std::string::npos);
    EXPECT_NE(draw(60, 20).find("this terminal has 60 and 20"), std::string::npos);
    EXPECT_EQ(draw(60, 20).find("games/s"), std::string::npos);
}

TEST_F(Frame, a_run_that_is_not_there_says_why_and_keeps_its_curves) {
    view().contact = Contact::absent;
    view().why_not = "nobody is training in /var/lib/kiln; waiting for a run";
    view().memory.reset();
    const std::string text = draw(80, 24);
    EXPECT_NE(text.find("not training"), std::string::npos);
    EXPECT_NE(text.find("waiting for a run"), std::string::npos);
    EXPECT_NE(text.find("14"), std::string::npos);
    EXPECT_EQ(text.find(" left"), std::string::npos) << "nobody knows how long it takes";
}

TEST_F(Frame, nothing_known_at_all_is_a_frame_too) {
    const RunHistory nothing;
    MonitorView empty;
    empty.history = &nothing;
    empty.is_reading_logs = true;
    const std::string text = draw_frame(empty, 80, 24, unicode).plain_text();
    EXPECT_NE(text.find("asking the run"), std::string::npos);
    EXPECT_NE(text.find("reading the logs"), std::string::npos);
}

TEST_F(Frame, the_logs_of_another_kind_of_run_leave_the_speed_seen_here) {
    const RunHistory nothing;
    view().history = &nothing;
    view().rates = {{now, 100}, {now + 1, 120}};
    EXPECT_NE(draw(80, 24).find("games/s, as seen here"), std::string::npos);
}

TEST_F(Frame, a_slow_worker_stands_out_and_comes_first_when_there_are_many) {
    const Canvas canvas = draw_frame(view(), 80, 24, unicode);
    int slow = 0;
    for (int y = 0; y < canvas.height(); ++y)
        for (int x = 41; x < canvas.width(); ++x)
            slow += canvas.at(x, y).style == Style::warning && canvas.at(x, y).glyph == U'7';
    EXPECT_EQ(slow, 1) << "beat 700 ms ago";
    view().run->workers.clear();
    for (std::uint64_t worker = 0; worker < 64; ++worker)
        view().run->workers.push_back(
            {worker, "playing", worker, 0.1, 0.001 * static_cast<double>(worker + 1)});
    const std::string text = draw(80, 24);
    EXPECT_NE(text.find("63 playing"), std::string::npos);
    EXPECT_NE(text.find("60 more"), std::string::npos) << text;
}

TEST_F(Frame, checkpoints_that_cannot_be_listed_are_not_said_to_be_none) {
    view().checkpoints.clear();
    view().checkpoint_problem = "cannot list /var/lib/kiln: too many files";
    const std::string text = draw(120, 40);
    EXPECT_NE(text.find("cannot list /var/lib/kiln"), std::string::npos) << text;
    EXPECT_EQ(text.find("none yet"), std::string::npos);
}

TEST_F(Frame, questions_and_answers_take_the_place_of_the_keys) {
    EXPECT_NE(draw(80, 24).find("p pause"), std::string::npos);
    view().question = "pause?";
    EXPECT_NE(draw(80, 24).find("pause?  y yes  n no"), std::string::npos);
    view().question.clear();
    view().message = "save: saved game 6,000";
    EXPECT_NE(draw(80, 24).find("save: saved game 6,000"), std::string::npos);
}

TEST_F(Frame, hostile_text_stays_in_its_place) {
    view().state_directory = "\x1b[2J\n" + std::string(500, 'x');
    view().run->state = std::string(300, 'y');
    view().run->reason = std::string(300, 'z');
    view().run->warnings = {std::string(3'000, 'w')};
    view().message = std::string(500, 'm');
    const std::string text = draw(80, 24);
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    std::istringstream lines(text);
    int rows = 0;
    for (std::string line; std::getline(lines, line); ++rows)
        EXPECT_LE(columns_of(line).size(), 80u * 3) << line;
    EXPECT_EQ(rows, 24);
}

}  // namespace
}  // namespace kiln::app

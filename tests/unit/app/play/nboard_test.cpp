#include "app/play/nboard.hpp"

#include <regex>

#include <gtest/gtest.h>

#include "tests/support/playing.hpp"

namespace kiln::app {
namespace {

const std::string cells = "---------------------------O*------*O---------------------------";

class Nboard : public testing::Test {
  protected:
    // What is said to a line.
    std::vector<std::string> ask(const std::string& line) {
        rig.said.clear();
        EXPECT_TRUE(nboard.answer(line)) << line;
        return rig.said;
    }
    std::string answers(const std::string& line) {
        std::string all;
        for (const std::string& answer : ask(line))
            all += answer + "\n";
        return all;
    }
    void set_game(const std::string& body) { EXPECT_EQ(answers("set game (;" + body + ";)"), ""); }

    test::PlayingRig rig;
    NboardDialogue nboard{rig.engine, {.depth = 3}, rig.say(), rig.complain()};
};

bool matches(const std::string& text, const char* pattern) {
    return std::regex_match(text, std::regex(pattern));
}

TEST_F(Nboard, introduces_itself) {
    EXPECT_EQ(answers("nboard 2"), "set myname Kiln\n");
    EXPECT_TRUE(rig.complaints.empty());
    EXPECT_EQ(answers("nboard 3"), "set myname Kiln\n");
    EXPECT_EQ(rig.complaints.size(), 1u);
}

TEST_F(Nboard, go_answers_with_move_evaluation_and_time_and_does_not_play_it) {
    set_game("GM[Othello]BO[8 " + cells + " *]B[F5]");
    const othello::Position before = nboard.game().position();
    EXPECT_TRUE(matches(answers("go"),
                        "status Kiln is thinking\nnodestats \\d+ \\d+\\.\\d\\d\n"
                        "=== (d6|f4|f6)/-?\\d+\\.\\d\\d/\\d+\\.\\d\\d\nstatus Kiln is waiting\n"))
        << answers("go");
    EXPECT_EQ(nboard.game().position(), before);
}

TEST_F(Nboard, moves_come_with_or_without_evaluation_and_time) {
    for (const char* move : {"move F5", "move d6/1.50", "move C3/-2/0.01", "move d3//3"})
        EXPECT_EQ(answers(move), "") << move;
    EXPECT_EQ(nboard.game().moves(), "f5d6c3d3");
}

TEST_F(Nboard, a_pass_is_asked_for_played_and_taken) {
    set_game("BO[8 -O******" + std::string(56, '-') + " O]");
    EXPECT_NE(answers("go").find("\n=== PA/"), std::string::npos);
    const std::string hint = answers("hint 2");
    EXPECT_TRUE(std::regex_search(hint, std::regex("\nsearch PAa1 -64.00 0 \\d+\n"))) << hint;
    EXPECT_EQ(answers("move PA"), "");
    EXPECT_NE(answers("go").find("\n=== a1/64.00/"), std::string::npos);
    EXPECT_EQ(answers("move PA"), "status Error: move 'PA': black cannot play that now\n");
}

TEST_F(Nboard, hint_ranks_the_best_moves_depth_by_depth) {
    std::vector<std::string> last;
    std::vector<std::string> all;
    for (const std::string& line : ask("hint 2")) {
        if (line.starts_with("search "))
            all.push_back(line);
    }
    ASSERT_EQ(all.size(), 6u) << "two moves at depths 1, 2 and 3";
    for (std::size_t i = 0; i < all.size(); ++i) {
        EXPECT_TRUE(matches(all[i], "search [a-h][1-8]([a-h][1-8])? -?\\d+\\.\\d\\d 0 \\d+"))
            << all[i];
        EXPECT_EQ(all[i].back(), static_cast<char>('1' + i / 2));
    }
    EXPECT_NE(all[4].substr(7, 2), all[5].substr(7, 2));
    EXPECT_EQ(rig.said.back(), "status Kiln is waiting");
    EXPECT_TRUE(rig.said[rig.said.size() - 2].starts_with("nodestats "));
}

TEST_F(Nboard, depth_is_what_the_board_sets) {
    EXPECT_EQ(answers("set depth 5"), "");
    const std::string hint = answers("hint 1");
    EXPECT_NE(hint.find(" 0 5\n"), std::string::npos) << hint;
    EXPECT_EQ(answers("set depth 1"), "");
    EXPECT_EQ(answers("hint 1").find(" 0 2\n"), std::string::npos);
    EXPECT_EQ(answers("set depth 1000000"), "") << "more plies than there are is all of them";
    for (const char* wrong : {"set depth", "set depth 0", "set depth -1", "set depth x"})
        EXPECT_EQ(answers(wrong).find("status Error: set depth"), 0u) << wrong;
}

TEST_F(Nboard, pings_are_answered_in_their_order) {
    EXPECT_EQ(answers("ping 1"), "pong 1\n");
    EXPECT_EQ(answers("  ping\t-42 "), "status Error: ping '-42 ': a whole number\n");
    EXPECT_EQ(answers("ping -42"), "pong -42\n");
    for (const char* wrong : {"ping", "ping x", "ping -", "ping 99999999999999999999"})
        EXPECT_EQ(answers(wrong).find("status Error: ping"), 0u) << wrong;
}

TEST_F(Nboard, a_ping_and_the_end_stop_the_search_before_them) {
    for (const char* urgent : {"ping 1", " ping 2", "ping", "quit"})
        EXPECT_TRUE(NboardDialogue::is_urgent(urgent)) << urgent;
    for (const char* patient : {"", "go", "pings", "hint 4", "move PA", "set game ping"})
        EXPECT_FALSE(NboardDialogue::is_urgent(patient)) << patient;
}

TEST_F(Nboard, a_stopped_go_still_answers_once) {
    rig.stop = true;
    EXPECT_EQ(answers("set depth 60"), "");
    const std::string said = answers("go");
    EXPECT_NE(said.find("\n=== "), std::string::npos);
    EXPECT_EQ(said.find("\n=== "), said.rfind("\n=== "));
}

TEST_F(Nboard, learns_nothing_and_says_so_as_the_protocol_wants) {
    EXPECT_EQ(answers("learn"), "learned\n");
}

TEST_F(Nboard, unknown_lines_are_passed_over_and_complained_about_once_a_word) {
    for (int i = 0; i < 3; ++i)
        for (const char* line : {"fly 3", "set colour red", "", "   ", "set contempt 5"})
            EXPECT_EQ(answers(line), "") << line;
    ASSERT_EQ(rig.complaints.size(), 2u);
    EXPECT_EQ(rig.complaints[0], "'fly' is not understood; lines with it are passed over");
    for (int i = 0; i < 10'000; ++i)
        (void)ask("noise" + std::to_string(i));
    EXPECT_LT(rig.complaints.size(), 100u);
}

TEST_F(Nboard, a_wrong_line_leaves_the_game_as_it_was) {
    set_game("B[F5]W[D6]");
    for (const std::string& line :
         {std::string("set game"), std::string("set game (;BO[8 x];)"),
          std::string("set game (;B[F5]B[D6];)"), std::string("move"), std::string("move a1"),
          std::string("move PA"), std::string("move \xff\xfe"), std::string("hint"),
          std::string("hint 0"), std::string("hint -1"), std::string(200'000, 'x'),
          "move F6" + std::string(70'000, ' ')}) {
        EXPECT_EQ(answers(line).find("status Error: "), 0u) << line.substr(0, 40);
        EXPECT_EQ(nboard.game().moves(), "f5d6");
    }
}

TEST_F(Nboard, a_finished_game_is_told) {
    set_game("BO[8 *" + std::string(63, '-') + " O]");
    EXPECT_NE(answers("go").find("=== PA/-64.00/"), std::string::npos);
    EXPECT_EQ(rig.said.back(), "status The game is over");
    EXPECT_EQ(answers("hint 3"), "status Error: hint: the game is over\n");
}

TEST_F(Nboard, quit_is_the_last_line) {
    EXPECT_FALSE(nboard.answer("quit"));
}

}  // namespace
}  // namespace kiln::app

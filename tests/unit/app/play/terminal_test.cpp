#include "app/play/terminal.hpp"

#include <gtest/gtest.h>

#include "tests/support/playing.hpp"

namespace kiln::app {
namespace {

using othello::Colour;

class Terminal : public testing::Test {
  protected:
    std::string answers(TerminalDialogue& terminal, const std::string& line) {
        rig.said.clear();
        EXPECT_TRUE(terminal.answer(line)) << line;
        return said();
    }
    std::string said() const {
        std::string all;
        for (const std::string& line : rig.said)
            all += line + "\n";
        return all;
    }

    test::PlayingRig rig;
    TerminalDialogue black{rig.engine, {.depth = 2}, Colour::black, rig.say()};
    TerminalDialogue white{rig.engine, {.depth = 2}, Colour::white, rig.say()};
};

TEST_F(Terminal, begins_with_the_board_and_who_plays_what) {
    black.begin();
    EXPECT_EQ(said().find("You play black (X)."), 0u);
    EXPECT_NE(said().find("\n4 - - . O X - - - 4\n5 - - - X O . - - 5\n"), std::string::npos)
        << said();
    EXPECT_EQ(black.game().move_count(), 0u);
    EXPECT_EQ(black.prompt(), "black> ");
}

TEST_F(Terminal, kiln_begins_when_the_person_is_white) {
    white.begin();
    EXPECT_EQ(white.game().move_count(), 1u);
    EXPECT_NE(said().find("Kiln plays "), std::string::npos);
    EXPECT_EQ(white.game().position().to_move, Colour::white);
}

TEST_F(Terminal, a_move_is_played_and_answered) {
    black.begin();
    const std::string answer = answers(black, " F5 ");
    EXPECT_EQ(answer.find("Kiln plays "), 0u) << answer;
    EXPECT_EQ(black.game().move_count(), 2u);
    EXPECT_EQ(black.game().moves().substr(0, 2), "f5");
}

TEST_F(Terminal, a_wrong_move_says_what_would_be_right) {
    black.begin();
    EXPECT_EQ(answers(black, "a1"), "'a1' is not legal here; you can play d3 c4 f5 e6\n");
    EXPECT_EQ(answers(black, "pass"), "'pass' is not legal here; you can play d3 c4 f5 e6\n");
    EXPECT_EQ(answers(black, "f9"), "'f9' is not a move; type a square like f5, or help\n");
    EXPECT_EQ(answers(black, "f5 d6"), "'f5 d6' is not a move; type a square like f5, or help\n");
    const std::string noise = answers(black, "\x1b[2J" + std::string(5000, '\x07'));
    EXPECT_EQ(noise.find_first_of("\x1b\x07"), std::string::npos);
    EXPECT_LT(noise.size(), 120u);
    EXPECT_EQ(answers(black, ""), "");
    EXPECT_EQ(black.game().move_count(), 0u);
}

TEST_F(Terminal, undo_takes_back_to_the_persons_last_move) {
    black.begin();
    EXPECT_EQ(answers(black, "undo"), "there is no move of yours to take back\n");
    (void)answers(black, "f5");
    const othello::Position before = black.game().position();
    (void)answers(black, othello::square_name(static_cast<othello::Square>(std::countr_zero(
                                                  othello::legal_moves(before.board))))
                             .text);
    (void)answers(black, "undo");
    EXPECT_EQ(black.game().position(), before);
    white.begin();
    const othello::Position first = white.game().position();
    EXPECT_EQ(answers(white, "undo"), "there is no move of yours to take back\n");
    EXPECT_EQ(white.game().position(), first) << "Kiln's first move stays";
}

TEST_F(Terminal, hint_values_the_moves_and_plays_none) {
    black.begin();
    const std::string hint = answers(black, "hint");
    EXPECT_EQ(std::count(hint.begin(), hint.end(), '\n'), 4);
    EXPECT_NE(hint.find("f5  "), std::string::npos);
    EXPECT_NE(hint.find(" discs, at depth 2"), std::string::npos) << hint;
    EXPECT_EQ(black.game().move_count(), 0u);
}

TEST_F(Terminal, help_and_board_say_what_they_should) {
    black.begin();
    for (const char* word : {"hint", "undo", "board", "quit"})
        EXPECT_NE(answers(black, "help").find(std::string("\n") + word), std::string::npos);
    EXPECT_NE(answers(black, "board").find("black (X) 2, white (O) 2, empty 60"),
              std::string::npos);
}

TEST_F(Terminal, a_whole_game_ends_with_its_result) {
    for (TerminalDialogue* terminal : {&black, &white}) {
        terminal->begin();
        while (!terminal->game().is_over()) {
            const othello::Board board = terminal->game().position().board;
            const auto move =
                static_cast<othello::Square>(std::countr_zero(othello::legal_moves(board)));
            rig.said.clear();
            const bool goes_on = terminal->answer(othello::square_name(move).text);
            EXPECT_EQ(goes_on, !terminal->game().is_over());
        }
        const int lead = terminal->game().black_lead() * (terminal == &black ? 1 : -1);
        const std::string result = lead == 0  ? "a draw."
                                   : lead > 0 ? "you win by " + std::to_string(lead) + "."
                                              : "Kiln wins by " + std::to_string(-lead) + ".";
        EXPECT_NE(said().find("The game is over: " + result), std::string::npos) << said();
        EXPECT_NE(said().find("Its moves: " + terminal->game().moves()), std::string::npos);
    }
}

TEST_F(Terminal, leaving_tells_the_moves_so_far) {
    black.begin();
    (void)answers(black, "f5");
    rig.said.clear();
    EXPECT_FALSE(black.answer("quit"));
    EXPECT_EQ(said(), "The game is not over. Its moves: " + black.game().moves() + "\n");
}

}  // namespace
}  // namespace kiln::app

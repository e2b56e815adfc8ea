#include "app/play/ggf.hpp"

#include <gtest/gtest.h>

namespace kiln::app {
namespace {

using othello::Colour;

const std::string cells = "---------------------------O*------*O---------------------------";

std::variant<Game, std::string> read(const std::string& body) {
    return read_ggf("(;GM[Othello]" + body + ";)");
}

Game game_of(const std::string& body) {
    const auto game = read(body);
    if (const auto* wrong = std::get_if<std::string>(&game))
        ADD_FAILURE() << body << ": " << *wrong;
    return game.index() == 0 ? std::get<Game>(game) : Game();
}

std::string complaint(const std::string& text) {
    const auto game = read_ggf(text);
    return game.index() == 1 ? std::get<std::string>(game) : "";
}

std::string complaint_about(const std::string& body) {
    return complaint("(;GM[Othello]" + body + ";)");
}

// The example of the NBoard protocol.
TEST(Ggf, reads_the_game_that_nboard_sends) {
    const Game game = game_of(
        "PC[NBoard]DT[2014-02-21 20:52:27 GMT]PB[./mEdax]PW[chris]RE[?]TI[15:00]TY[8]BO[8 " +
        cells + " *]B[F5]W[F6]B[D3]W[C5]B[E6]W[F7]B[E7]W[F4]");
    EXPECT_EQ(game.moves(), "f5f6d3c5e6f7e7f4");
    EXPECT_EQ(game.position(), othello::play_moves({}, "f5f6d3c5e6f7e7f4").value());
}

TEST(Ggf, moves_may_have_evaluations_and_times) {
    EXPECT_EQ(game_of("TY[8]BO[8 " + cells + " *]B[f5/1.50/0.3]W[D6//2]B[ C3 ]").moves(), "f5d6c3");
}

TEST(Ggf, a_board_may_be_any_with_either_side_to_move) {
    const Game game = game_of("BO[8 " + cells + " O]W[F4]");
    EXPECT_EQ(game.position().to_move, Colour::black);
    EXPECT_EQ(game.moves(), "f4");
    const Game rows =
        game_of("BO[8 -*O----- -------- -------- -------- -------- -------- -------- -------- *]");
    EXPECT_EQ(rows.position(),
              othello::parse_position("-XO" + std::string(61, '-') + " X").value());
}

TEST(Ggf, a_pass_may_be_written_or_left_out) {
    const std::string start = "BO[8 -O******" + std::string(56, '-') + " O]";
    EXPECT_EQ(game_of(start + "W[PA]B[A1]").moves(), "--a1");
    EXPECT_EQ(game_of(start + "W[pass]B[A1]").moves(), "--a1");
    EXPECT_EQ(game_of(start + "B[A1]").moves(), "a1");
}

TEST(Ggf, without_a_board_it_is_the_usual_one) {
    EXPECT_EQ(game_of("B[F5]").moves(), "f5");
    EXPECT_EQ(std::get<Game>(read_ggf("(;;)")).position(), othello::Position());
    EXPECT_EQ(std::get<Game>(read_ggf(" (; ;)\r\n")).position(), othello::Position());
}

TEST(Ggf, what_is_wrong_is_told_with_its_place) {
    EXPECT_EQ(complaint(""), "GGF, character 1: a game begins with (;");
    EXPECT_EQ(complaint("(;GM[Othello]"), "GGF, character 14: it ends before the end ;)");
    EXPECT_EQ(complaint("(;GM[Othello"), "GGF, character 6: the value is not closed with ]");
    EXPECT_EQ(complaint("(;GM;)"), "GGF, character 5: a property's value begins with [");
    EXPECT_EQ(complaint("(;7;)"),
              "GGF, character 3: a property like B[F5] or the end ;) is expected");
    EXPECT_EQ(complaint("(;;) (;;)"),
              "GGF, character 6: one game is expected, and something follows it");
    EXPECT_EQ(complaint("(;GM[Amazons];)"),
              "GGF, character 6: it is a game of 'Amazons', not of Othello");
    EXPECT_EQ(complaint("(;TY[10];)"), "GGF, character 6: type '10' is not played on 8x8 squares");
}

TEST(Ggf, a_wrong_board_is_refused) {
    for (const std::string& value :
         {std::string(), std::string("8"), "8 " + cells, "8 " + cells + "-", "8 " + cells + " * *",
          "10 " + cells + " *", "8" + cells + " *", std::string("8 start"),
          "8 " + cells.substr(1) + " *", "8 ?" + cells.substr(1) + " *"})
        EXPECT_NE(complaint_about("BO[" + value + "]"), "") << value;
    EXPECT_EQ(complaint_about("BO[8 " + cells.substr(1) + "? *]"),
              "GGF, character 17: character 66 of the board is none of * O -");
    EXPECT_NE(complaint_about("BO[8 " + cells + " *]BO[8 " + cells + " *]"), "");
    EXPECT_NE(complaint_about("B[F5]BO[8 " + cells + " *]"), "") << "the board comes first";
}

TEST(Ggf, a_wrong_move_is_named) {
    EXPECT_EQ(complaint_about("B[F5]W[F5]"),
              "GGF, character 21: white cannot play 'F5' as move 2, white is to move");
    EXPECT_EQ(complaint_about("B[F5]B[D3]"),
              "GGF, character 21: black cannot play 'D3' as move 2, white is to move");
    EXPECT_EQ(complaint_about("B[PA]"),
              "GGF, character 16: black cannot play 'PA' as move 1, black is to move");
    EXPECT_EQ(complaint_about("B[I9]"), "GGF, character 16: 'I9' is no move like F5 or PA");
    // Somebody's bytes come back cut and on one line.
    const std::string wrong = complaint_about("B[" + std::string(5000, '\n') + "x\x01\x02]");
    EXPECT_EQ(wrong.find_first_of("\n\x01\x02"), std::string::npos);
    EXPECT_LT(complaint_about("B[" + std::string(5000, 'x') + "]").size(), 120u);
}

}  // namespace
}  // namespace kiln::app

#include "app/play/game.hpp"

#include <gtest/gtest.h>

namespace kiln::app {
namespace {

using othello::Colour;
using othello::no_square;
using othello::Position;
using othello::Square;

Square at(const char* name) {
    return othello::parse_square(name).value();
}

Position board(const char* text) {
    return othello::parse_position(text).value();
}

// White has no move and black has one, a1, which takes white's last disc.
const Position white_must_pass = board(
    "-OXXXXXX"
    "--------"
    "--------"
    "--------"
    "--------"
    "--------"
    "--------"
    "-------- O");

TEST(Game, begins_with_black_and_lets_f5_be_played) {
    Game game;
    EXPECT_EQ(game.position().to_move, Colour::black);
    EXPECT_TRUE(game.play(at("f5")));
    EXPECT_EQ(game.position().to_move, Colour::white);
    EXPECT_EQ(game.position().discs(Colour::black),
              othello::bit(at("d5")) | othello::bit(at("e4")) | othello::bit(at("e5")) |
                  othello::bit(at("f5")));
}

TEST(Game, an_illegal_move_changes_nothing) {
    Game game;
    const Position before = game.position();
    for (const char* square : {"d4", "a1", "f4", "h8"})
        EXPECT_FALSE(game.play(at(square))) << square;
    EXPECT_FALSE(game.play(no_square));
    EXPECT_FALSE(game.play(Square{200}));
    EXPECT_FALSE(game.play(Colour::white, at("f5")));
    EXPECT_EQ(game.position(), before);
    EXPECT_FALSE(game.undo());
}

TEST(Game, undo_takes_moves_back_one_by_one_to_the_start) {
    Game game;
    std::vector<Position> before;
    for (const char* square : {"f5", "d6", "c3", "d3", "c4"}) {
        before.push_back(game.position());
        ASSERT_TRUE(game.play(at(square)));
    }
    EXPECT_EQ(game.moves(), "f5d6c3d3c4");
    for (; !before.empty(); before.pop_back()) {
        ASSERT_TRUE(game.undo());
        EXPECT_EQ(game.position(), before.back());
    }
    EXPECT_FALSE(game.undo());
}

TEST(Game, who_has_no_move_passes_and_may_take_that_back) {
    Game game(white_must_pass);
    EXPECT_TRUE(game.must_pass());
    EXPECT_FALSE(game.is_over());
    EXPECT_TRUE(game.play(no_square));
    EXPECT_EQ(game.position().to_move, Colour::black);
    EXPECT_FALSE(game.play(no_square)) << "black has a move";
    EXPECT_EQ(game.moves(), "--");
    EXPECT_TRUE(game.undo());
    EXPECT_EQ(game.position(), white_must_pass);
}

TEST(Game, a_pass_that_is_left_out_belongs_to_the_next_move) {
    Game game(white_must_pass);
    EXPECT_FALSE(game.play(Colour::black, at("h8")));
    EXPECT_EQ(game.position(), white_must_pass) << "a refused move implies no pass";
    EXPECT_TRUE(game.play(Colour::black, at("a1")));
    EXPECT_EQ(game.move_count(), 1u);
    EXPECT_TRUE(game.undo());
    EXPECT_EQ(game.position(), white_must_pass);
}

TEST(Game, the_winner_of_a_finished_game_gets_the_empty_squares) {
    Game game(white_must_pass);
    EXPECT_EQ(game.black_lead(), 5) << "six discs to one, and not over";
    ASSERT_TRUE(game.play(Colour::black, at("a1")));
    EXPECT_TRUE(game.is_over());
    EXPECT_EQ(game.black_lead(), 64);
    EXPECT_EQ(Game(board("OOO-------------------------------------------------------------X"))
                  .black_lead(),
              -64);
    EXPECT_EQ(Game(board("X-O-------------------------------------------------------------X"))
                  .black_lead(),
              0);
}

TEST(Game, passes_after_the_end_are_taken_but_not_for_ever) {
    Game game(board("X--------------------------------------------------------------- O"));
    ASSERT_TRUE(game.is_over());
    EXPECT_TRUE(game.play(Colour::white, no_square));
    EXPECT_TRUE(game.play(Colour::black, no_square));
    std::size_t passes = 2;
    while (passes < 10'000 && game.play(no_square))
        ++passes;
    EXPECT_LT(passes, 1'000u);
    EXPECT_EQ(game.black_lead(), 64);
}

TEST(Moves, are_squares_and_passes_in_any_case) {
    EXPECT_EQ(parse_move("f5"), at("f5"));
    EXPECT_EQ(parse_move("F5"), at("f5"));
    EXPECT_EQ(parse_move("a1"), Square{0});
    EXPECT_EQ(parse_move("H8"), Square{63});
    for (const char* pass : {"pass", "PASS", "Pass", "pa", "PA", "--"})
        EXPECT_EQ(parse_move(pass), no_square) << pass;
    for (const char* other : {"", "f", "f9", "i5", "f55", "5f", "passs", "p", "f5 ", " f5", "\xff"})
        EXPECT_EQ(parse_move(other), std::nullopt) << other;
}

}  // namespace
}  // namespace kiln::app

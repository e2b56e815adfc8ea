#include "app/openings.hpp"

#include <set>

#include <gtest/gtest.h>

#include "core/othello/symmetry.hpp"

#include "app/failure.hpp"
#include "tests/support/othello.hpp"

namespace kiln::app {
namespace {

using othello::Board;
using othello::Opening;

TEST(Openings, no_two_are_alike_however_the_board_is_turned) {
    // Of 6 plies there are some 1,800, so that chance alone would repeat many.
    const auto openings = draw_openings(7, 6, 500);
    ASSERT_EQ(openings.size(), 500u);
    std::set<std::pair<othello::Bits, othello::Bits>> seen;
    for (const Opening& opening : openings) {
        EXPECT_EQ(opening.board.empties(), 60 - 6);
        for (int symmetry = 0; symmetry < othello::symmetry_count; ++symmetry) {
            const Board board = othello::transform(symmetry, opening.board);
            EXPECT_FALSE(seen.contains({board.own, board.opponent}));
        }
        seen.insert({opening.board.own, opening.board.opponent});
    }
}

TEST(Openings, the_first_ones_do_not_depend_on_how_many_are_asked_for) {
    const auto few = draw_openings(7, 6, 20);
    const auto many = draw_openings(7, 6, 300);
    const auto other = draw_openings(8, 6, 20);
    int as_before = 0;
    for (std::size_t i = 0; i < few.size(); ++i) {
        EXPECT_EQ(few[i].board.own, many[i].board.own);
        EXPECT_EQ(few[i].board.opponent, many[i].board.opponent);
        EXPECT_EQ(few[i].is_first_to_move, many[i].is_first_to_move);
        as_before += few[i].board.own == other[i].board.own;
    }
    EXPECT_LT(as_before, 10) << "the seed makes no difference";
}

TEST(Openings, more_than_there_are_is_refused) {
    EXPECT_EQ(draw_openings(1, 0, 1).size(), 1u);
    EXPECT_EQ(draw_openings(1, 1, 1).size(), 1u);  // all four first moves are alike
    EXPECT_EQ(draw_openings(1, 2, 3).size(), 3u);  // parallel, diagonal, perpendicular
    for (const auto& [plies, count] : {std::pair{0, 2}, std::pair{1, 2}, std::pair{2, 4}}) {
        try {
            (void)draw_openings(1, plies, static_cast<std::uint64_t>(count));
            FAIL() << plies << " plies";
        } catch (const Failure& failure) {
            EXPECT_EQ(failure.exit_code(), ExitCode::usage);
            EXPECT_NE(std::string(failure.what()).find("--pairs"), std::string::npos);
        }
    }
}

}  // namespace
}  // namespace kiln::app

#include "core/othello/symmetry.hpp"

#include <gtest/gtest.h>

#include "tests/support/othello.hpp"

namespace kiln::othello {
namespace {

TEST(Symmetry, the_canonical_board_is_the_same_for_all_that_are_alike) {
    RandomStream random = test::test_stream(501);
    for (int i = 0; i < 100; ++i) {
        const Board board = test::random_position(random, 40);
        const Board expected = canonical(board);
        bool is_among_them = false;
        for (int symmetry = 0; symmetry < symmetry_count; ++symmetry) {
            const Board other = transform(symmetry, board);
            EXPECT_EQ(canonical(other).own, expected.own);
            EXPECT_EQ(canonical(other).opponent, expected.opponent);
            is_among_them |= other.own == expected.own && other.opponent == expected.opponent;
        }
        EXPECT_TRUE(is_among_them);
    }
}

}  // namespace
}  // namespace kiln::othello

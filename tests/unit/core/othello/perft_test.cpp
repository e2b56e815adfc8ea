#include "core/othello/perft.hpp"

#include <gtest/gtest.h>

#include "tests/support/othello.hpp"

namespace kiln::othello {
namespace {

using test::random_position;
using test::test_stream;

// The published counts (a pass is a ply, a finished game one leaf), depth 1 and on.
constexpr std::uint64_t published[] = {4, 12, 56, 244, 1'396, 8'200, 55'092, 390'216, 3'005'288};

struct Count {
    std::uint64_t leaves = 0;
    std::uint64_t passes = 0;
    std::uint64_t ends = 0;  // games finished before the last ply
};

// The definition, with the scalar rules and one leaf at a time.
void count_plainly(const Board& board, int depth, Count& count) {
    const Bits moves = scalar::legal_moves(board);
    if (depth == 0) {
        ++count.leaves;
        return;
    }
    if (moves == 0) {
        if (scalar::legal_moves(after_pass(board)) == 0) {
            ++count.leaves;
            ++count.ends;
            return;
        }
        ++count.passes;
        count_plainly(after_pass(board), depth - 1, count);
        return;
    }
    for (Bits left = moves; left != 0; left &= left - 1) {
        const int square = std::countr_zero(left);
        count_plainly(after_move(board, square, scalar::flips(board, square)), depth - 1, count);
    }
}

TEST(Perft, counts_the_published_leaves_to_depth_9) {
    EXPECT_EQ(perft(start_board(), 0), 1u);
    for (int depth = 1; depth <= 9; ++depth)
        EXPECT_EQ(perft(start_board(), depth), published[depth - 1]) << "depth " << depth;
}

TEST(Perft, equals_a_plain_count_where_passes_and_finished_games_occur) {
    constexpr std::uint64_t seed = 21;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    RandomStream random = test_stream(seed);
    Count seen;
    for (int i = 0; i < 200; ++i) {
        const int empties = 3 + static_cast<int>(random.below(6));
        const Board board = random_position(random, empties);
        for (int depth = 0; depth <= 6; ++depth) {
            Count count;
            count_plainly(board, depth, count);
            ASSERT_EQ(perft(board, depth), count.leaves) << "depth " << depth << to_text(board);
            seen.passes += count.passes;
            seen.ends += count.ends;
        }
    }
    EXPECT_GT(seen.passes, 100u);  // the positions must hold what the test is about
    EXPECT_GT(seen.ends, 100u);
}

TEST(Perft, takes_a_pass_for_a_ply) {
    const Board passing = {bit(1), bit(0)};  // only the other player can move, on c1
    EXPECT_EQ(perft(passing, 1), 1u);
    EXPECT_EQ(perft(passing, 2), 1u);
    // White answers nowhere: the game is over after pass and move, one leaf at any depth.
    EXPECT_EQ(perft(passing, 5), 1u);
    EXPECT_EQ(perft({~Bits{0}, 0}, 3), 1u);
}

}  // namespace
}  // namespace kiln::othello

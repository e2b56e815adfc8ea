#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "core/othello/last_squares-inl.hpp"
#include "core/othello/search_run.hpp"

#include "tests/support/othello.hpp"
#include "tests/support/othello_reference.hpp"

namespace kiln::othello {
namespace {

using test::is_right_within;
using test::solve_plainly;
using test::test_stream;

namespace fast = HWY_NAMESPACE;

TEST(LastSquares, the_last_move_turns_as_many_discs_as_the_rules_say) {
    constexpr std::uint64_t seed = 521;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    RandomStream random = test_stream(seed);
    for (int square = 0; square < square_count; ++square) {
        int most = 0;
        for (int i = 0; i < 3'000; ++i) {
            const auto share = static_cast<unsigned>(random.below(257));
            const Bits own = test::thrown_board(random, share, 0).own & ~bit(square);
            const Board board = {own, ~own & ~bit(square)};
            const int turned = std::popcount(scalar::flips(board, square));
            ASSERT_EQ(fast::last_flips_twice(own, square), 2 * turned)
                << "square " << square << to_text(board);
            most = std::max(most, turned);
        }
        EXPECT_GE(most, 5) << "square " << square;
    }
}

// One line at a time, every filling of it.
TEST(LastSquares, the_last_move_counts_each_line_in_every_filling) {
    constexpr int steps[4][2] = {{0, 1}, {1, 0}, {1, 1}, {1, -1}};
    for (int square = 0; square < square_count; ++square) {
        for (const auto& step : steps) {
            std::vector<int> line;
            for (int at = -7; at <= 7; ++at) {
                const int rank = square / 8 + at * step[0];
                const int file = square % 8 + at * step[1];
                if (at != 0 && rank >= 0 && rank < 8 && file >= 0 && file < 8)
                    line.push_back(8 * rank + file);
            }
            for (unsigned filling = 0; filling < 1u << line.size(); ++filling) {
                Bits own = 0;
                for (std::size_t i = 0; i < line.size(); ++i)
                    own |= static_cast<Bits>(filling >> i & 1) << line[i];
                const Board board = {own, ~own & ~bit(square)};
                ASSERT_EQ(fast::last_flips_twice(own, square),
                          2 * std::popcount(scalar::flips(board, square)))
                    << "square " << square << to_text(board);
            }
        }
    }
}

TEST(LastSquares, a_move_may_turn_something_exactly_where_an_opponents_disc_is_beside_it) {
    for (int square = 0; square < square_count; ++square)
        for (int other = 0; other < square_count; ++other) {
            const bool is_beside = square != other && std::abs(square / 8 - other / 8) <= 1 &&
                                   std::abs(square % 8 - other % 8) <= 1;
            EXPECT_EQ(fast::may_turn({0, bit(other)}, square), is_beside)
                << square << " beside " << other;
        }
}

// Boards with so many empty squares: positions of games, and discs thrown around few of the
// opponent's, where passes, wipe-outs and squares that nobody can play are common.
Board any_board(RandomStream& random, int empties) {
    if (random.below(2) == 0)
        return test::play_randomly_to(random, start_board(), empties);
    const auto share = static_cast<unsigned>(random.below(257));
    Board board = test::thrown_board(random, share, 256 - share);
    while (board.empties() < empties) {
        const Bits square = bit(static_cast<int>(random.below(64)));
        board.own &= ~square;
        board.opponent &= ~square;
    }
    return board;
}

int solve_last(std::uint64_t& nodes, const Board& board, int alpha, int beta, const int* squares) {
    switch (board.empties()) {
        case 1:
            return fast::one_left(nodes, board.own, squares[0]);
        case 2:
            return fast::two_left(nodes, board, alpha, beta, squares[0], squares[1]);
        case 3:
            return fast::three_left(nodes, board, alpha, beta, squares[0], squares[1], squares[2],
                                    false);
        default:
            return fast::four_left(nodes, board, alpha, beta, squares, false);
    }
}

TEST(LastSquares, are_played_as_brute_force_plays_them_for_any_window_and_order_of_squares) {
    constexpr std::uint64_t seed = 522;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    RandomStream random = test_stream(seed);
    int passes = 0;
    int ends = 0;
    for (int empties = 1; empties <= 4; ++empties) {
        for (int i = 0; i < 3'000; ++i) {
            const Board board = any_board(random, empties);
            if (board.empties() != empties)
                continue;
            const int value = solve_plainly(board);
            std::vector<int> squares;
            for (Bits left = board.empty(); left != 0; left &= left - 1)
                squares.push_back(std::countr_zero(left));
            for (std::size_t at = squares.size(); at > 1; --at)
                std::swap(squares[at - 1], squares[random.below(at)]);
            passes += legal_moves(board) == 0;
            ends += is_over(board);
            std::uint64_t nodes = 0;
            ASSERT_EQ(solve_last(nodes, board, -64, 64, squares.data()), value) << to_text(board);
            ASSERT_GE(nodes, 1u);
            for (int off = -5; off <= 5; ++off) {
                const int alpha = std::clamp(value + off, -64, 63);
                const int beta = std::min(alpha + 1 + static_cast<int>(random.below(8)), 64);
                const int answer = solve_last(nodes, board, alpha, beta, squares.data());
                ASSERT_TRUE(is_right_within(value, alpha, beta, answer))
                    << value << " answered as " << answer << " within " << alpha << " and " << beta
                    << to_text(board);
            }
        }
    }
    EXPECT_GT(passes, 1'000);
    EXPECT_GT(ends, 300);
}

TEST(LastSquares, one_empty_square_that_nobody_can_play_goes_to_the_winner) {
    std::uint64_t nodes = 0;
    EXPECT_EQ(fast::one_left(nodes, ~bit(0), 0), 64);
    EXPECT_EQ(fast::one_left(nodes, 0, 0), -64);
    // a1 empty and alone in its lines: rank 1, file a and the diagonal end in no disc of either
    // colour beyond the other's. 32 own discs against 31, and the reverse.
    Bits own = 0;
    for (int step = 1; step < 8; ++step)
        own |= bit(step) | bit(8 * step) | bit(9 * step);  // 21 discs, whole lines
    for (int square = 63; std::popcount(own) < 32; --square)
        own |= bit(square);
    ASSERT_EQ(solve_plainly({own, ~own & ~bit(0)}), 2);
    EXPECT_EQ(fast::one_left(nodes, own, 0), 2);
    const Bits other = ~own & ~bit(0);
    EXPECT_EQ(fast::one_left(nodes, other, 0), -2);
    EXPECT_EQ(nodes, 4u);
}

// solve_endgame() from the last squares up to where the table helps.
TEST(LastSquares, and_what_leads_up_to_them_keep_within_any_window_for_0_to_9_empties) {
    constexpr std::uint64_t seed = 523;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    RandomStream random = test_stream(seed);
    std::vector<TableBucket> buckets(500);
    TranspositionTable table;
    table.bind(buckets);
    constexpr int positions[] = {30, 100, 100, 100, 100, 200, 200, 150, 60, 25};
    for (int empties = 0; empties <= 9; ++empties) {
        for (int i = 0; i < positions[empties]; ++i) {
            const Board board = any_board(random, empties);
            if (board.empties() != empties)
                continue;
            const int value = solve_plainly(board);
            table.begin_game();
            for (int off = -7; off <= 7; ++off) {
                SearchRun run;
                run.table = &table;
                const int alpha = std::clamp(value + off, -64, 63);
                const int beta = std::min(alpha + 1 + static_cast<int>(random.below(8)), 64);
                const int answer = solve_endgame(run, board, alpha, beta);
                ASSERT_TRUE(is_right_within(value, alpha, beta, answer))
                    << value << " answered as " << answer << " within " << alpha << " and " << beta
                    << to_text(board);
                ASSERT_FALSE(run.is_interrupted);
            }
        }
    }
}

}  // namespace
}  // namespace kiln::othello

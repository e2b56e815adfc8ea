#include "core/othello/endgame.hpp"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/othello.hpp"
#include "tests/support/othello_reference.hpp"

namespace kiln::othello {
namespace {

using test::play;
using test::random_position;
using test::solve_plainly;
using test::test_stream;

int sign(int discs) {
    return (discs > 0) - (discs < 0);
}

class Solver {
  public:
    explicit Solver(std::size_t bucket_count) : buckets_(bucket_count) {
        table_.bind(buckets_);
        endgame_.bind(table_);
    }
    EndgameResult solve(const Board& board, int guess_discs) {
        table_.begin_game();
        return endgame_.solve(board, guess_discs, {});
    }
    EndgameResult solve_winner(const Board& board) {
        table_.begin_game();
        return endgame_.solve_winner(board, {});
    }
    Endgame& endgame() { return endgame_; }

  private:
    std::vector<TableBucket> buckets_;
    TranspositionTable table_;
    Endgame endgame_;
};

void expect_right(const Board& board, int expected, const EndgameResult& result) {
    ASSERT_TRUE(result.is_complete);
    ASSERT_EQ(result.discs, expected) << to_text(board);
    const Bits moves = legal_moves(board);
    if (moves == 0) {
        ASSERT_EQ(result.move, no_square) << to_text(board);
        return;
    }
    ASSERT_LT(result.move, no_square) << to_text(board);
    ASSERT_NE(moves & bit(result.move), 0u) << to_text(board);
    ASSERT_EQ(-solve_plainly(play(board, result.move)), expected)
        << "a move that gives away discs" << to_text(board);
}

TEST(Endgame, equals_brute_force_with_1_to_10_empties_for_any_guess) {
    constexpr std::uint64_t seed = 81;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Solver solver(1000);
    RandomStream random = test_stream(seed);
    constexpr int positions[] = {0, 80, 80, 80, 80, 80, 80, 60, 40, 16, 6};
    constexpr int guesses[] = {-100, -64, -63, -31, -2, 0, 1, 30, 63, 64, 100};
    int passes = 0;
    for (int empties = 1; empties <= 10; ++empties) {
        for (int i = 0; i < positions[empties]; ++i) {
            const Board board = random_position(random, empties);
            const int expected = solve_plainly(board);
            passes += legal_moves(board) == 0;
            for (const int guess : guesses)
                ASSERT_NO_FATAL_FAILURE(expect_right(board, expected, solver.solve(board, guess)));
            for (int off = -6; off <= 6; ++off)  // around the edges of a narrow window
                ASSERT_NO_FATAL_FAILURE(
                    expect_right(board, expected, solver.solve(board, expected + off)));
            const EndgameResult winner = solver.solve_winner(board);
            ASSERT_TRUE(winner.is_complete);
            ASSERT_EQ(winner.discs, sign(expected)) << to_text(board);
            if (winner.move != no_square) {
                ASSERT_EQ(sign(-solve_plainly(play(board, winner.move))), sign(expected));
            }
        }
    }
    EXPECT_GT(passes, 20);
}

// Boards as no game leaves them: nearly all of one colour, so that wipe-outs, double passes and
// unreachable squares are common.
TEST(Endgame, equals_brute_force_on_lopsided_boards_with_wipe_outs_and_unreachable_squares) {
    constexpr std::uint64_t seed = 82;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Solver solver(100);
    RandomStream random = test_stream(seed);
    int wipe_outs = 0;
    int early_ends = 0;
    int checked = 0;
    while (checked < 1'500) {
        Board board = {~Bits{0}, 0};
        const int empties = 1 + static_cast<int>(random.below(9));
        for (int i = 0; i < empties; ++i)
            board.own &= ~bit(static_cast<int>(random.below(64)));
        const Bits discs = board.own;
        const int turned = 1 + static_cast<int>(random.below(12));
        for (int i = 0; i < turned; ++i)
            board.opponent |= discs & bit(static_cast<int>(random.below(64)));
        board.own &= ~board.opponent;
        if (random.below(2) == 0)
            board = after_pass(board);
        if (is_over(board))
            continue;
        const int expected = solve_plainly(board);
        const int guess = static_cast<int>(random.below(129)) - 64;
        ASSERT_NO_FATAL_FAILURE(expect_right(board, expected, solver.solve(board, guess)));
        wipe_outs += std::abs(expected) == 64;
        early_ends += legal_moves(board) == 0;
        ++checked;
    }
    EXPECT_GT(wipe_outs, 30);
    EXPECT_GT(early_ends, 50);
}

TEST(Endgame, finished_games_need_no_search) {
    Solver solver(1);
    const EndgameResult full = solver.solve({~Bits{0}, 0}, 0);
    EXPECT_TRUE(full.is_complete);
    EXPECT_EQ(full.discs, 64);
    EXPECT_EQ(full.move, no_square);
    EXPECT_EQ(solver.solve({0xffffu, 0xff00000000000000u}, 0).discs, 48);
    EXPECT_EQ(solver.solve({bit(0), bit(63)}, 0).discs, 0);
}

TEST(Endgame, gives_the_same_result_for_any_number_of_buckets) {
    constexpr std::uint64_t seed = 83;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Solver reference(100'000);
    for (const std::size_t buckets : {1u, 3u, 1000u}) {
        Solver solver(buckets);
        RandomStream random = test_stream(seed);
        for (int i = 0; i < 25; ++i) {
            const Board board = random_position(random, 10 + static_cast<int>(random.below(4)));
            ASSERT_EQ(solver.solve(board, 0).discs, reference.solve(board, 0).discs)
                << buckets << " buckets" << to_text(board);
        }
    }
}

// Consecutive positions of one game share the table: what an earlier solve stored must stay true.
TEST(Endgame, with_the_table_of_earlier_moves_of_the_game_is_still_right) {
    constexpr std::uint64_t seed = 84;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::vector<TableBucket> buckets(500);
    TranspositionTable table;
    table.bind(buckets);
    Endgame endgame;
    endgame.bind(table);
    RandomStream random = test_stream(seed);
    for (int game = 0; game < 30; ++game) {
        table.begin_game();
        Board board = random_position(random, 10);
        int sign = 1;
        const int result = endgame.solve(board, 0, {}).discs;
        while (!is_over(board)) {
            const int guess = static_cast<int>(random.below(41)) - 20;
            const EndgameResult solved = endgame.solve(board, guess, {});
            ASSERT_EQ(sign * solved.discs, result) << "perfect play changed the result";
            if (board.empties() <= 8) {
                ASSERT_EQ(solved.discs, solve_plainly(board)) << to_text(board);
            }
            board = solved.move == no_square ? after_pass(board) : play(board, solved.move);
            sign = -sign;
        }
        ASSERT_EQ(sign * final_score(board), result);
    }
}

TEST(Endgame, says_that_it_is_incomplete_when_it_was_stopped) {
    constexpr std::uint64_t seed = 85;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    RandomStream random = test_stream(seed);
    Solver solver(1000);
    const std::atomic<bool> stop{true};
    Interrupt interrupt;
    interrupt.stop = &stop;
    const EndgameResult result = solver.endgame().solve(random_position(random, 20), 0, interrupt);
    EXPECT_FALSE(result.is_complete);
    EXPECT_LT(result.nodes, 3 * Interrupt::poll_interval_nodes);
}

// What a stopped search left in the table must be as true as anything else in it.
TEST(Endgame, leaves_nothing_wrong_in_the_table_when_it_is_stopped) {
    constexpr std::uint64_t seed = 86;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    class StopAfter final : public Clock {
      public:
        explicit StopAfter(int questions) : left_(questions) {}
        std::uint64_t now_ns() override { return left_-- > 0 ? 0 : 2; }

      private:
        int left_;
    };
    RandomStream random = test_stream(seed);
    Solver reference(20'000);
    std::vector<TableBucket> buckets(20'000);
    TranspositionTable table;
    table.bind(buckets);
    Endgame endgame;
    endgame.bind(table);
    int stopped = 0;
    for (int i = 0; i < 30; ++i) {
        const Board board = random_position(random, 13);
        table.begin_game();
        StopAfter clock(static_cast<int>(random.below(6)));
        Interrupt interrupt;
        interrupt.clock = &clock;
        interrupt.deadline_ns = 1;
        stopped += !endgame.solve(board, 0, interrupt).is_complete;
        ASSERT_EQ(endgame.solve(board, 0, {}).discs, reference.solve(board, 0).discs)
            << to_text(board);
    }
    EXPECT_GT(stopped, 10);
}

}  // namespace
}  // namespace kiln::othello

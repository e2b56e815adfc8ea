#include "core/othello/board.hpp"

#include <vector>

#include <gtest/gtest.h>

#include "core/othello/symmetry.hpp"

#include "tests/support/othello.hpp"

namespace kiln::othello {
namespace {

using test::pick_bit;
using test::play;
using test::test_stream;
using test::thrown_board;

// Fails with the board when a move or a flip differs from the scalar specification.
void expect_equal_to_scalar(const Board& board) {
    const Bits moves = scalar::legal_moves(board);
    ASSERT_EQ(legal_moves(board), moves) << to_text(board);
    for (Bits empty = board.empty(); empty != 0; empty &= empty - 1) {
        const int square = std::countr_zero(empty);
        const Bits flipped = flips(board, square);
        ASSERT_EQ(flipped, scalar::flips(board, square)) << "square " << square << to_text(board);
        ASSERT_EQ(flipped != 0, (moves & bit(square)) != 0) << "square " << square;
    }
}

TEST(Board, numbers_squares_from_a1_and_starts_with_black_on_d5_and_e4) {
    const Board board = start_board();
    EXPECT_EQ(board.own, bit(4 * 8 + 3) | bit(3 * 8 + 4));       // d5, e4
    EXPECT_EQ(board.opponent, bit(3 * 8 + 3) | bit(4 * 8 + 4));  // d4, e5
    // d3, c4, f5, e6: the four first moves.
    EXPECT_EQ(legal_moves(board), bit(19) | bit(26) | bit(37) | bit(44));
    EXPECT_EQ(board.discs(), 4);
    EXPECT_EQ(board.empties(), 60);
}

TEST(Board, moves_and_flips_equal_the_scalar_twins_on_thrown_boards_of_every_density) {
    constexpr std::uint64_t seed = 11;
    constexpr int boards_per_mix = 20'000;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    RandomStream random = test_stream(seed);
    // Shares of own and opponent discs of 256: sparse, even, dense, nearly full, and lopsided.
    constexpr unsigned mixes[][2] = {{20, 20},  {64, 64},  {100, 100}, {125, 125},
                                     {30, 200}, {200, 30}, {5, 245},   {60, 130}};
    for (const auto& mix : mixes)
        for (int i = 0; i < boards_per_mix; ++i)
            ASSERT_NO_FATAL_FAILURE(expect_equal_to_scalar(thrown_board(random, mix[0], mix[1])));
}

TEST(Board, moves_and_flips_equal_the_scalar_twins_in_whole_random_games) {
    constexpr std::uint64_t seed = 12;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    RandomStream random = test_stream(seed);
    for (int game = 0; game < 500; ++game) {
        Board board = start_board();
        while (!is_over(board)) {
            ASSERT_NO_FATAL_FAILURE(expect_equal_to_scalar(board));
            const Bits moves = legal_moves(board);
            board = moves == 0 ? after_pass(board) : play(board, pick_bit(random, moves));
        }
        ASSERT_NO_FATAL_FAILURE(expect_equal_to_scalar(board));
    }
}

// A shift that forgets the board's edge takes h1 for a neighbour of a2: runs that touch both side
// files are where that would show.
TEST(Board, runs_never_wrap_around_the_side_files) {
    constexpr Bits side_files = 0x8181818181818181u;
    constexpr Bits border = 0xff818181818181ffu;
    constexpr std::uint64_t seed = 13;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    RandomStream random = test_stream(seed);
    for (const Bits favoured : {side_files, border, side_files | (side_files << 1), ~border}) {
        for (int i = 0; i < 5'000; ++i) {
            const Board thrown = thrown_board(random, 110, 110);
            ASSERT_NO_FATAL_FAILURE(
                expect_equal_to_scalar({thrown.own & ~favoured, thrown.opponent | favoured}));
            const Bits filled = favoured & random.next();
            ASSERT_NO_FATAL_FAILURE(expect_equal_to_scalar(
                {thrown.own & favoured, (thrown.opponent & ~thrown.own) | (filled & ~thrown.own)}));
        }
    }
    // Own disc on g1, opponent on h1 and on a2: neither b2 nor any other square closes that run.
    EXPECT_EQ(legal_moves({bit(6), bit(7) | bit(8)}), 0u);
    // The same upwards: own on b2, opponent on a2 and h1.
    EXPECT_EQ(legal_moves({bit(9), bit(8) | bit(7)}), 0u);
}

TEST(Board, the_longest_runs_flip_in_all_eight_directions_at_once) {
    // A move on d4 with an own disc at the end of every ray.
    const int square = 27;
    Board board;
    for (int other = 0; other < square_count; ++other) {
        const int rank = other / 8 - square / 8;
        const int file = other % 8 - square % 8;
        const bool on_ray = rank == 0 || file == 0 || rank == file || rank == -file;
        if (other == square || !on_ray)
            continue;
        const bool at_edge = other / 8 == 0 || other / 8 == 7 || other % 8 == 0 || other % 8 == 7;
        (at_edge ? board.own : board.opponent) |= bit(other);
    }
    EXPECT_EQ(flips(board, square), board.opponent);
    EXPECT_EQ(legal_moves(board), bit(square));
}

TEST(Board, moves_turn_with_the_board_under_all_eight_symmetries) {
    constexpr std::uint64_t seed = 14;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    RandomStream random = test_stream(seed);
    for (int i = 0; i < 2'000; ++i) {
        const Board board = thrown_board(random, 90, 90);
        for (int symmetry = 0; symmetry < symmetry_count; ++symmetry)
            ASSERT_EQ(legal_moves(transform(symmetry, board)),
                      transform_bits(symmetry, legal_moves(board)))
                << "symmetry " << symmetry << to_text(board);
    }
}

TEST(Symmetry, has_eight_different_members_that_keep_neighbours_neighbours) {
    std::vector<Board> images;
    const Board board = {bit(1) | bit(12), bit(20)};
    for (int symmetry = 0; symmetry < symmetry_count; ++symmetry) {
        Bits covered = 0;
        for (int square = 0; square < square_count; ++square) {
            const int image = transform_square(symmetry, square);
            covered |= bit(image);
            if (square % 8 == 7)
                continue;
            const int next = transform_square(symmetry, square + 1);
            EXPECT_EQ(std::abs(image / 8 - next / 8) + std::abs(image % 8 - next % 8), 1);
        }
        EXPECT_EQ(covered, ~Bits{0}) << "symmetry " << symmetry << " is not a permutation";
        for (const Board& other : images)
            EXPECT_NE(transform(symmetry, board), other);
        images.push_back(transform(symmetry, board));
    }
}

TEST(Board, a_move_hands_the_position_to_the_other_player) {
    const Board board = play(start_board(), 19);  // d3 turns d4
    EXPECT_EQ(board.own, bit(36));
    EXPECT_EQ(board.opponent, bit(19) | bit(27) | bit(28) | bit(35));
    EXPECT_EQ(after_pass(board), (Board{board.opponent, board.own}));
}

TEST(Board, a_player_without_moves_passes_while_the_other_has_one) {
    // Own a1, opponent b1, c1 empty ... seen by the opponent: nothing to turn.
    const Board mover = {bit(0), bit(1)};
    EXPECT_EQ(legal_moves(mover), bit(2));
    const Board passing = after_pass(mover);
    EXPECT_EQ(legal_moves(passing), 0u);
    EXPECT_FALSE(is_over(passing));
    EXPECT_FALSE(is_over(mover));
}

TEST(Board, the_game_is_over_when_neither_player_can_move) {
    EXPECT_FALSE(is_over(start_board()));
    EXPECT_TRUE(is_over({~Bits{0}, 0}));
    EXPECT_TRUE(is_over({bit(0), bit(63)}));                           // far apart
    EXPECT_TRUE(is_over({bit(0) | bit(1), 0}));                        // a wipe-out
    EXPECT_TRUE(is_over({0x00000000ffffffffu, 0xffffffff00000000u}));  // full
}

TEST(Board, empty_squares_of_a_finished_game_go_to_the_winner) {
    EXPECT_EQ(final_score({~Bits{0}, 0}), 64);
    EXPECT_EQ(final_score({bit(0) | bit(1), 0}), 64);  // wipe-out, 62 empties
    EXPECT_EQ(final_score({0, bit(0) | bit(1)}), -64);
    EXPECT_EQ(final_score({0xffffu, 0xff00000000000000u}), 48);  // 16 to 8, 40 empties
    EXPECT_EQ(final_score({0xff00000000000000u, 0xffffu}), -48);
}

TEST(Board, a_draw_scores_zero_whatever_is_empty) {
    EXPECT_EQ(final_score({0x00000000ffffffffu, 0xffffffff00000000u}), 0);
    EXPECT_EQ(final_score({bit(0), bit(63)}), 0);
    EXPECT_EQ(final_score({}), 0);
}

TEST(Board, a_wipe_out_is_one_move_that_takes_every_disc_and_few_are_looked_for) {
    // White's only discs stand in a row beside black's: taking the row ends the game.
    EXPECT_TRUE(can_wipe_out({bit(0), bit(1) | bit(2)}));
    EXPECT_TRUE(can_wipe_out({bit(0), bit(1) | bit(2) | bit(3) | bit(4) | bit(5) | bit(6)}));
    EXPECT_FALSE(can_wipe_out({bit(0), bit(1) | bit(2) | bit(63)}));  // one is out of reach
    EXPECT_FALSE(can_wipe_out({bit(16), bit(1) | bit(2)}));           // no move at all
    EXPECT_FALSE(can_wipe_out(start_board()));

    constexpr std::uint64_t seed = 16;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    RandomStream random = test_stream(seed);
    int found = 0;
    for (int game = 0; game < 100'000; ++game) {
        const int empties = 48 + static_cast<int>(random.below(6));
        const Board board = test::play_randomly_to(random, start_board(), empties);
        bool expected = false;
        for (int square = 0; square < square_count; ++square)
            expected = expected || ((board.empty() & bit(square)) != 0 && board.opponent != 0 &&
                                    scalar::flips(board, square) == board.opponent);
        expected = expected && std::popcount(board.opponent) <= wipe_out_discs_max;
        ASSERT_EQ(can_wipe_out(board), expected) << to_text(board);
        found += expected;
    }
    EXPECT_GT(found, 20);  // otherwise the yes was hardly tested
}

TEST(Board, finished_random_games_score_the_same_for_both_sides_with_opposite_signs) {
    constexpr std::uint64_t seed = 15;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    RandomStream random = test_stream(seed);
    int early_ends = 0;
    for (int game = 0; game < 2'000; ++game) {
        const Board board = test::play_randomly_to(random, start_board(), 0);
        ASSERT_TRUE(is_over(board));
        early_ends += board.empties() > 0;
        const int score = final_score(board);
        ASSERT_EQ(final_score(after_pass(board)), -score) << to_text(board);
        ASSERT_EQ(score % 2, 0);
        ASSERT_LE(std::abs(score), 64);
    }
    EXPECT_GT(early_ends, 10);  // otherwise the empties were never tested
}

}  // namespace
}  // namespace kiln::othello

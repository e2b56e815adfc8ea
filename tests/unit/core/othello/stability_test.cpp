#include "core/othello/stability.hpp"

#include <array>

#include <gtest/gtest.h>

#include "tests/support/othello.hpp"
#include "tests/support/othello_reference.hpp"

namespace kiln::othello {
namespace {

using test::pick_bit;
using test::play;
using test::random_position;
using test::test_stream;
using test::thrown_board;

constexpr int directions[4][2] = {{0, 1}, {1, 0}, {1, 1}, {1, -1}};  // rank, file

bool is_on_board(int rank, int file) {
    return rank >= 0 && rank < 8 && file >= 0 && file < 8;
}

// The squares of the line through a square, that square included.
Bits line_through(int square, const int (&direction)[2]) {
    Bits line = 0;
    for (int step = -7; step <= 7; ++step) {
        const int rank = square / 8 + step * direction[0];
        const int file = square % 8 + step * direction[1];
        if (is_on_board(rank, file))
            line |= bit(rank * 8 + file);
    }
    return line;
}

// The definition: disc by disc, until no more is found.
Bits find_stable_slowly(Bits own, Bits occupied) {
    Bits stable = 0;
    for (bool is_growing = true; is_growing;) {
        is_growing = false;
        for (Bits left = own & ~stable; left != 0; left &= left - 1) {
            const int square = std::countr_zero(left);
            bool is_safe = true;
            for (const auto& direction : directions) {
                bool is_safe_here = (line_through(square, direction) & ~occupied) == 0;
                for (const int side : {-1, 1}) {
                    const int rank = square / 8 + side * direction[0];
                    const int file = square % 8 + side * direction[1];
                    is_safe_here = is_safe_here || !is_on_board(rank, file) ||
                                   (stable & bit(rank * 8 + file)) != 0;
                }
                is_safe = is_safe && is_safe_here;
            }
            if (is_safe) {
                stable |= bit(square);
                is_growing = true;
            }
        }
    }
    return stable;
}

// Boards of all kinds, most of them nearly full: elsewhere hardly a disc is stable.
Board any_board(RandomStream& random) {
    const auto share = static_cast<unsigned>(random.below(257));
    const auto full = static_cast<unsigned>(200 + random.below(57));
    Board board = thrown_board(random, full * share / 256, full - full * share / 256);
    if (random.below(2) == 0)  // a corner to grow from
        board.own |= bit(0) | bit(7) | bit(56) | bit(63);
    board.opponent &= ~board.own;
    return board;
}

TEST(Stability, finds_what_a_fix_point_disc_by_disc_finds) {
    constexpr std::uint64_t seed = 501;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    RandomStream random = test_stream(seed);
    int stable = 0;
    int inner = 0;
    constexpr Bits edges = 0xff818181818181ffu;
    for (int i = 0; i < 6'000; ++i) {
        const Board board = any_board(random);
        const Bits found = stable_discs(board.own, board.occupied());
        ASSERT_EQ(found, find_stable_slowly(board.own, board.occupied())) << to_text(board);
        stable += std::popcount(found);
        inner += std::popcount(found & ~edges) > 0 && board.empties() > 0;
    }
    EXPECT_GT(stable, 30'000);
    EXPECT_GT(inner, 1'500);
}

// One disc, and nothing else but full lines through it: each direction by itself.
TEST(Stability, an_inner_disc_is_stable_when_all_four_lines_are_full_and_not_with_one_hole) {
    for (int rank = 1; rank < 7; ++rank) {
        for (int file = 1; file < 7; ++file) {
            const int square = 8 * rank + file;
            Bits lines = 0;
            for (const auto& direction : directions)
                lines |= line_through(square, direction);
            EXPECT_EQ(stable_discs(bit(square), lines), bit(square)) << square;
            for (Bits left = lines & ~bit(square); left != 0; left &= left - 1) {
                const int hole = std::countr_zero(left);
                EXPECT_EQ(stable_discs(bit(square), lines & ~bit(hole)), 0u)
                    << square << " with a hole at " << hole;
            }
        }
    }
}

TEST(Stability, of_an_edge_disc_asks_for_its_edge_only) {
    for (const int square : {3, 24, 39, 60}) {
        const auto& along = square % 8 == 0 || square % 8 == 7 ? directions[1] : directions[0];
        const Bits edge = line_through(square, along);
        EXPECT_EQ(stable_discs(bit(square), edge), bit(square)) << square;
        for (Bits left = edge & ~bit(square); left != 0; left &= left - 1)
            EXPECT_EQ(stable_discs(bit(square), edge & ~(left & (~left + 1))), 0u) << square;
    }
}

TEST(Stability, a_corner_is_stable_alone_and_carries_the_discs_of_its_colour_beside_it) {
    for (const int corner : {0, 7, 56, 63})
        EXPECT_EQ(stable_discs(bit(corner), bit(corner)), bit(corner));
    // a1 b1 c1 a2 b2: each has an edge or a stable neighbour in all four directions, but b2, whose
    // neighbours c1 and a3 on the other diagonal are a stable disc and an empty square.
    const Bits group = bit(0) | bit(1) | bit(2) | bit(8) | bit(9);
    EXPECT_EQ(stable_discs(group, group), group);
    EXPECT_EQ(stable_discs(group & ~bit(2), group & ~bit(2)), bit(0) | bit(1) | bit(8));
    // The other player's corner is worth nothing.
    EXPECT_EQ(stable_discs(bit(1), bit(0) | bit(1)), 0u);
}

TEST(Stability, on_a_full_board_every_disc_is_stable_and_on_an_empty_one_none) {
    RandomStream random = test_stream(502);
    for (int i = 0; i < 100; ++i) {
        const Board board = thrown_board(random, 128, 128);
        EXPECT_EQ(stable_discs(board.own, ~Bits{0}), board.own);
    }
    EXPECT_EQ(stable_discs(0, 0), 0u);
    EXPECT_EQ(stable_discs(start_board().own, start_board().occupied()), 0u);
}

// The discs of one player that may never turn, whoever is to move.
std::array<Bits, 2> stable_of(const Board& board, bool is_turned) {
    const Bits own = stable_discs(board.own, board.occupied());
    const Bits opponent = stable_discs(board.opponent, board.occupied());
    return is_turned ? std::array{opponent, own} : std::array{own, opponent};
}

TEST(Stability, a_disc_once_called_stable_never_turns_in_random_games) {
    constexpr std::uint64_t seed = 503;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    RandomStream random = test_stream(seed);
    int kept = 0;
    for (int game = 0; game < 1'000; ++game) {
        // Every second one from discs thrown on the board, which are stranger than games.
        Board board = game % 2 == 0 ? start_board() : any_board(random);
        bool is_turned = false;
        std::array<Bits, 2> stable = {};
        for (;;) {
            const std::array<Bits, 2> now = stable_of(board, is_turned);
            for (std::size_t side = 0; side < 2; ++side) {
                const Bits discs = (side == 1) == is_turned ? board.own : board.opponent;
                ASSERT_EQ(stable[side] & ~discs, 0u) << "a stable disc turned" << to_text(board);
                ASSERT_EQ(stable[side] & ~now[side], 0u)
                    << "what was stable is no more" << to_text(board);
                stable[side] = now[side];
            }
            if (is_over(board))
                break;
            const Bits moves = legal_moves(board);
            board = moves == 0 ? after_pass(board) : play(board, pick_bit(random, moves));
            is_turned = !is_turned;
        }
        kept += std::popcount(stable[0] | stable[1]);
    }
    EXPECT_GT(kept, 20'000);
}

// Every line to the end of the game, not only lines that somebody would play.
void expect_kept_in_every_line(const Board& board, Bits own, Bits opponent) {
    ASSERT_EQ(own & ~board.own, 0u) << to_text(board);
    ASSERT_EQ(opponent & ~board.opponent, 0u) << to_text(board);
    if (is_over(board))
        return;
    const Bits moves = legal_moves(board);
    if (moves == 0)
        return expect_kept_in_every_line(after_pass(board), opponent, own);
    for (Bits left = moves; left != 0; left &= left - 1)
        ASSERT_NO_FATAL_FAILURE(
            expect_kept_in_every_line(play(board, std::countr_zero(left)), opponent, own));
}

TEST(Stability, no_line_of_play_turns_a_stable_disc_and_no_result_passes_the_bound) {
    constexpr std::uint64_t seed = 504;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    RandomStream random = test_stream(seed);
    int tight = 0;
    for (int i = 0; i < 400; ++i) {
        const Board board = random_position(random, 1 + static_cast<int>(random.below(6)));
        const Bits own = stable_discs(board.own, board.occupied());
        const Bits opponent = stable_discs(board.opponent, board.occupied());
        ASSERT_NO_FATAL_FAILURE(expect_kept_in_every_line(board, own, opponent));
        const int value = test::solve_plainly(board);
        ASSERT_GE(stability_bound(board), value) << to_text(board);
        ASSERT_GE(stability_bound(after_pass(board)), -value) << to_text(board);
        tight += stability_bound(board) == value;
    }
    EXPECT_GT(tight, 5);  // a bound that is never reached may be looser than it need be
}

}  // namespace
}  // namespace kiln::othello

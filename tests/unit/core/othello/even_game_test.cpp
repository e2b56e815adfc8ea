#include "core/othello/even_game.hpp"

#include <set>

#include <gtest/gtest.h>

#include "core/othello/player.hpp"
#include "core/othello/symmetry.hpp"

#include "tests/support/othello.hpp"

namespace kiln::othello {
namespace {

using test::OwnedModel;
using test::OwnedSearcher;
using test::small_shapes;

class EvenGameTest : public ::testing::Test {
  protected:
    EvenGameTest() : model_(small_shapes()), searcher_(model_.model) { model_.randomise(221, 200); }

    EvenGame play(const EvenGameSettings& settings, std::uint64_t number) {
        return play_even_game(settings, *searcher_, number, nullptr);
    }
    // The first game from this number on that is even.
    EvenGame even_game(const EvenGameSettings& settings, std::uint64_t& number) {
        for (;; ++number)
            if (const EvenGame game = play(settings, number); game.is_even)
                return game;
    }

    OwnedModel model_;
    OwnedSearcher searcher_;
};

TEST_F(EvenGameTest, positions_are_those_of_one_game) {
    std::uint64_t number = 0;
    const EvenGameSettings settings = {.depth = 1};
    for (int games = 0; games < 20; ++games, ++number) {
        const EvenGame game = even_game(settings, number);
        const Position* before = nullptr;
        int first = 0;
        for (int empties = square_count; empties >= 0; --empties) {
            if (!game.is_reached[empties])
                continue;
            const Position& position = game.positions[empties];
            EXPECT_EQ(position.board.empties(), empties);
            EXPECT_NE(legal_moves(position.board), 0u);
            if (before == nullptr) {
                first = empties;
            } else {
                bool follows = false;
                for (Bits moves = legal_moves(before->board); moves != 0; moves &= moves - 1) {
                    const Board after = test::play(before->board, std::countr_zero(moves));
                    const bool is_same_side = position.to_move == before->to_move;
                    follows =
                        follows || position.board == (is_same_side ? after_pass(after) : after);
                }
                EXPECT_TRUE(follows) << empties;
            }
            before = &position;
        }
        EXPECT_GE(first, 60 - EvenGameSettings::opening_plies_max);
        EXPECT_LE(first, 60 - EvenGameSettings::opening_plies_min);
    }
}

TEST_F(EvenGameTest, an_opening_counts_only_if_the_search_calls_it_even) {
    const EvenGameSettings settings = {.depth = 1, .even_within_discs = 2};
    int even = 0;
    for (std::uint64_t number = 0; number < 60; ++number) {
        const EvenGame game = play(settings, number);
        // With any opening allowed the same game begins in the same position.
        const EvenGame any = play({.depth = 1, .even_within_discs = 64}, number);
        ASSERT_TRUE(any.is_even);
        int first = square_count;
        while (!any.is_reached[first])
            --first;
        searcher_.table.begin_game();
        const Score score =
            searcher_.search(any.positions[first].board, {.depth = EvenGameSettings::judging_depth})
                .score;
        EXPECT_EQ(game.is_even, std::abs(score) <= 2 * score_per_disc) << number;
        EXPECT_EQ(game.is_reached[first], game.is_even);
        even += game.is_even;
    }
    EXPECT_GT(even, 0);
    EXPECT_LT(even, 60);
}

TEST_F(EvenGameTest, a_game_depends_on_its_number_alone) {
    const EvenGameSettings settings = {.depth = 2};
    std::uint64_t number = 5;
    const EvenGame game = even_game(settings, number);
    (void)play(settings, number + 1);
    const EvenGame again = play(settings, number);
    EvenGameSettings other = settings;
    other.seed = 2;
    const EvenGame other_seed = play(other, number);
    int same_as_other = 0;
    int reached = 0;
    for (int empties = 0; empties <= square_count; ++empties) {
        EXPECT_EQ(game.positions[empties], again.positions[empties]);
        EXPECT_EQ(game.is_reached[empties], again.is_reached[empties]);
        reached += game.is_reached[empties];
        same_as_other +=
            game.is_reached[empties] && game.positions[empties] == other_seed.positions[empties];
    }
    EXPECT_EQ(same_as_other, 0);
    EXPECT_GT(reached, 30);
}

TEST_F(EvenGameTest, the_random_share_says_how_many_moves_are_not_the_models) {
    for (const double share : {0.0, 0.2, 1.0}) {
        int moves = 0;
        int others = 0;
        std::uint64_t number = 0;
        for (int games = 0; games < 30; ++games, ++number) {
            const EvenGame game = even_game({.depth = 1, .random_share = share}, number);
            for (int empties = 50; empties > 1; --empties) {
                if (!game.is_reached[empties] || !game.is_reached[empties - 1])
                    continue;
                const Board board = game.positions[empties].board;
                searcher_.table.begin_game();
                const Square best = searcher_.search(board, {.depth = 1}).move;
                const Board after = test::play(board, best);
                const Board next = game.positions[empties - 1].board;
                ++moves;
                others += next != after && next != after_pass(after);
            }
        }
        // A random move may be the best one.
        if (share == 0)
            EXPECT_EQ(others, 0);
        else if (share == 1)
            EXPECT_GT(others, moves / 2);
        else
            EXPECT_NEAR(static_cast<double>(others) / moves, share * 0.85, 0.06);
    }
}

TEST_F(EvenGameTest, its_random_numbers_are_nobody_elses) {
    for (std::uint64_t number = 0; number < 100; ++number) {
        RandomStream own(1, StreamPurpose::development, number);
        const std::uint64_t first = own.next();
        for (const StreamPurpose purpose :
             {StreamPurpose::self_play, StreamPurpose::trial, StreamPurpose::match,
              StreamPurpose::position, StreamPurpose::control, StreamPurpose::held_out}) {
            RandomStream other(1, purpose, number);
            EXPECT_NE(first, other.next());
        }
    }
}

TEST_F(EvenGameTest, a_stop_ends_the_game_and_says_so) {
    const std::atomic<bool> stop{true};
    EXPECT_TRUE(play_even_game({}, *searcher_, 0, &stop).was_stopped);
}

TEST(Canonical, the_eight_images_of_a_position_have_one_name) {
    RandomStream random = test::test_stream(222);
    std::set<Bits> names;
    for (int i = 0; i < 100; ++i) {
        const Board board = test::random_position(random, 20);
        const Board name = canonical(board);
        bool is_image = false;
        for (int symmetry = 0; symmetry < symmetry_count; ++symmetry) {
            EXPECT_EQ(canonical(transform(symmetry, board)), name);
            is_image = is_image || transform(symmetry, board) == name;
        }
        EXPECT_TRUE(is_image);
        names.insert(name.own);
    }
    EXPECT_EQ(names.size(), 100u);
}

}  // namespace
}  // namespace kiln::othello

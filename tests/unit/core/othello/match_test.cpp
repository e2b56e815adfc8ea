#include "core/othello/match.hpp"

#include <atomic>
#include <cmath>
#include <set>

#include <gtest/gtest.h>

#include "core/othello/player.hpp"

#include "tests/support/othello.hpp"

namespace kiln::othello {
namespace {

using test::OwnedModel;
using test::OwnedSearcher;
using test::small_shapes;
using test::test_stream;

MatchSettings match_against(Opponent opponent) {
    MatchSettings settings;
    settings.seed = 131;
    settings.opponent = opponent;
    settings.limits.depth = 1;
    return settings;
}

TEST(Match, a_pair_depends_on_seed_and_number_only) {
    OwnedModel owned(small_shapes());
    owned.randomise(132, 500);
    OwnedSearcher used(owned.model, 100);
    for (const Opponent opponent : {Opponent::random, Opponent::corner_edge}) {
        MatchSettings settings = match_against(opponent);
        settings.limits.exact_empties = 8;
        for (std::uint64_t pair = 20; pair-- > 0;) {
            OwnedSearcher fresh(owned.model, 100);
            const MatchPair one = play_pair(settings, *fresh, pair, nullptr, nullptr);
            const MatchPair other = play_pair(settings, *used, pair, nullptr, nullptr);
            EXPECT_TRUE(one.is_complete);
            EXPECT_EQ(one.difference[0], other.difference[0]);
            EXPECT_EQ(one.difference[1], other.difference[1]);
            EXPECT_EQ(one.nodes, other.nodes);
        }
    }
}

TEST(Match, against_itself_a_model_scores_exactly_half) {
    OwnedModel owned(small_shapes());
    owned.randomise(133, 500);
    OwnedSearcher searcher(owned.model);
    OwnedSearcher other(owned.model);
    MatchSettings settings = match_against(Opponent::model);
    settings.other_model = &*other;
    settings.limits = {.depth = 3, .exact_empties = 6};
    for (std::uint64_t pair = 0; pair < 20; ++pair) {
        const MatchPair played = play_pair(settings, *searcher, pair, nullptr, nullptr);
        EXPECT_TRUE(played.is_complete);
        EXPECT_EQ(played.difference[0], -played.difference[1]);
    }
}

TEST(Match, of_two_models_does_not_depend_on_whether_they_share_a_table) {
    OwnedModel one(small_shapes());
    OwnedModel two(small_shapes());
    one.randomise(134, 500);
    two.randomise(135, 500);
    OwnedSearcher searcher(one.model);
    OwnedSearcher other(two.model);
    Searcher sharing;
    sharing.bind(two.model, searcher.table);
    MatchSettings settings = match_against(Opponent::model);
    settings.limits = {.depth = 3, .exact_empties = 6};
    bool is_decided = false;
    for (std::uint64_t pair = 0; pair < 20; ++pair) {
        settings.other_model = &*other;
        const MatchPair apart = play_pair(settings, *searcher, pair, nullptr, nullptr);
        settings.other_model = &sharing;
        const MatchPair shared = play_pair(settings, *searcher, pair, nullptr, nullptr);
        EXPECT_EQ(apart.difference[0], shared.difference[0]);
        EXPECT_EQ(apart.difference[1], shared.difference[1]);
        is_decided = is_decided || apart.difference[0] != -apart.difference[1];
    }
    EXPECT_TRUE(is_decided);
}

TEST(Match, openings_and_results_vary_from_pair_to_pair) {
    OwnedModel owned(small_shapes());
    OwnedSearcher searcher(owned.model, 100);
    std::set<std::pair<int, int>> results;
    for (std::uint64_t pair = 0; pair < 50; ++pair) {
        const MatchPair played =
            play_pair(match_against(Opponent::random), *searcher, pair, nullptr, nullptr);
        for (const int difference : played.difference) {
            EXPECT_LE(std::abs(difference), 64);
            EXPECT_EQ(difference % 2, 0);
        }
        results.insert({played.difference[0], played.difference[1]});
    }
    EXPECT_GT(results.size(), 35u);
}

// Both games of a pair once more, with colours spelled out: the model is black in the first game
// and white in the second, from one opening.
MatchPair replayed_pair(const MatchSettings& settings, OwnedSearcher& searcher,
                        std::uint64_t pair) {
    RandomStream random(settings.seed, StreamPurpose::match, pair);
    Board opening = start_board();
    bool black_opens = true;
    for (int ply = 0; ply < settings.opening_plies; ++ply, black_opens = !black_opens) {
        if (legal_moves(opening) == 0) {
            opening = after_pass(opening);
            black_opens = !black_opens;
        }
        opening = test::play(opening, choose_random(random, opening));
    }
    MatchPair result;
    for (const bool model_is_black : {true, false}) {
        searcher.table.begin_game();
        Board board = opening;
        bool black_to_move = black_opens;
        while (!is_over(board)) {
            if (legal_moves(board) == 0)
                board = after_pass(board);
            else if (black_to_move == model_is_black)
                board = test::play(board, searcher.search(board, settings.limits).move);
            else
                board = test::play(board, settings.opponent == Opponent::random
                                              ? choose_random(random, board)
                                              : choose_corner_edge(random, board));
            black_to_move = !black_to_move;
        }
        const int black_difference = black_to_move ? final_score(board) : -final_score(board);
        result.difference[model_is_black ? 0 : 1] =
            model_is_black ? black_difference : -black_difference;
    }
    return result;
}

TEST(Match, a_pair_is_one_opening_played_twice_with_colours_swapped) {
    OwnedModel owned(small_shapes());
    owned.randomise(135, 500);
    OwnedSearcher searcher(owned.model, 100);
    OwnedSearcher other(owned.model, 100);
    for (const int opening_plies : {0, 1, 6, 7}) {
        for (const Opponent opponent : {Opponent::random, Opponent::corner_edge}) {
            MatchSettings settings = match_against(opponent);
            settings.opening_plies = opening_plies;
            for (std::uint64_t pair = 0; pair < 10; ++pair) {
                const MatchPair played = play_pair(settings, *searcher, pair, nullptr, nullptr);
                const MatchPair expected = replayed_pair(settings, other, pair);
                EXPECT_EQ(played.difference[0], expected.difference[0]);
                EXPECT_EQ(played.difference[1], expected.difference[1]);
            }
        }
    }
}

TEST(Match, differences_are_the_models_and_not_the_first_players) {
    // Solving the last 14 squares beats a random player whichever colour it has.
    OwnedModel owned(small_shapes());
    OwnedSearcher searcher(owned.model, 4096);
    MatchSettings settings = match_against(Opponent::random);
    settings.limits.exact_empties = 14;
    MatchScore score;
    int sums[2] = {};
    for (std::uint64_t pair = 0; pair < 30; ++pair) {
        const MatchPair played = play_pair(settings, *searcher, pair, nullptr, nullptr);
        score.add(played);
        sums[0] += played.difference[0];
        sums[1] += played.difference[1];
    }
    EXPECT_GT(sums[0], 200);
    EXPECT_GT(sums[1], 200);
    EXPECT_EQ(score.games(), 60u);
    EXPECT_EQ(score.discs(), sums[0] + sums[1]);
}

TEST(Match, a_stopped_pair_says_that_it_is_incomplete) {
    OwnedModel owned(small_shapes());
    OwnedSearcher searcher(owned.model, 100);
    const std::atomic<bool> stop{true};
    EXPECT_FALSE(
        play_pair(match_against(Opponent::random), *searcher, 0, &stop, nullptr).is_complete);
}

TEST(MatchScore, counts_wins_draws_and_losses_of_the_model) {
    MatchScore score;
    MatchPair pair;
    pair.difference[0] = 12;
    pair.difference[1] = -2;
    score.add(pair);
    pair.difference[0] = 0;
    pair.difference[1] = 64;
    score.add(pair);
    EXPECT_EQ(score.wins, 2u);
    EXPECT_EQ(score.draws, 1u);
    EXPECT_EQ(score.losses, 1u);
    EXPECT_EQ(score.discs(), 74);
    EXPECT_EQ(score.points(), 2.5);
}

TEST(MatchScore, sorts_pairs_by_their_points) {
    const int differences[][2] = {{-2, -4}, {-2, 0}, {0, 0}, {8, -2}, {-2, 8}, {0, 2}, {2, 2}};
    MatchScore score;
    for (const auto& difference : differences)
        score.add({{difference[0], difference[1]}, 0, true});
    const std::uint64_t expected[] = {1, 1, 3, 1, 1};
    for (std::size_t kind = 0; kind < MatchScore::pair_kinds; ++kind)
        EXPECT_EQ(score.pair_counts[kind], expected[kind]) << kind;
}

TEST(MatchScore, the_error_of_the_mean_difference_comes_from_pairs) {
    MatchScore score;
    EXPECT_EQ(score.mean_discs(), 0);
    score.add({{10, -4}, 0, true});
    EXPECT_EQ(score.mean_discs(), 3);
    EXPECT_EQ(score.mean_discs_error(), 0);
    score.add({{2, 0}, 0, true});
    score.add({{-6, 10}, 0, true});
    // Of pairs 3, 1 and 2 discs a game: deviation 1, over the root of three.
    EXPECT_EQ(score.mean_discs(), 2);
    EXPECT_NEAR(score.mean_discs_error(), 1 / std::sqrt(3.0), 1e-12);
}

TEST(Player, random_moves_are_legal_and_reach_every_legal_move) {
    constexpr std::uint64_t seed = 133;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    RandomStream random = test_stream(seed);
    const Board board = test::random_position(random, 40);
    const Bits moves = legal_moves(board);
    Bits chosen = 0;
    for (int i = 0; i < 1'000; ++i)
        chosen |= bit(choose_random(random, board));
    EXPECT_EQ(chosen, moves);
}

// The order of preference, square by square.
int rank_of(const Board& board, int square) {
    constexpr int corner_of[4] = {0, 7, 56, 63};
    for (const int corner : corner_of)
        if (square == corner)
            return 0;
    for (const int corner : corner_of) {
        const int files = std::abs(square % 8 - corner % 8);
        const int ranks = std::abs(square / 8 - corner / 8);
        if (files > 1 || ranks > 1 || (board.empty() & bit(corner)) == 0)
            continue;
        return files + ranks == 2 ? 4 : 3;
    }
    const bool on_edge = square % 8 == 0 || square % 8 == 7 || square / 8 == 0 || square / 8 == 7;
    return on_edge ? 1 : 2;
}

TEST(Player, corner_edge_always_takes_a_move_of_the_best_rank_there_is) {
    constexpr std::uint64_t seed = 134;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    RandomStream random = test_stream(seed);
    int ranks[5] = {};
    for (int i = 0; i < 20'000; ++i) {
        const Board board = test::random_position(random, 1 + static_cast<int>(random.below(59)));
        const Bits moves = legal_moves(board);
        if (moves == 0)
            continue;
        int best = 4;
        for (Bits left = moves; left != 0; left &= left - 1)
            best = std::min(best, rank_of(board, std::countr_zero(left)));
        const Square chosen = choose_corner_edge(random, board);
        ASSERT_NE(moves & bit(chosen), 0u);
        ASSERT_EQ(rank_of(board, chosen), best) << "square " << int{chosen} << to_text(board);
        ++ranks[best];
    }
    for (int rank = 0; rank < 5; ++rank)
        EXPECT_GT(ranks[rank], 5) << "rank " << rank << " never came up";
}

}  // namespace
}  // namespace kiln::othello

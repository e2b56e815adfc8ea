// What makes the heuristic search fast: windows, what the table knows of children, multi-ProbCut.
// The first two must not change a value, and the third nothing that it does not claim.
#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "core/othello/probcut.hpp"
#include "core/othello/search.hpp"

#include "tests/support/othello.hpp"
#include "tests/support/othello_reference.hpp"

namespace kiln::othello {
namespace {

using test::is_right_within;
using test::minimax;
using test::OwnedModel;
using test::OwnedSearcher;
using test::play;
using test::random_position;
using test::search_slowly;
using test::test_stream;

const OwnedModel& random_model() {
    static OwnedModel owned;
    static const bool made = (owned.randomise(561, 800), true);
    (void)made;
    return owned;
}

SearchLimits limits_of(int depth, int selectivity) {
    SearchLimits limits;
    limits.depth = depth;
    limits.selectivity = selectivity;
    return limits;
}

Board position_with_a_move(RandomStream& random, int empties) {
    for (;;) {
        const Board board = random_position(random, empties);
        if (legal_moves(board) != 0)
            return board;
    }
}

// A run from a position, as a searcher would begin it.
class OwnedRun {
  public:
    explicit OwnedRun(const Board& board, TranspositionTable& table)
        : frames_(SearchRun::frame_capacity) {
        run.model = &random_model().model;
        run.table = &table;
        run.frames = frames_.data();
        frames_[0].board = board;
        frames_[0].features = random_model().geometry->features(board);
    }

    SearchRun run;

  private:
    std::vector<SearchFrame> frames_;
};

TEST(SelectiveSearch, of_no_selectivity_equals_minimax_at_depth_6_where_children_answer) {
    constexpr std::uint64_t seed = 562;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    OwnedSearcher searcher(random_model().model, 1'000);
    RandomStream random = test_stream(seed);
    for (int i = 0; i < 12; ++i) {
        const Board board = position_with_a_move(random, 8 + static_cast<int>(random.below(40)));
        searcher.table.begin_game();
        const SearchResult result = searcher.search(board, limits_of(6, 0));
        const Score expected = search_slowly(random_model().model, board, 6);
        ASSERT_EQ(result.score, expected) << to_text(board);
        ASSERT_EQ(-search_slowly(random_model().model, play(board, result.move), 5), expected)
            << to_text(board);
    }
}

TEST(SelectiveSearch, an_iteration_has_the_same_score_and_move_value_for_any_guess) {
    constexpr std::uint64_t seed = 563;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::vector<TableBucket> buckets(1'000);
    TranspositionTable table;
    table.bind(buckets);
    RandomStream random = test_stream(seed);
    constexpr Score half_window = 3 * score_per_disc;
    constexpr Score offsets[] = {0,
                                 1,
                                 half_window - 1,
                                 half_window,
                                 half_window + 1,
                                 -1,
                                 -half_window + 1,
                                 -half_window,
                                 -half_window - 1,
                                 5'000,
                                 -5'000};
    for (int i = 0; i < 25; ++i) {
        const Board board = position_with_a_move(random, 6 + static_cast<int>(random.below(45)));
        const Score expected = search_slowly(random_model().model, board, 4);
        for (const Score offset : offsets) {
            for (const Score guess : {expected + offset, i % 2 == 0 ? score_max : -score_max}) {
                table.begin_game();
                OwnedRun run(board, table);
                ASSERT_EQ(search_iteration(run.run, 4, guess), expected)
                    << "guess " << guess << to_text(board);
                ASSERT_EQ(run.run.root_score, expected);
                ASSERT_NE(legal_moves(board) & bit(run.run.root_move), 0u);
                ASSERT_EQ(-search_slowly(random_model().model, play(board, run.run.root_move), 3),
                          expected)
                    << "guess " << guess << to_text(board);
            }
        }
    }
}

TEST(SelectiveSearch, of_any_window_answers_with_a_bound_that_is_true) {
    constexpr std::uint64_t seed = 564;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::vector<TableBucket> buckets(1'000);
    TranspositionTable table;
    table.bind(buckets);
    RandomStream random = test_stream(seed);
    int outside = 0;
    for (int i = 0; i < 30; ++i) {
        const Board board = random_position(random, 6 + static_cast<int>(random.below(45)));
        const int depth = 1 + static_cast<int>(random.below(5));
        const Score value = search_slowly(random_model().model, board, depth);
        table.begin_game();
        // The table fills up with the bounds that other windows left.
        for (int window = 0; window < 30; ++window) {
            OwnedRun run(board, table);
            const Score alpha = value - 600 + static_cast<Score>(random.below(1'200));
            const Score beta =
                alpha + 1 + static_cast<Score>(window % 2 == 0 ? 0 : random.below(900));
            const Score answer = search_frame(run.run, 0, depth, alpha, beta, false);
            ASSERT_TRUE(is_right_within(value, alpha, beta, answer))
                << value << " answered as " << answer << " within " << alpha << " and " << beta
                << to_text(board);
            outside += answer <= alpha || answer >= beta;
        }
    }
    EXPECT_GT(outside, 200);
}

TEST(SelectiveSearch, visits_the_fewer_positions_the_more_selective_it_is) {
    constexpr std::uint64_t seed = 565;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    OwnedSearcher searcher(random_model().model);
    std::uint64_t nodes[selectivity_max + 1] = {};
    for (int selectivity = 0; selectivity <= selectivity_max; ++selectivity) {
        RandomStream random = test_stream(seed);
        for (int i = 0; i < 12; ++i) {
            const Board board =
                position_with_a_move(random, 20 + static_cast<int>(random.below(25)));
            searcher.table.begin_game();
            const SearchResult result = searcher.search(board, limits_of(7, selectivity));
            nodes[selectivity] += result.nodes;
            ASSERT_EQ(result.depth, 7);
            ASSERT_NE(legal_moves(board) & bit(result.move), 0u) << to_text(board);
        }
    }
    for (int selectivity = 1; selectivity <= selectivity_max; ++selectivity)
        EXPECT_LT(nodes[selectivity], nodes[selectivity - 1]) << "selectivity " << selectivity;
    EXPECT_LT(nodes[selectivity_max] * 4, nodes[0] * 3);
}

TEST(SelectiveSearch, is_reproducible_and_its_score_is_that_of_the_leaf_it_names) {
    constexpr std::uint64_t seed = 566;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    OwnedSearcher searcher(random_model().model, 700);
    OwnedSearcher other(random_model().model, 700);
    RandomStream random = test_stream(seed);
    int leaves = 0;
    for (int i = 0; i < 20; ++i) {
        const Board board = position_with_a_move(random, 8 + static_cast<int>(random.below(45)));
        const SearchLimits limits = limits_of(6, 1 + static_cast<int>(random.below(4)));
        searcher.table.begin_game();
        const SearchResult result = searcher.search(board, limits);
        other.table.begin_game();
        const SearchResult again = other.search(board, limits);
        EXPECT_EQ(result.score, again.score);
        EXPECT_EQ(result.move, again.move);
        EXPECT_EQ(result.nodes, again.nodes);
        EXPECT_EQ(result.leaf, again.leaf);
        if (!result.has_leaf)
            continue;
        ++leaves;
        const Score leaf = random_model().model.evaluate(result.leaf);
        ASSERT_EQ(result.leaf_is_root_side ? leaf : -leaf, result.score) << to_text(board);
        ASSERT_EQ(result.leaf.discs(), board.discs() + 6);
    }
    EXPECT_GT(leaves, 10);
}

TEST(SelectiveSearch, cuts_nothing_where_no_shallower_search_stands_for_it) {
    constexpr std::uint64_t seed = 567;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    OwnedSearcher searcher(random_model().model);
    RandomStream random = test_stream(seed);
    for (int i = 0; i < 40; ++i) {
        const Board board = position_with_a_move(random, 6 + static_cast<int>(random.below(45)));
        // The root is never cut, and its children are one ply too shallow for it.
        searcher.table.begin_game();
        ASSERT_EQ(searcher.search(board, limits_of(probcut_depth_min, selectivity_max)).score,
                  minimax(random_model().model, board, probcut_depth_min))
            << to_text(board);
    }
}

TEST(SelectiveSearch, never_calls_its_score_exact) {
    constexpr std::uint64_t seed = 568;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    OwnedSearcher searcher(random_model().model);
    RandomStream random = test_stream(seed);
    for (int i = 0; i < 10; ++i) {
        const Board board = position_with_a_move(random, 8);
        searcher.table.begin_game();
        EXPECT_FALSE(searcher.search(board, limits_of(60, 1)).is_exact);
        searcher.table.begin_game();
        EXPECT_TRUE(searcher.search(board, limits_of(60, 0)).is_exact);
    }
}

// The line and the score of an iteration that the limit broke off belong together, because learning
// charges the error of the one to the other.
TEST(SelectiveSearch, that_runs_out_of_nodes_answers_with_a_move_and_the_score_of_its_leaf) {
    constexpr std::uint64_t seed = 569;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    OwnedSearcher searcher(random_model().model);
    RandomStream random = test_stream(seed);
    int leaves = 0;
    int broken_off = 0;
    for (int i = 0; i < 12; ++i) {
        const Board board = position_with_a_move(random, 12 + static_cast<int>(random.below(40)));
        for (std::uint64_t nodes = 2; nodes < 6'000; nodes += 1 + nodes / 7) {
            SearchLimits limits = limits_of(60, i % 3);
            limits.nodes = nodes;
            searcher.table.begin_game();
            const SearchResult result = searcher.search(board, limits);
            ASSERT_NE(legal_moves(board) & bit(result.move), 0u) << to_text(board);
            if (!result.has_leaf)
                continue;
            ++leaves;
            const Score leaf = random_model().model.evaluate(result.leaf);
            ASSERT_EQ(result.leaf_is_root_side ? leaf : -leaf, result.score)
                << nodes << " nodes" << to_text(board);
            const int plies = result.leaf.discs() - board.discs();
            ASSERT_TRUE(plies == result.depth || plies == result.depth + 1);
            broken_off += plies > result.depth;
        }
    }
    EXPECT_GT(leaves, 200);
    EXPECT_GT(broken_off, 50);
}

TEST(ProbCut, stands_for_a_depth_by_a_shallower_one_of_the_same_parity) {
    for (int depth = probcut_depth_min; depth <= 60; ++depth) {
        const ProbCut cut = probcut(depth);
        EXPECT_GE(cut.depth, 1);
        EXPECT_LT(cut.depth, depth);
        EXPECT_EQ((depth - cut.depth) % 2, 0) << depth;
    }
}

TEST(ProbCut, a_bolder_selectivity_and_an_earlier_stage_narrow_the_margin) {
    const ProbCut cut = probcut(8);
    for (int selectivity = 1; selectivity < selectivity_max; ++selectivity)
        EXPECT_GT(probcut_margin(cut, 15, selectivity), probcut_margin(cut, 15, selectivity + 1));
    for (int stage = 1; stage < stage_count; ++stage)
        EXPECT_GE(probcut_margin(cut, stage, 2), probcut_margin(cut, stage - 1, 2));
    EXPECT_GT(probcut_margin(cut, stage_count - 1, 2), probcut_margin(cut, 0, 2));
}

}  // namespace
}  // namespace kiln::othello

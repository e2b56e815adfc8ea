#include "core/othello/search.hpp"

#include <algorithm>
#include <atomic>
#include <vector>

#include <gtest/gtest.h>

#include "core/othello/endgame.hpp"

#include "tests/support/othello.hpp"
#include "tests/support/othello_reference.hpp"

namespace kiln::othello {
namespace {

using test::minimax;
using test::OwnedModel;
using test::OwnedSearcher;
using test::play;
using test::random_position;
using test::test_stream;

// Weights that spread values over some 30 discs: few are equal, few are clamped.
constexpr int amplitude = 800;

const OwnedModel& random_model() {
    static OwnedModel owned;
    static const bool made = (owned.randomise(61, amplitude), true);
    (void)made;
    return owned;
}

SearchLimits to_depth(int depth) {
    SearchLimits limits;
    limits.depth = depth;
    return limits;
}

// Everything that a search at a fixed depth promises about its result.
void expect_equals_minimax(OwnedSearcher& searcher, const Board& board, int depth) {
    const Model& model = searcher->model();
    const SearchResult result = searcher.search(board, to_depth(depth));
    const Score expected = minimax(model, board, depth);
    ASSERT_EQ(result.score, expected) << "depth " << depth << to_text(board);
    ASSERT_FALSE(result.was_stopped);
    if (const Bits moves = legal_moves(board); moves == 0) {
        ASSERT_EQ(result.move, no_square);
    } else {
        ASSERT_LT(result.move, no_square);
        ASSERT_NE(moves & bit(result.move), 0u) << "an illegal move" << to_text(board);
        ASSERT_EQ(-minimax(model, play(board, result.move), depth - 1), expected)
            << "the move does not have the score" << to_text(board);
    }
    ASSERT_EQ(result.depth, std::min(depth, board.empties()));
    ASSERT_EQ(result.is_exact, depth >= board.empties());
    if (result.has_leaf) {
        const Score leaf = model.evaluate(result.leaf);
        ASSERT_EQ(result.leaf_is_root_side ? leaf : -leaf, expected)
            << "leaf" << to_text(result.leaf) << "of" << to_text(board);
        ASSERT_EQ(result.leaf.discs(), board.discs() + depth);
    } else {
        ASSERT_EQ(expected % score_per_disc, 0) << "neither a leaf nor a finished game";
    }
}

// Advances at every question and can raise a stop flag at one of them, so that a search is
// interrupted at a place that is the same every time.
class SteppingClock final : public Clock {
  public:
    explicit SteppingClock(std::uint64_t step_ns) : step_ns_(step_ns) {}
    std::uint64_t now_ns() override {
        if (++questions_ == raise_at && flag != nullptr)
            flag->store(true);
        return now_ns_ += step_ns_;
    }

    std::atomic<bool>* flag = nullptr;
    std::uint64_t raise_at = 0;

  private:
    std::uint64_t step_ns_;
    std::uint64_t now_ns_ = 1'000'000'000;
    std::uint64_t questions_ = 0;
};

TEST(Search, score_move_and_leaf_equal_a_plain_minimax_at_depths_1_to_5) {
    constexpr std::uint64_t seed = 62;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    OwnedSearcher searcher(random_model().model);
    RandomStream random = test_stream(seed);
    constexpr int positions[] = {0, 200, 200, 150, 40, 10};
    for (int depth = 1; depth <= 5; ++depth) {
        for (int i = 0; i < positions[depth]; ++i) {
            const int empties = 8 + static_cast<int>(random.below(52));
            searcher.table.begin_game();
            ASSERT_NO_FATAL_FAILURE(
                expect_equals_minimax(searcher, random_position(random, empties), depth));
        }
    }
}

TEST(Search, equals_a_plain_minimax_near_the_end_where_passes_and_finished_games_occur) {
    constexpr std::uint64_t seed = 63;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    OwnedSearcher searcher(random_model().model);
    RandomStream random = test_stream(seed);
    int passing_roots = 0;
    int without_leaf = 0;
    for (int i = 0; i < 600; ++i) {
        const int empties = 1 + static_cast<int>(random.below(9));
        const Board board = random_position(random, empties);
        const int depth = 1 + static_cast<int>(random.below(5));
        passing_roots += legal_moves(board) == 0;
        searcher.table.begin_game();
        ASSERT_NO_FATAL_FAILURE(expect_equals_minimax(searcher, board, depth));
        without_leaf += !searcher.search(board, to_depth(depth)).has_leaf;
    }
    EXPECT_GT(passing_roots, 20);
    EXPECT_GT(without_leaf, 100);
}

TEST(Search, equals_a_plain_minimax_on_boards_that_no_game_reaches) {
    constexpr std::uint64_t seed = 64;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    OwnedSearcher searcher(random_model().model);
    RandomStream random = test_stream(seed);
    for (int i = 0; i < 300; ++i) {
        const Board board =
            test::thrown_board(random, 40 + static_cast<unsigned>(random.below(160)), 50);
        if (is_over(board))
            continue;
        searcher.table.begin_game();
        ASSERT_NO_FATAL_FAILURE(
            expect_equals_minimax(searcher, board, 1 + static_cast<int>(random.below(3))));
    }
}

// 33 moves are the most that a game leads to, but whoever sets up a board may ask for more.
TEST(Search, a_board_with_35_moves_is_searched_as_any_other) {
    const Board board = {0x00213f040060100cu, 0x0052406a40006e02u};
    ASSERT_EQ(std::popcount(scalar::legal_moves(board)), 35);
    OwnedSearcher searcher(random_model().model);
    for (int depth = 1; depth <= 3; ++depth)
        ASSERT_NO_FATAL_FAILURE(expect_equals_minimax(searcher, board, depth));
    // Nobody solves 35 empties here: until it is stopped, which the first poll after the moves were
    // put in order finds out.
    SteppingClock clock(1);
    std::atomic<bool> stop{false};
    std::vector<TableBucket> buckets(100);
    TranspositionTable table;
    table.bind(buckets);
    Endgame endgame;
    endgame.bind(table);
    clock.flag = &stop;
    clock.raise_at = 3;
    Interrupt interrupt = {&stop, &clock, ~std::uint64_t{0}};
    EXPECT_FALSE(endgame.solve(board, 0, interrupt).is_complete);
}

TEST(Search, with_the_table_of_earlier_moves_of_the_game_still_equals_minimax) {
    constexpr std::uint64_t seed = 65;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    OwnedSearcher searcher(random_model().model, 3000);
    RandomStream random = test_stream(seed);
    for (int game = 0; game < 6; ++game) {
        searcher.table.begin_game();
        Board board = random_position(random, 40);
        while (!is_over(board)) {
            ASSERT_NO_FATAL_FAILURE(expect_equals_minimax(searcher, board, 3));
            const Bits moves = legal_moves(board);
            board = moves == 0 ? after_pass(board) : play(board, test::pick_bit(random, moves));
        }
    }
    EXPECT_GT(searcher.table.hits(), 0u);
}

TEST(Search, gives_the_same_score_for_any_number_of_buckets) {
    constexpr std::uint64_t seed = 66;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    for (const std::size_t buckets : {1u, 3u, 1000u}) {
        OwnedSearcher searcher(random_model().model, buckets);
        RandomStream random = test_stream(seed);
        for (int i = 0; i < 40; ++i) {
            const Board board = random_position(random, 6 + static_cast<int>(random.below(40)));
            searcher.table.begin_game();
            ASSERT_NO_FATAL_FAILURE(expect_equals_minimax(searcher, board, 4));
        }
    }
}

void expect_same(const SearchResult& one, const SearchResult& other) {
    EXPECT_EQ(one.score, other.score);
    EXPECT_EQ(one.move, other.move);
    EXPECT_EQ(one.depth, other.depth);
    EXPECT_EQ(one.nodes, other.nodes);
    EXPECT_EQ(one.is_exact, other.is_exact);
    EXPECT_EQ(one.has_leaf, other.has_leaf);
    EXPECT_EQ(one.leaf, other.leaf);
    EXPECT_EQ(one.leaf_is_root_side, other.leaf_is_root_side);
}

TEST(Search, does_not_depend_on_what_the_table_held_from_earlier_games) {
    constexpr std::uint64_t seed = 67;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    for (const std::size_t buckets : {1u, 3u, 1000u}) {
        SCOPED_TRACE(testing::Message() << buckets << " buckets");
        OwnedSearcher dirty(random_model().model, buckets);
        RandomStream random = test_stream(seed);
        for (int i = 0; i < 40; ++i) {
            const Board board = random_position(random, 4 + static_cast<int>(random.below(50)));
            SearchLimits limits = to_depth(5);
            limits.exact_empties = 10;
            if (random.below(2) == 0)
                limits.nodes = 700;
            OwnedSearcher clean(random_model().model, buckets);
            dirty.table.begin_game();
            const SearchResult first = dirty.search(board, limits);
            expect_same(first, clean.search(board, limits));
            dirty.table.begin_game();
            expect_same(first, dirty.search(board, limits));
        }
    }
}

TEST(Search, never_visits_more_nodes_than_the_limit_after_the_first_ply) {
    constexpr std::uint64_t seed = 68;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    OwnedSearcher searcher(random_model().model);
    RandomStream random = test_stream(seed);
    int bound = 0;
    for (int i = 0; i < 100; ++i) {
        const Board board = random_position(random, 15 + static_cast<int>(random.below(45)));
        searcher.table.begin_game();
        const std::uint64_t first_ply = searcher.search(board, to_depth(1)).nodes;
        for (const std::uint64_t nodes : {1u, 5u, 37u, 200u, 1024u, 3001u}) {
            SearchLimits limits = to_depth(60);
            limits.nodes = nodes;
            searcher.table.begin_game();
            const SearchResult result = searcher.search(board, limits);
            ASSERT_LE(result.nodes, std::max(nodes, first_ply)) << to_text(board);
            ASSERT_GE(result.depth, 1);
            if (legal_moves(board) != 0) {
                ASSERT_NE(legal_moves(board) & bit(result.move), 0u) << to_text(board);
            }
            bound += result.nodes == nodes;
        }
    }
    EXPECT_GT(bound, 300);  // the limit is used up, not merely kept
}

TEST(Search, more_nodes_reach_deeper) {
    OwnedSearcher searcher(random_model().model);
    SearchLimits limits = to_depth(60);
    limits.nodes = 100;
    const int shallow = searcher.search(start_board(), limits).depth;
    limits.nodes = 20'000;
    searcher.table.begin_game();
    EXPECT_GT(searcher.search(start_board(), limits).depth, shallow);
}

// Whether the search ended strictly between two complete iterations; it always has a legal move.
bool stopped_inside(const Board& board, const SearchResult& result) {
    OwnedSearcher searcher(random_model().model);
    const std::uint64_t complete = searcher.search(board, to_depth(result.depth)).nodes;
    searcher.table.begin_game();
    const std::uint64_t next = searcher.search(board, to_depth(result.depth + 1)).nodes;
    EXPECT_GE(result.nodes, complete);
    EXPECT_LT(result.nodes, next);
    EXPECT_NE(legal_moves(board) & bit(result.move), 0u) << to_text(board);
    EXPECT_FALSE(result.is_exact);
    return result.nodes > complete;
}

TEST(Search, a_time_limit_ends_it_inside_an_iteration) {
    int inside = 0;
    for (const std::uint64_t questions : {10u, 20u, 30u, 40u, 50u}) {
        OwnedSearcher searcher(random_model().model);
        SteppingClock clock(1'000'000);
        SearchLimits limits = to_depth(60);
        limits.time_ns = questions * 1'000'000;
        const SearchResult result = searcher->search(start_board(), limits, nullptr, &clock);
        EXPECT_FALSE(result.was_stopped);  // nobody raised a flag
        // The clock is asked every 1,024 nodes, and once between iterations.
        EXPECT_LE(result.nodes, (questions + 1) * Interrupt::poll_interval_nodes);
        inside += stopped_inside(start_board(), result);
    }
    EXPECT_GE(inside, 3);  // it may also be over exactly when an iteration is
}

TEST(Search, a_stop_flag_ends_it_inside_an_iteration_and_still_gives_a_legal_move) {
    constexpr std::uint64_t seed = 69;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    RandomStream random = test_stream(seed);
    int inside = 0;
    for (int i = 0; i < 10; ++i) {
        Board board = random_position(random, 40);
        if (legal_moves(board) == 0)
            board = after_pass(board);
        std::atomic<bool> stop{false};
        SteppingClock clock(1);
        clock.flag = &stop;
        clock.raise_at = 30;
        SearchLimits limits = to_depth(60);
        limits.time_ns = ~std::uint64_t{0} / 2;  // only to have the clock asked
        OwnedSearcher searcher(random_model().model);
        const SearchResult result = searcher->search(board, limits, &stop, &clock);
        EXPECT_TRUE(result.was_stopped);
        EXPECT_LE(result.nodes, 32 * Interrupt::poll_interval_nodes);
        inside += stopped_inside(board, result);
    }
    EXPECT_GE(inside, 6);
}

TEST(Search, a_flag_raised_beforehand_leaves_one_complete_ply) {
    OwnedSearcher searcher(random_model().model);
    const std::atomic<bool> stop{true};
    const SearchResult result = searcher->search(start_board(), to_depth(60), &stop, nullptr);
    EXPECT_TRUE(result.was_stopped);
    EXPECT_EQ(result.depth, 1);
    EXPECT_EQ(result.score, minimax(random_model().model, start_board(), 1));
}

TEST(Search, an_exact_search_that_is_stopped_answers_with_one_ply) {
    constexpr std::uint64_t seed = 70;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    RandomStream random = test_stream(seed);
    for (int i = 0; i < 10; ++i) {
        Board board = random_position(random, 20);
        if (legal_moves(board) == 0)
            board = after_pass(board);
        OwnedSearcher searcher(random_model().model);
        const std::atomic<bool> stop{true};
        SearchLimits limits = to_depth(4);
        limits.exact_empties = 20;
        const SearchResult result = searcher->search(board, limits, &stop, nullptr);
        EXPECT_TRUE(result.was_stopped);
        EXPECT_FALSE(result.is_exact);
        EXPECT_EQ(result.score, minimax(random_model().model, board, 1));
        EXPECT_NE(legal_moves(board) & bit(result.move), 0u);
    }
}

TEST(Search, exact_scores_never_come_from_what_a_heuristic_search_stored) {
    constexpr std::uint64_t seed = 71;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    OwnedModel wrong;
    wrong.randomise(seed, 6000);  // nonsense that fills the table with large values
    OwnedSearcher misled(wrong.model, 2000);
    OwnedSearcher honest(random_model().model, 2000);
    RandomStream random = test_stream(seed);
    int misjudged = 0;
    for (int i = 0; i < 150; ++i) {
        const Board board = random_position(random, 7 + static_cast<int>(random.below(5)));
        SearchLimits exact = to_depth(1);
        exact.exact_empties = 12;
        honest.table.begin_game();
        const SearchResult expected = honest.search(board, exact);
        ASSERT_TRUE(expected.is_exact);
        misled.table.begin_game();
        const Score estimate = misled.search(board, to_depth(4)).score;
        misjudged += std::abs(estimate - expected.score) > score_per_disc;
        const SearchResult solved = misled.search(board, exact);
        ASSERT_TRUE(solved.is_exact);
        ASSERT_EQ(solved.score, expected.score) << to_text(board);
        // Nor the other way round: an estimate is one whatever is already solved.
        ASSERT_EQ(misled.search(board, to_depth(4)).score, estimate);
    }
    EXPECT_GT(misjudged, 100);
}

TEST(Search, of_a_finished_game_is_its_result) {
    OwnedSearcher searcher(random_model().model);
    const SearchResult result = searcher.search({0xffffu, 0xff00000000000000u}, to_depth(3));
    EXPECT_EQ(result.score, 48 * score_per_disc);
    EXPECT_EQ(result.move, no_square);
    EXPECT_TRUE(result.is_exact);
    EXPECT_FALSE(result.has_leaf);
}

TEST(Search, of_a_position_that_must_pass_is_the_other_players_search_turned) {
    constexpr std::uint64_t seed = 72;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    RandomStream random = test_stream(seed);
    OwnedSearcher searcher(random_model().model);
    int found = 0;
    while (found < 20) {
        const Board board = random_position(random, 8 + static_cast<int>(random.below(10)));
        if (legal_moves(board) != 0)
            continue;
        ++found;
        searcher.table.begin_game();
        const SearchResult passed = searcher.search(board, to_depth(3));
        searcher.table.begin_game();
        const SearchResult other = searcher.search(after_pass(board), to_depth(3));
        EXPECT_EQ(passed.score, -other.score);
        EXPECT_EQ(passed.move, no_square);
        EXPECT_EQ(passed.leaf, other.leaf);
        EXPECT_NE(passed.leaf_is_root_side, other.leaf_is_root_side);
    }
}

TEST(Search, changes_its_mind_when_the_weights_change) {
    constexpr std::uint64_t seed = 73;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    OwnedModel other;
    other.randomise(seed, amplitude);
    OwnedSearcher searcher(random_model().model);
    OwnedSearcher other_searcher(other.model);
    RandomStream random = test_stream(seed);
    int different = 0;
    for (int i = 0; i < 50; ++i) {
        const Board board = random_position(random, 30);
        different += searcher.search(board, to_depth(2)).score !=
                     other_searcher.search(board, to_depth(2)).score;
    }
    EXPECT_GT(different, 45);
}

}  // namespace
}  // namespace kiln::othello

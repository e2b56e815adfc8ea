// Exact results with the evaluation's help: right whatever the evaluation says.
#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "core/othello/endgame.hpp"
#include "core/othello/search.hpp"

#include "tests/support/othello.hpp"
#include "tests/support/othello_reference.hpp"

namespace kiln::othello {
namespace {

using test::is_right_within;
using test::OwnedModel;
using test::OwnedSearcher;
using test::play;
using test::random_position;
using test::solve_plainly;
using test::solve_slowly;
using test::test_stream;

// Its values have nothing to do with results.
const OwnedModel& random_model() {
    static OwnedModel owned;
    static const bool made = (owned.randomise(541, 800), true);
    (void)made;
    return owned;
}

SearchLimits exactly() {
    SearchLimits limits;
    limits.exact_empties = 64;
    return limits;
}

int sign(int discs) {
    return (discs > 0) - (discs < 0);
}

// Plain brute force while that takes no time, with alpha-beta's help beyond.
int result_of(const Board& board) {
    return board.empties() <= 7 ? solve_plainly(board) : solve_slowly(board);
}

// Results by an Endgame with a table of its own, which no evaluation has seen.
class Reference {
  public:
    Reference() : buckets_(20'000) {
        table_.bind(buckets_);
        endgame_.bind(table_);
    }
    int solve(const Board& board) {
        table_.begin_game();
        return endgame_.solve(board, 0, {}).discs;
    }

  private:
    std::vector<TableBucket> buckets_;
    TranspositionTable table_;
    Endgame endgame_;
};

// The result and a move that has it, for whoever may know what the result is.
void expect_solved(const Board& board, int discs, const SearchResult& result,
                   Reference& reference) {
    ASSERT_TRUE(result.is_exact);
    ASSERT_FALSE(result.was_stopped);
    ASSERT_FALSE(result.has_leaf);
    ASSERT_EQ(result.score, discs * score_per_disc) << to_text(board);
    const Bits moves = legal_moves(board);
    if (moves == 0) {
        ASSERT_EQ(result.move, no_square) << to_text(board);
        return;
    }
    ASSERT_LT(result.move, no_square) << to_text(board);
    ASSERT_NE(moves & bit(result.move), 0u) << to_text(board);
    ASSERT_EQ(-reference.solve(play(board, result.move)), discs)
        << "a move that gives away discs" << to_text(board);
}

TEST(ExactSearch, equals_brute_force_and_endgame_with_1_to_14_empties) {
    constexpr std::uint64_t seed = 542;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    OwnedSearcher searcher(random_model().model);
    Reference reference;
    RandomStream random = test_stream(seed);
    constexpr int positions[] = {0, 40, 40, 40, 40, 40, 40, 40, 40, 30, 20, 15, 15, 10, 10};
    constexpr int brute_force_empties = 10;
    int passes = 0;
    for (int empties = 1; empties <= 14; ++empties) {
        for (int i = 0; i < positions[empties]; ++i) {
            const Board board = random_position(random, empties);
            const int discs = reference.solve(board);
            if (empties <= brute_force_empties) {
                ASSERT_EQ(discs, result_of(board)) << to_text(board);
            }
            passes += legal_moves(board) == 0;
            searcher.table.begin_game();
            ASSERT_NO_FATAL_FAILURE(
                expect_solved(board, discs, searcher.search(board, exactly()), reference));
        }
    }
    EXPECT_GT(passes, 5);
}

// Nearly all of one colour: wipe-outs, double passes, results that are odd.
TEST(ExactSearch, equals_brute_force_on_lopsided_boards) {
    constexpr std::uint64_t seed = 543;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    OwnedSearcher searcher(random_model().model, 50);
    Reference reference;
    RandomStream random = test_stream(seed);
    int wipe_outs = 0;
    int checked = 0;
    while (checked < 300) {
        Board board = {~Bits{0}, 0};
        const int holes = 10 + static_cast<int>(random.below(5));
        for (int i = 0; i < holes; ++i)
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
        const int expected = reference.solve(board);
        searcher.table.begin_game();
        ASSERT_NO_FATAL_FAILURE(
            expect_solved(board, expected, searcher.search(board, exactly()), reference));
        wipe_outs += std::abs(expected) == 64;
        ++checked;
    }
    EXPECT_GT(wipe_outs, 20);
}

TEST(ExactSearch, gives_the_same_result_for_any_number_of_buckets_and_any_weights) {
    constexpr std::uint64_t seed = 544;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Reference reference;
    OwnedModel neutral;
    OwnedModel wild;
    wild.randomise(seed, 9'000);
    for (const Model* model : {&neutral.model, &wild.model}) {
        for (const std::size_t buckets : {1u, 3u, 1000u}) {
            SCOPED_TRACE(testing::Message() << buckets << " buckets");
            OwnedSearcher searcher(*model, buckets);
            RandomStream random = test_stream(seed);
            for (int i = 0; i < 6; ++i) {
                const Board board = random_position(random, 11 + static_cast<int>(random.below(4)));
                searcher.table.begin_game();
                ASSERT_NO_FATAL_FAILURE(expect_solved(
                    board, reference.solve(board), searcher.search(board, exactly()), reference));
            }
        }
    }
}

TEST(ExactSearch, that_only_wants_the_winner_is_right_about_him_and_so_is_its_move) {
    constexpr std::uint64_t seed = 545;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    OwnedSearcher searcher(random_model().model);
    Reference reference;
    RandomStream random = test_stream(seed);
    SearchLimits limits = exactly();
    limits.only_winner = true;
    int outcomes[3] = {};
    for (int i = 0; i < 250; ++i) {
        const Board board = random_position(random, 1 + static_cast<int>(random.below(14)));
        const int winner = sign(reference.solve(board));
        searcher.table.begin_game();
        const SearchResult result = searcher.search(board, limits);
        ASSERT_TRUE(result.is_exact);
        ASSERT_EQ(result.score, winner * score_per_disc) << to_text(board);
        if (legal_moves(board) == 0) {
            ASSERT_EQ(result.move, no_square);
        } else {
            ASSERT_NE(legal_moves(board) & bit(result.move), 0u) << to_text(board);
            ASSERT_EQ(sign(-reference.solve(play(board, result.move))), winner) << to_text(board);
        }
        ++outcomes[winner + 1];
    }
    EXPECT_GT(outcomes[0], 50);
    EXPECT_GT(outcomes[1], 2);
    EXPECT_GT(outcomes[2], 50);
}

// What other searches of the game left in the table orders moves and no more: estimates, selective
// ones too, winners' bounds, and the solutions of earlier positions.
TEST(ExactSearch, is_right_after_every_other_search_of_the_game_has_filled_the_table) {
    constexpr std::uint64_t seed = 546;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    OwnedSearcher searcher(random_model().model, 700);
    Reference reference;
    RandomStream random = test_stream(seed);
    for (int game = 0; game < 8; ++game) {
        searcher.table.begin_game();
        Board board = random_position(random, 16);
        while (!is_over(board)) {
            SearchLimits estimate;
            estimate.depth = 6;
            estimate.selectivity = 4;
            (void)searcher.search(board, estimate);
            SearchLimits winner = exactly();
            winner.only_winner = true;
            if (board.empties() <= 13)
                (void)searcher.search(board, winner);
            if (board.empties() <= 14) {
                ASSERT_NO_FATAL_FAILURE(expect_solved(
                    board, reference.solve(board), searcher.search(board, exactly()), reference));
            }
            const Bits moves = legal_moves(board);
            board = moves == 0 ? after_pass(board) : play(board, test::pick_bit(random, moves));
        }
    }
}

TEST(ExactSearch, does_not_depend_on_selectivity_or_any_limit_of_other_searches) {
    constexpr std::uint64_t seed = 547;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    OwnedSearcher searcher(random_model().model);
    RandomStream random = test_stream(seed);
    for (int i = 0; i < 10; ++i) {
        const Board board = random_position(random, 13);
        searcher.table.begin_game();
        const SearchResult expected = searcher.search(board, exactly());
        SearchLimits limits = exactly();
        limits.exact_empties = 13;
        limits.selectivity = 4;
        limits.depth = 1;
        limits.nodes = 1;
        searcher.table.begin_game();
        const SearchResult result = searcher.search(board, limits);
        EXPECT_EQ(result.score, expected.score);
        EXPECT_EQ(result.move, expected.move);
        EXPECT_EQ(result.nodes, expected.nodes);
        EXPECT_TRUE(result.is_exact);
    }
}

// Says that time is up after so many questions, of which there is one every 1,024 nodes.
class StopAfter final : public Clock {
  public:
    explicit StopAfter(std::uint64_t questions) : left_(questions) {}
    std::uint64_t now_ns() override { return left_ != 0 && --left_ != 0 ? 0 : 2; }

  private:
    std::uint64_t left_;
};

TEST(ExactSearch, leaves_nothing_wrong_in_the_table_wherever_it_is_stopped) {
    constexpr std::uint64_t seed = 548;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    OwnedSearcher searcher(random_model().model, 5'000);
    Reference reference;
    RandomStream random = test_stream(seed);
    std::vector<SearchFrame> frames(SearchRun::frame_capacity);
    int stopped = 0;
    for (int i = 0; i < 40; ++i) {
        Board board = random_position(random, 14);
        if (legal_moves(board) == 0)
            board = after_pass(board);
        searcher.table.begin_game();
        StopAfter clock(1 + random.below(25));
        SearchRun run;
        run.model = &random_model().model;
        run.table = &searcher.table;
        run.frames = frames.data();
        run.interrupt.clock = &clock;
        run.interrupt.deadline_ns = 1;
        frames[0].board = board;
        frames[0].features = random_model().geometry->features(board);
        const ExactResult result = i % 4 == 0 ? solve_winner(run) : solve_exactly(run);
        const int expected = reference.solve(board);
        if (run.is_interrupted) {
            ++stopped;
        } else {
            ASSERT_EQ(result.discs, i % 4 == 0 ? sign(expected) : expected) << to_text(board);
        }
        ASSERT_NO_FATAL_FAILURE(
            expect_solved(board, expected, searcher.search(board, exactly()), reference));
    }
    EXPECT_GT(stopped, 15);
}

TEST(ExactSearch, that_is_stopped_on_its_way_answers_with_a_legal_move_and_says_so) {
    constexpr std::uint64_t seed = 549;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    OwnedSearcher searcher(random_model().model);
    RandomStream random = test_stream(seed);
    // With random weights nobody solves so many in the time that raising a flag takes.
    Board board = random_position(random, 34);
    while (legal_moves(board) == 0)
        board = random_position(random, 34);
    Heartbeat heartbeat;
    searcher->set_heartbeat(&heartbeat);
    std::atomic<bool> stop{false};
    std::thread stopper([&] {
        while (heartbeat.beats.load() < 20)
            std::this_thread::yield();
        stop.store(true);
    });
    const SearchResult result = searcher->search(board, exactly(), &stop, nullptr);
    stopper.join();
    EXPECT_GE(heartbeat.beats.load(), 20u);
    EXPECT_TRUE(result.was_stopped);
    EXPECT_FALSE(result.is_exact);
    EXPECT_EQ(result.depth, 1);
    EXPECT_NE(legal_moves(board) & bit(result.move), 0u);
    EXPECT_EQ(result.score, test::minimax(random_model().model, board, 1));
}

}  // namespace
}  // namespace kiln::othello

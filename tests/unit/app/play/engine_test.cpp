#include "app/play/engine.hpp"

#include <chrono>
#include <thread>

#include <gtest/gtest.h>

#include "platform/linux/clock.hpp"
#include "tests/support/playing.hpp"

namespace kiln::app {
namespace {

using othello::Board;
using othello::SearchLimits;

// Best move and score by trying every line to the end.
othello::Score brute_force(const Board& board) {
    if (othello::is_over(board))
        return othello::final_score(board) * othello::score_per_disc;
    othello::Bits moves = othello::legal_moves(board);
    if (moves == 0)
        return -brute_force(othello::after_pass(board));
    othello::Score best = -othello::score_infinite;
    for (; moves != 0; moves &= moves - 1)
        best = std::max(best, -brute_force(test::play(board, std::countr_zero(moves))));
    return best;
}

Board random_board(std::uint64_t seed, int empties) {
    RandomStream random = test::test_stream(seed);
    return test::random_position(random, empties);
}

const auto no_report = [](const Ranking&) {};

TEST(Engine, plays_what_the_searcher_finds) {
    test::PlayingRig rig;
    const SearchLimits limits = {.depth = 4};
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        const Board board = random_board(seed, 40);
        rig.searcher.table.begin_game();
        const othello::SearchResult found = rig.searcher.search(board, limits);
        const Thought thought = rig.engine.choose(board, limits);
        EXPECT_EQ(thought.best.move, found.move);
        EXPECT_EQ(thought.best.score, found.score);
        EXPECT_EQ(thought.best.depth, 4);
    }
}

TEST(Engine, an_answer_does_not_depend_on_what_was_asked_before) {
    test::PlayingRig fresh;
    test::PlayingRig used;
    const Board board = random_board(3, 44);
    for (std::uint64_t seed = 10; seed < 20; ++seed)
        (void)used.engine.choose(random_board(seed, 44), {.depth = 5});
    (void)used.engine.rank(board, {.depth = 4}, no_report);
    const Thought first = fresh.engine.choose(board, {.depth = 6});
    const Thought second = used.engine.choose(board, {.depth = 6});
    EXPECT_EQ(first.best.move, second.best.move);
    EXPECT_EQ(first.best.score, second.best.score);
    EXPECT_EQ(first.nodes, second.nodes);
}

TEST(Engine, who_has_no_move_passes) {
    test::PlayingRig rig;
    const Board board = {othello::bit(1), 0xfc};  // only the other one can take
    ASSERT_EQ(othello::legal_moves(board), 0u);
    ASSERT_FALSE(othello::is_over(board));
    EXPECT_EQ(rig.engine.choose(board, {.depth = 3}).best.move, othello::no_square);
    EXPECT_EQ(rig.engine.choose(board, {.time_ns = 1'000'000}).best.move, othello::no_square);
    const Ranking ranking = rig.engine.rank(board, {.depth = 3}, no_report);
    ASSERT_EQ(ranking.choices.size(), 1u);
    EXPECT_EQ(ranking.choices[0].move, othello::no_square);
    EXPECT_EQ(ranking.choices[0].score, -64 * othello::score_per_disc);
}

TEST(Engine, a_finished_game_has_its_result_and_no_moves) {
    test::PlayingRig rig;
    const Board board = {0, othello::bit(0)};
    EXPECT_EQ(rig.engine.choose(board, {.depth = 3}).best.score, -64 * othello::score_per_disc);
    EXPECT_TRUE(rig.engine.rank(board, {.depth = 3}, no_report).choices.empty());
}

TEST(Engine, ranks_every_move_by_its_exact_result) {
    test::PlayingRig rig;
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        const Board board = random_board(seed, 7);
        const Ranking ranking =
            rig.engine.rank(board, {.depth = 2, .exact_empties = 10}, no_report);
        othello::Bits seen = 0;
        for (std::size_t i = 0; i < ranking.choices.size(); ++i) {
            const ChosenMove& choice = ranking.choices[i];
            EXPECT_TRUE(choice.is_exact);
            if (choice.move == othello::no_square)
                continue;
            seen |= othello::bit(choice.move);
            EXPECT_EQ(choice.score, -brute_force(test::play(board, choice.move))) << seed;
            if (i > 0) {
                EXPECT_GE(ranking.choices[i - 1].score, choice.score);
            }
        }
        EXPECT_EQ(seen, othello::legal_moves(board));
    }
}

TEST(Engine, the_best_of_a_ranking_is_worth_what_the_search_says) {
    test::PlayingRig rig;
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        const Board board = random_board(seed, 30);
        const Ranking ranking = rig.engine.rank(board, {.depth = 5}, no_report);
        const Thought thought = rig.engine.choose(board, {.depth = 5});
        EXPECT_EQ(ranking.choices[0].score, thought.best.score);
        EXPECT_EQ(ranking.choices[0].depth, 5);
    }
}

TEST(Engine, a_ranking_is_reported_depth_by_depth) {
    test::PlayingRig rig;
    std::vector<int> depths;
    const Board board = othello::start_board();
    (void)rig.engine.rank(board, {.depth = 4}, [&](const Ranking& ranking) {
        EXPECT_EQ(ranking.choices.size(), 4u);
        depths.push_back(ranking.choices[0].depth);
    });
    EXPECT_EQ(depths, (std::vector<int>{1, 2, 3, 4}));
}

TEST(Engine, a_limit_in_nodes_ends_a_ranking) {
    test::PlayingRig rig;
    const Ranking ranking =
        rig.engine.rank(othello::start_board(), {.depth = 60, .nodes = 20'000}, no_report);
    EXPECT_GE(ranking.nodes, 10'000u);
    EXPECT_LE(ranking.nodes, 21'000u);
    for (const ChosenMove& choice : ranking.choices)
        EXPECT_GT(choice.depth, 3);
}

TEST(Engine, when_stopped_it_answers_with_a_legal_move) {
    test::PlayingRig rig;
    rig.stop = true;
    const Board board = random_board(1, 26);
    for (const SearchLimits limits :
         {SearchLimits{.depth = 60}, SearchLimits{.depth = 60, .exact_empties = 30},
          SearchLimits{.time_ns = 3'600'000'000'000}}) {
        const Thought thought = rig.engine.choose(board, limits);
        ASSERT_LT(thought.best.move, othello::square_count);
        EXPECT_NE(othello::legal_moves(board) & othello::bit(thought.best.move), 0u);
        const Ranking ranking = rig.engine.rank(board, limits, no_report);
        EXPECT_EQ(ranking.choices[0].depth, 1) << "only the first look";
    }
}

TEST(Engine, a_stop_ends_a_search_that_is_under_way) {
    test::PlayingRig rig;
    platform::MonotonicClock clock;
    Engine engine(*rig.searcher, clock, rig.stop);
    const Board board = random_board(1, 34);
    for (const SearchLimits limits :
         {SearchLimits{.depth = 60, .exact_empties = 34}, SearchLimits{.depth = 60},
          SearchLimits{.time_ns = 3'600'000'000'000}}) {
        rig.stop = false;
        std::thread stopper([&rig] {
            std::this_thread::sleep_for(std::chrono::milliseconds(30));
            rig.stop = true;
        });
        const std::uint64_t started_ns = clock.now_ns();
        (void)engine.choose(board, limits);
        stopper.join();
        EXPECT_LT(clock.now_ns() - started_ns, 1'000'000'000u);
    }
}

TEST(Engine, a_limit_in_time_holds_in_the_endgame_and_leaves_the_midgames_move) {
    test::PlayingRig rig;
    platform::MonotonicClock clock;
    Engine engine(*rig.searcher, clock, rig.stop);
    const Board board = random_board(2, 34);  // far from solvable in that time
    const std::uint64_t started_ns = clock.now_ns();
    const Thought thought = engine.choose(board, {.time_ns = 80'000'000, .exact_empties = 40});
    EXPECT_LT(clock.now_ns() - started_ns, 500'000'000u);
    EXPECT_FALSE(thought.best.is_exact);
    EXPECT_GT(thought.best.depth, 1) << "the search before the attempt to solve counts";
    const std::uint64_t ranked_ns = clock.now_ns();
    (void)engine.rank(board, {.time_ns = 80'000'000, .exact_empties = 40}, no_report);
    EXPECT_LT(clock.now_ns() - ranked_ns, 500'000'000u);
}

TEST(Engine, solves_what_the_time_allows) {
    test::PlayingRig rig;
    platform::MonotonicClock clock;
    Engine engine(*rig.searcher, clock, rig.stop);
    const Board board = random_board(4, 9);
    const Thought thought =
        engine.choose(board, {.time_ns = 5'000'000'000, .exact_empties = exact_by_time});
    EXPECT_TRUE(thought.best.is_exact);
    EXPECT_EQ(thought.best.score, brute_force(board));
    EXPECT_LT(solvable_empties(1), solvable_empties(1'000'000'000));
    EXPECT_LE(solvable_empties(UINT64_MAX), 30);
}

TEST(Engine, a_single_move_needs_no_time) {
    test::PlayingRig rig;
    platform::MonotonicClock clock;
    Engine engine(*rig.searcher, clock, rig.stop);
    RandomStream random = test::test_stream(5);
    Board board = test::random_position(random, 30);
    while (std::popcount(othello::legal_moves(board)) != 1)
        board = test::random_position(random, 30);
    const Thought thought = engine.choose(board, {.time_ns = 3'600'000'000'000});
    EXPECT_EQ(othello::bit(thought.best.move), othello::legal_moves(board));
}

}  // namespace
}  // namespace kiln::app

#include "core/othello/transposition_table.hpp"

#include <map>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/othello.hpp"

namespace kiln::othello {
namespace {

using test::test_stream;
using test::thrown_board;

constexpr std::size_t bucket_counts[] = {1, 2, 3, 7, 1000, 4096};

TEST(TranspositionTable, answers_only_with_what_was_stored_for_that_very_position) {
    constexpr std::uint64_t seed = 51;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    for (const std::size_t bucket_count : bucket_counts) {
        SCOPED_TRACE(testing::Message() << bucket_count << " buckets");
        std::vector<TableBucket> buckets(bucket_count);
        TranspositionTable table;
        table.bind(buckets);
        ASSERT_EQ(table.bucket_count(), bucket_count);
        RandomStream random = test_stream(seed);
        using Key = std::tuple<Bits, Bits, TableKind>;
        std::map<Key, int> last;  // the bound that was stored last
        std::vector<Key> keys;
        std::uint64_t hits = 0;
        for (int i = 0; i < 20'000; ++i) {
            // Half new positions, half known ones; swapped colours and both kinds among them.
            Board board = thrown_board(random, 100, 100);
            auto kind = random.below(2) == 0 ? TableKind::heuristic : TableKind::exact;
            if (!keys.empty() && random.below(2) == 0) {
                const Key& key = keys[random.below(keys.size())];
                board = {std::get<0>(key), std::get<1>(key)};
                kind = std::get<2>(key);
            } else if (!keys.empty() && random.below(4) == 0) {
                const Key& key = keys.back();
                board = {std::get<1>(key), std::get<0>(key)};
            }
            const Key key = {board.own, board.opponent, kind};
            if (const TableEntry* entry = table.find(board, kind)) {
                ASSERT_TRUE(last.count(key) == 1) << "a hit for what was never stored";
                ASSERT_EQ(entry->lower, last[key]);
                ASSERT_EQ(entry->upper, last[key] + 1);
                ASSERT_EQ(entry->board, board);
                ASSERT_EQ(entry->kind, kind);
                ++hits;
            }
            const int bound = static_cast<int>(random.below(20'000)) - 10'000;
            table.store(board, kind, static_cast<int>(random.below(20)), bound, bound + 1,
                        no_square);
            ASSERT_NE(table.find(board, kind), nullptr) << "what was just stored is gone";
            last[key] = bound;
            keys.push_back(key);
        }
        EXPECT_EQ(table.probes(), 40'000u);
        EXPECT_EQ(table.hits(), hits + 20'000u);
    }
}

TEST(TranspositionTable, heuristic_and_exact_entries_never_answer_for_each_other) {
    std::vector<TableBucket> buckets(16);
    TranspositionTable table;
    table.bind(buckets);
    const Board board = start_board();
    table.store(board, TableKind::heuristic, 4, 100, 200, 19);
    EXPECT_EQ(table.find(board, TableKind::exact), nullptr);
    table.store(board, TableKind::exact, 4, 6, 8, 26);
    ASSERT_NE(table.find(board, TableKind::heuristic), nullptr);
    EXPECT_EQ(table.find(board, TableKind::heuristic)->lower, 100);
    EXPECT_EQ(table.find(board, TableKind::exact)->lower, 6);
    EXPECT_EQ(table.find(board, TableKind::exact)->move, 26);
}

TEST(TranspositionTable, entries_of_another_game_never_count) {
    constexpr std::uint64_t seed = 52;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    for (const std::size_t bucket_count : bucket_counts) {
        std::vector<TableBucket> buckets(bucket_count);
        TranspositionTable table;
        table.bind(buckets);
        RandomStream random = test_stream(seed);
        std::vector<Board> boards;
        for (int game = 0; game < 5; ++game) {
            table.begin_game();
            for (const Board& board : boards)
                for (const TableKind kind : {TableKind::heuristic, TableKind::exact})
                    ASSERT_EQ(table.find(board, kind), nullptr);
            for (int i = 0; i < 200; ++i) {
                boards.push_back(thrown_board(random, 100, 100));
                table.store(boards.back(), TableKind::heuristic, 20, -1, 1, no_square);
                table.store(boards.back(), TableKind::exact, 20, -1, 1, no_square);
            }
        }
    }
}

// Whether a position is kept must not depend on what other games left: even the deepest old entry
// is as good as empty.
TEST(TranspositionTable, entries_of_another_game_are_replaced_before_any_of_this_one) {
    std::vector<TableBucket> buckets(1);
    TranspositionTable table;
    table.bind(buckets);
    const Board old_one = {1, 2};
    const Board old_two = {1, 4};
    const Board first = {1, 8};
    const Board second = {1, 16};
    table.begin_game();
    table.store(old_one, TableKind::heuristic, 60, 0, 0, no_square);
    table.store(old_two, TableKind::heuristic, 60, 0, 0, no_square);
    table.begin_game();
    table.store(first, TableKind::heuristic, 2, 0, 0, no_square);
    table.store(second, TableKind::heuristic, 1, 0, 0, no_square);
    EXPECT_NE(table.find(first, TableKind::heuristic), nullptr);
    EXPECT_NE(table.find(second, TableKind::heuristic), nullptr);
}

TEST(TranspositionTable, a_full_bucket_gives_up_its_shallower_entry) {
    std::vector<TableBucket> buckets(1);
    TranspositionTable table;
    table.bind(buckets);
    table.store({1, 2}, TableKind::heuristic, 5, 0, 0, no_square);
    table.store({1, 4}, TableKind::heuristic, 3, 0, 0, no_square);
    table.store({1, 8}, TableKind::heuristic, 1, 0, 0, no_square);
    EXPECT_NE(table.find({1, 2}, TableKind::heuristic), nullptr);
    EXPECT_EQ(table.find({1, 4}, TableKind::heuristic), nullptr);
    EXPECT_NE(table.find({1, 8}, TableKind::heuristic), nullptr);
}

// The memory may hold what another table left: its game numbers mean nothing to the new one.
TEST(TranspositionTable, bound_to_used_memory_starts_empty) {
    std::vector<TableBucket> buckets(8);
    const Board board = start_board();
    for (int games = 0; games < 3; ++games) {
        TranspositionTable before;
        before.bind(buckets);
        for (int i = 0; i < games; ++i)
            before.begin_game();
        before.store(board, TableKind::exact, 9, 64, 64, no_square);

        TranspositionTable after;
        after.bind(buckets);
        EXPECT_EQ(after.find(board, TableKind::exact), nullptr) << "at once";
        for (int i = 0; i < 4; ++i) {
            after.begin_game();
            EXPECT_EQ(after.find(board, TableKind::exact), nullptr)
                << "stored in game " << games << ", found in game " << i + 1;
        }
    }
}

}  // namespace
}  // namespace kiln::othello

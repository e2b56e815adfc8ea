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

// Any that a search may store: of exact results two bounds, of estimates one value that bounds from
// below, from above, or both.
TableEntry any_entry(RandomStream& random, TableKind kind) {
    TableEntry entry;
    entry.depth = static_cast<int>(random.below(61));
    entry.move = static_cast<Square>(random.below(64));
    if (kind == TableKind::exact) {
        entry.lower = static_cast<int>(random.below(129)) - 64;
        entry.upper = entry.lower +
                      static_cast<int>(random.below(static_cast<std::uint64_t>(65 - entry.lower)));
        return entry;
    }
    const int value = static_cast<int>(random.below(2 * score_max + 1)) - score_max;
    const std::uint64_t bounds = random.below(3);
    entry.lower = bounds == 0 ? -score_infinite : value;
    entry.upper = bounds == 1 ? score_infinite : value;
    return entry;
}

bool has(TranspositionTable& table, const Board& board, TableKind kind) {
    TableEntry entry;
    return table.find(board, kind, entry);
}

TEST(TranspositionTable, a_bucket_is_one_line_of_the_cache_and_an_entry_20_bytes_of_it) {
    EXPECT_EQ(sizeof(TableBucket), 64u);
    EXPECT_EQ(alignof(TableBucket), 64u);
    EXPECT_EQ(sizeof(Board) + sizeof(PackedEntry), 20u);
    EXPECT_FALSE(PackedEntry().is_of(TableKind::heuristic));
    EXPECT_FALSE(PackedEntry().is_of(TableKind::exact));
}

void expect_round_trip(TableKind kind, const TableEntry& entry) {
    const PackedEntry packed = PackedEntry::pack(kind, entry);
    ASSERT_NE(packed.bits, 0u);
    ASSERT_EQ(packed.unpack(), entry) << entry.lower << " to " << entry.upper;
    ASSERT_EQ(packed.depth(), entry.depth);
    ASSERT_EQ(packed.is_of(TableKind::exact), kind == TableKind::exact);
    ASSERT_EQ(packed.is_of(TableKind::heuristic), kind == TableKind::heuristic);
}

TEST(TranspositionTable, an_entry_comes_out_of_its_32_bits_as_it_went_in) {
    for (int depth = 0; depth <= 60; ++depth)
        for (Square move = 0; move < 64; ++move) {
            expect_round_trip(TableKind::exact, {-64, 64, depth, move});
            expect_round_trip(TableKind::heuristic, {-score_infinite, 0, depth, move});
            expect_round_trip(TableKind::heuristic, {-1, -1, depth, move});
        }
    // Unused squares' results are odd; the solvers' infinity is 65.
    for (int lower = -65; lower <= 65; ++lower)
        for (int upper = lower; upper <= 65; ++upper)
            expect_round_trip(TableKind::exact, {lower, upper, 60, 63});
    for (Score value = -score_max; value <= score_max; ++value) {
        expect_round_trip(TableKind::heuristic, {value, value, 60, 63});
        expect_round_trip(TableKind::heuristic, {value, score_infinite, 60, 63});
        expect_round_trip(TableKind::heuristic, {-score_infinite, value, 60, 63});
    }
}

TEST(TranspositionTable, keeps_the_lower_of_two_different_bounds_of_an_estimate) {
    const TableEntry kept = PackedEntry::pack(TableKind::heuristic, {-300, 700, 5, 19}).unpack();
    EXPECT_EQ(kept, (TableEntry{-300, score_infinite, 5, 19}));
}

TEST(TranspositionTable, estimates_its_use_from_what_was_stored) {
    constexpr std::uint64_t seed = 53;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::vector<TableBucket> buckets(30'000);
    TranspositionTable table;
    table.bind(buckets);
    EXPECT_EQ(table.estimate_used_bytes(), 0u);
    RandomStream random = test_stream(seed);
    for (int i = 0; i < 20'000; ++i)  // two in nine of its entries; few buckets overflow
        table.store(thrown_board(random, 100, 100), TableKind::exact, {0, 0, 10, 0});
    EXPECT_NEAR(static_cast<double>(table.estimate_used_bytes()), 20'000 * 64.0 / 3, 40'000);
}

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
        std::map<Key, TableEntry> last;
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
            TableEntry entry;
            if (table.find(board, kind, entry)) {
                ASSERT_TRUE(last.count(key) == 1) << "a hit for what was never stored";
                ASSERT_EQ(entry, last[key]);
                ++hits;
            }
            last[key] = any_entry(random, kind);
            table.store(board, kind, last[key]);
            ASSERT_TRUE(table.find(board, kind, entry)) << "what was just stored is gone";
            ASSERT_EQ(entry, last[key]);
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
    const TableEntry estimate = {100, 100, 4, 19};
    const TableEntry result = {6, 8, 4, 26};
    table.store(board, TableKind::heuristic, estimate);
    EXPECT_FALSE(has(table, board, TableKind::exact));
    table.store(board, TableKind::exact, result);
    TableEntry entry;
    ASSERT_TRUE(table.find(board, TableKind::heuristic, entry));
    EXPECT_EQ(entry, estimate);
    ASSERT_TRUE(table.find(board, TableKind::exact, entry));
    EXPECT_EQ(entry, result);
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
                    ASSERT_FALSE(has(table, board, kind));
            for (int i = 0; i < 200; ++i) {
                boards.push_back(thrown_board(random, 100, 100));
                table.store(boards.back(), TableKind::heuristic, {-1, 1, 20, 0});
                table.store(boards.back(), TableKind::exact, {-1, 1, 20, 0});
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
    const Board old_three = {1, 32};
    const Board first = {1, 8};
    const Board second = {1, 16};
    const Board third = {1, 64};
    table.begin_game();
    table.store(old_one, TableKind::heuristic, {0, 0, 60, 0});
    table.store(old_two, TableKind::heuristic, {0, 0, 60, 0});
    table.store(old_three, TableKind::heuristic, {0, 0, 60, 0});
    table.begin_game();
    table.store(first, TableKind::heuristic, {0, 0, 2, 0});
    table.store(second, TableKind::heuristic, {0, 0, 1, 0});
    table.store(third, TableKind::heuristic, {0, 0, 0, 0});
    EXPECT_TRUE(has(table, first, TableKind::heuristic));
    EXPECT_TRUE(has(table, second, TableKind::heuristic));
    EXPECT_TRUE(has(table, third, TableKind::heuristic));
}

TEST(TranspositionTable, a_full_bucket_gives_up_its_shallowest_entry) {
    std::vector<TableBucket> buckets(1);
    TranspositionTable table;
    table.bind(buckets);
    table.store({1, 16}, TableKind::heuristic, {0, 0, 9, 0});
    table.store({1, 2}, TableKind::heuristic, {0, 0, 5, 0});
    table.store({1, 4}, TableKind::heuristic, {0, 0, 3, 0});
    table.store({1, 8}, TableKind::heuristic, {0, 0, 1, 0});
    EXPECT_TRUE(has(table, {1, 2}, TableKind::heuristic));
    EXPECT_FALSE(has(table, {1, 4}, TableKind::heuristic));
    EXPECT_TRUE(has(table, {1, 8}, TableKind::heuristic));
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
        before.store(board, TableKind::exact, {64, 64, 9, 0});

        TranspositionTable after;
        after.bind(buckets);
        EXPECT_FALSE(has(after, board, TableKind::exact)) << "at once";
        for (int i = 0; i < 4; ++i) {
            after.begin_game();
            EXPECT_FALSE(has(after, board, TableKind::exact))
                << "stored in game " << games << ", found in game " << i + 1;
        }
    }
}

}  // namespace
}  // namespace kiln::othello

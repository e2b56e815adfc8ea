#include "core/checkpoint/catalog.hpp"

#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "tests/sim/sim_disk.hpp"
#include "tests/support/check_death.hpp"
#include "tests/support/memory_store.hpp"

namespace kiln {
namespace {

using test::file_name;
using test::MemoryStore;

constexpr std::uint64_t most_games = std::numeric_limits<std::uint64_t>::max();

MemoryStore store_of(std::initializer_list<std::uint64_t> games) {
    MemoryStore store;
    for (const std::uint64_t number : games)
        store.put(checkpoint_file_name(number).text, {});
    return store;
}

TEST(Catalog, names_sort_as_games_do) {
    EXPECT_STREQ(checkpoint_file_name(0).text, "game-000000000000.ckpt");
    EXPECT_STREQ(checkpoint_file_name(20'000).text, "game-000000020000.ckpt");
    EXPECT_STREQ(checkpoint_file_name(999'999'999'999).text, "game-999999999999.ckpt");
    EXPECT_STREQ(checkpoint_file_name(1'000'000'000'000).text, "game-1000000000000.ckpt");
    EXPECT_STREQ(checkpoint_file_name(most_games).text, "game-18446744073709551615.ckpt");
}

TEST(Catalog, reads_the_games_back_from_a_name) {
    for (const std::uint64_t games : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{20'000},
                                      std::uint64_t{1'000'000'000'000}, most_games - 1, most_games})
        EXPECT_EQ(parse_checkpoint_file_name(checkpoint_file_name(games)).value(), games);
}

TEST(Catalog, takes_no_other_name_for_a_checkpoint) {
    for (const char* name :
         {"", "game-.ckpt", "game-1.ckpt", "game-00000000000.ckpt", "game-0000000000000.ckpt",
          "game-00000000000a.ckpt", "game--00000000001.ckpt", "game-000000020000.ckpt.tmp",
          "game-000000020000.ckp", "Game-000000020000.ckpt", "xgame-000000020000.ckpt",
          "game-18446744073709551616.ckpt", "game-99999999999999999999.ckpt",
          "game-184467440737095516150.ckpt", "lock", ".ckpt"})
        EXPECT_EQ(parse_checkpoint_file_name(file_name(name)).error().code,
                  ErrorCode::not_a_checkpoint)
            << name;
    FileName endless;
    std::memset(endless.text, '0', sizeof(endless.text));
    EXPECT_FALSE(parse_checkpoint_file_name(endless));
}

TEST(Catalog, lists_checkpoints_newest_first_and_nothing_else) {
    MemoryStore store = store_of({100, 2'000'000'000'000, 30'000});
    store.put("lock", {});
    store.put("game-000000099999.ckpt.tmp", {});
    Catalog catalog;
    ASSERT_TRUE(read_catalog(store, catalog));
    ASSERT_EQ(catalog.count, 3u);
    EXPECT_EQ(catalog.entries[0].games, 2'000'000'000'000u);
    EXPECT_EQ(catalog.entries[1].games, 30'000u);
    EXPECT_EQ(catalog.entries[2].games, 100u);
    EXPECT_STREQ(catalog.entries[1].name.text, "game-000000030000.ckpt");
}

TEST(Catalog, of_an_empty_store_is_empty) {
    MemoryStore store;
    Catalog catalog;
    catalog.count = 9;
    ASSERT_TRUE(read_catalog(store, catalog));
    EXPECT_EQ(catalog.count, 0u);
}

TEST(Catalog, holds_as_many_as_it_says_and_refuses_more) {
    MemoryStore store;
    for (std::uint64_t i = 0; i < Catalog::capacity; ++i)
        store.put(checkpoint_file_name(i).text, {});
    Catalog catalog;
    ASSERT_TRUE(read_catalog(store, catalog));
    EXPECT_EQ(catalog.count, Catalog::capacity);
    EXPECT_EQ(catalog.entries[0].games, Catalog::capacity - 1);
    store.put(checkpoint_file_name(Catalog::capacity).text, {});
    EXPECT_EQ(read_catalog(store, catalog).error().code, ErrorCode::too_many_files);
}

TEST(Catalog, sweeping_removes_unfinished_files_only) {
    MemoryStore store = store_of({100});
    store.put("game-000000000200.ckpt.tmp", {});
    store.put("export.ckpt.tmp", {});
    store.put("notes.tmp", {});
    EXPECT_EQ(sweep_unfinished(store).value(), 2u);
    EXPECT_EQ(store.file_count(), 2u);
    EXPECT_TRUE(store.exists("notes.tmp"));
    EXPECT_EQ(sweep_unfinished(store).value(), 0u);
}

TEST(Catalog, keeps_the_newest_and_removes_the_rest) {
    MemoryStore store = store_of({1, 5, 3, 2, 4});
    store.put("notes", {});
    EXPECT_EQ(remove_old(store, 2).value(), 3u);
    EXPECT_EQ(store.file_count(), 3u);
    EXPECT_TRUE(store.exists("game-000000000005.ckpt"));
    EXPECT_TRUE(store.exists("game-000000000004.ckpt"));
    EXPECT_EQ(remove_old(store, 2).value(), 0u);
    EXPECT_EQ(remove_old(store, 100).value(), 0u);
    EXPECT_CHECK_FAILS((void)remove_old(store, 0), "keep >= 1");
}

TEST(Catalog, what_it_removed_does_not_come_back_after_a_power_cut) {
    test::SimDisk disk;
    for (const std::uint64_t games : {1u, 2u, 3u})
        ASSERT_TRUE(disk.create(checkpoint_file_name(games)));
    ASSERT_EQ(remove_old(disk, 1).value(), 2u);
    EXPECT_EQ(disk.uncertain_operations(), 0u);
}

TEST(Catalog, a_removal_that_fails_at_any_call_leaves_the_newest_ones) {
    for (std::uint64_t call = 1;; ++call) {
        SCOPED_TRACE("call " + std::to_string(call));
        MemoryStore store = store_of({1, 2, 3, 4, 5});
        store.fail_from(call, ErrorCode::io_failed);
        const Result<std::uint32_t> removed = remove_old(store, 2);
        EXPECT_TRUE(store.exists("game-000000000005.ckpt"));
        EXPECT_TRUE(store.exists("game-000000000004.ckpt"));
        // The oldest go first: what is left is always without gaps.
        for (std::uint64_t games = 1; games < 5; ++games)
            EXPECT_TRUE(!store.exists(checkpoint_file_name(games).text) ||
                        store.exists(checkpoint_file_name(games + 1).text));
        if (!store.has_failed()) {
            EXPECT_EQ(removed.value(), 3u);
            break;
        }
        EXPECT_EQ(removed.error().code, ErrorCode::io_failed);
    }
}

TEST(Catalog, failures_of_listing_and_sweeping_are_handed_on) {
    Catalog catalog;
    MemoryStore store = store_of({1});
    store.put("game-000000000200.ckpt.tmp", {});
    store.fail_from(1, ErrorCode::permission_denied);
    EXPECT_EQ(read_catalog(store, catalog).error().code, ErrorCode::permission_denied);
    store.fail_from(2, ErrorCode::permission_denied);
    EXPECT_EQ(sweep_unfinished(store).error().code, ErrorCode::permission_denied);
}

}  // namespace
}  // namespace kiln

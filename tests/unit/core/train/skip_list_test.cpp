#include "core/train/skip_list.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace kiln {
namespace {

std::vector<std::uint64_t> tickets_of(const SkipList& list) {
    return {list.all().begin(), list.all().end()};
}

TEST(SkipList, holds_nothing_at_first) {
    const SkipList list;
    EXPECT_TRUE(list.all().empty());
    EXPECT_FALSE(list.contains(0));
    EXPECT_TRUE(list.is_valid());
}

TEST(SkipList, keeps_tickets_in_ascending_order_each_once) {
    SkipList list;
    for (const std::uint64_t ticket : {7u, 3u, 9u, 3u, 0u, 9u})
        EXPECT_TRUE(list.add(ticket));
    EXPECT_TRUE(list.add(UINT64_MAX));
    EXPECT_EQ(tickets_of(list), (std::vector<std::uint64_t>{0, 3, 7, 9, UINT64_MAX}));
    EXPECT_TRUE(list.contains(0));
    EXPECT_TRUE(list.contains(7));
    EXPECT_TRUE(list.contains(UINT64_MAX));
    EXPECT_FALSE(list.contains(8));
    EXPECT_TRUE(list.is_valid());
}

TEST(SkipList, takes_no_more_than_fit_but_what_it_has_may_be_added_again) {
    SkipList list;
    for (std::uint64_t i = 0; i < SkipList::capacity; ++i)
        EXPECT_TRUE(list.add(2 * (SkipList::capacity - i)));
    const std::vector<std::uint64_t> full = tickets_of(list);
    EXPECT_EQ(full.size(), SkipList::capacity);
    for (const std::uint64_t ticket : {std::uint64_t{0}, std::uint64_t{5}, UINT64_MAX})
        EXPECT_FALSE(list.add(ticket));
    EXPECT_TRUE(list.add(2));
    EXPECT_EQ(tickets_of(list), full);
    EXPECT_TRUE(list.is_valid());
}

TEST(SkipList, what_a_file_says_is_valid_only_in_order_without_repetition_and_within_bounds) {
    SkipList list;
    list.count = 2;
    list.tickets[0] = 5;
    list.tickets[1] = 4;
    EXPECT_FALSE(list.is_valid());
    list.tickets[1] = 5;
    EXPECT_FALSE(list.is_valid());
    list.tickets[1] = 6;
    EXPECT_TRUE(list.is_valid());
    for (const std::uint64_t count : {SkipList::capacity + 1, UINT64_MAX}) {
        list.count = count;
        EXPECT_FALSE(list.is_valid());
    }
}

}  // namespace
}  // namespace kiln

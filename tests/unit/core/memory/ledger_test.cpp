#include "core/memory/ledger.hpp"

#include <cstring>
#include <string>
#include <type_traits>

#include <gtest/gtest.h>

#include "tests/support/check_death.hpp"

namespace kiln {
namespace {

TEST(Ledger, finds_what_was_noted_by_name) {
    Ledger ledger;
    EXPECT_EQ(ledger.find("records"), nullptr);
    ledger.note("records", 10, 20);
    ledger.note("record", 1, 2);
    ASSERT_EQ(ledger.entries().size(), 2u);
    EXPECT_EQ(ledger.find("records")->used_bytes, 10u);
    EXPECT_EQ(ledger.find("records")->peak_bytes, 20u);
    EXPECT_EQ(ledger.find("record")->used_bytes, 1u);
    EXPECT_EQ(ledger.find("recor"), nullptr);
    EXPECT_EQ(ledger.find(""), nullptr);
}

TEST(Ledger, is_empty_again_after_clear) {
    Ledger ledger;
    ledger.note("a longer name", 10, 20);
    ledger.clear();
    EXPECT_TRUE(ledger.entries().empty());
    EXPECT_EQ(ledger.find("a longer name"), nullptr);
    ledger.note("short", 1, 2);
    EXPECT_STREQ(ledger.entries()[0].name, "short");
    EXPECT_EQ(ledger.entries()[0].name[8], '\0');  // nothing of the name before
}

TEST(Ledger, can_be_handed_to_another_process_as_bytes) {
    static_assert(std::is_trivially_copyable_v<Ledger>);
    Ledger ledger;
    {
        const std::string name = "of short life";
        ledger.note(name.c_str(), 3, 4);
    }
    Ledger copy;
    std::memcpy(static_cast<void*>(&copy), &ledger, sizeof(ledger));
    ASSERT_NE(copy.find("of short life"), nullptr);
    EXPECT_EQ(copy.find("of short life")->used_bytes, 3u);
}

TEST(Ledger, has_room_for_every_region_there_can_be_and_for_no_more) {
    Ledger ledger;
    for (unsigned i = 0; i < RegionList::capacity; ++i)
        ledger.note(std::to_string(i).c_str(), i, i);
    EXPECT_EQ(ledger.find("47")->used_bytes, 47u);
    EXPECT_CHECK_FAILS(ledger.note("one more", 0, 0), "count_ < RegionList::capacity");
}

TEST(Ledger, takes_no_name_that_does_not_fit) {
    Ledger ledger;
    const std::string longest(LedgerEntry::name_capacity - 1, 'x');
    ledger.note(longest.c_str(), 5, 5);
    EXPECT_EQ(ledger.find(longest.c_str())->used_bytes, 5u);
    EXPECT_CHECK_FAILS(ledger.note((longest + "x").c_str(), 0, 0),
                       "length < LedgerEntry::name_capacity");
}

}  // namespace
}  // namespace kiln

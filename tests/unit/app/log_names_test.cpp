#include "app/log_names.hpp"

#include <fstream>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/temp_directory.hpp"

namespace kiln::app {
namespace {

TEST(LogNames, stamps_sort_by_time_and_then_by_number) {
    const char* const by_age[] = {
        "training_20260101_000000.jsonl",   "training_20260101_000000_2.jsonl",
        "training_20260101_000000_9.jsonl", "training_20260101_000000_10.jsonl",
        "training_20260101_000001.jsonl",   "training_20260102_000000.jsonl"};
    for (std::size_t i = 1; i < std::size(by_age); ++i)
        EXPECT_LT(log_stamp(by_age[i - 1], "training_", ".jsonl"),
                  log_stamp(by_age[i], "training_", ".jsonl"))
            << by_age[i];
}

TEST(LogNames, a_stamp_gives_its_name_back) {
    for (const std::string name :
         {"20260101_000000", "20260101_000000_2", "20260101_000000_12345", "20260101_000000_1",
          "20260101_000000_02", "20260101_000000_", "20260101_000000_2x", "20260101_000000x",
          "20260101_000000_99999999999999999999999", "1", "plan", ""}) {
        const auto stamp = log_stamp("training_" + name + ".log", "training_", ".log");
        ASSERT_TRUE(stamp) << name;
        EXPECT_EQ(stamp->text(), name);
        EXPECT_EQ(stamp->is_dated(), name == "20260101_000000" || name == "20260101_000000_2" ||
                                         name == "20260101_000000_12345");
    }
}

TEST(LogNames, other_names_have_none) {
    for (const char* name : {"", "training_", ".jsonl", "training.jsonl", "notes.jsonl",
                             "training_1.log", "training_1.jsonl.gz"})
        EXPECT_FALSE(log_stamp(name, "training_", ".jsonl")) << name;
}

TEST(LogNames, what_somebody_named_is_read_but_no_pair_of_a_run) {
    const test::TempDirectory directory;
    for (const char* name : {"training_20260101_000000.log", "training_20260101_000001_2.jsonl",
                             "training_plan.log", "training_plan.jsonl", "history_plan.jsonl",
                             "history_20260101_000000.jsonl", "history.tmp", "notes.log"})
        std::ofstream(directory / name) << "";
    std::error_code error;
    const LogListing listing = list_logs(directory.path(), error);
    EXPECT_FALSE(error);
    const LogStamp first = {"20260101_000000"};
    const LogStamp second = {"20260101_000001", 2};
    EXPECT_EQ(listing.pairs, (std::set<LogStamp>{first, second}));
    EXPECT_EQ(listing.json_logs, (std::set<LogStamp>{second, LogStamp{"plan"}}));
    EXPECT_EQ(listing.histories, std::set<LogStamp>{first});
}

TEST(LogNames, a_directory_that_cannot_be_read_is_told) {
    const test::TempDirectory directory;
    std::error_code error;
    EXPECT_TRUE(list_logs(directory / "none", error).pairs.empty());
    EXPECT_EQ(error, std::errc::no_such_file_or_directory);
    std::ofstream(directory / "file") << "in the way";
    EXPECT_TRUE(list_logs(directory / "file", error).pairs.empty());
    EXPECT_EQ(error, std::errc::not_a_directory);
}

}  // namespace
}  // namespace kiln::app

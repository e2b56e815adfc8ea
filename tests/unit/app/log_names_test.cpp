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
        EXPECT_LT(log_stamp(by_age[i - 1], ".jsonl"), log_stamp(by_age[i], ".jsonl")) << by_age[i];
}

TEST(LogNames, a_stamp_gives_its_name_back) {
    for (const std::string name :
         {"20260101_000000", "20260101_000000_2", "20260101_000000_12345", "20260101_000000_1",
          "20260101_000000_02", "20260101_000000_", "20260101_000000_2x", "20260101_000000x",
          "20260101_000000_99999999999999999999999", "1", "plan", ""}) {
        const auto stamp = log_stamp("training_" + name + ".log", ".log");
        ASSERT_TRUE(stamp) << name;
        EXPECT_EQ(stamp->text(), name);
        EXPECT_EQ(stamp->is_dated(), name == "20260101_000000" || name == "20260101_000000_2" ||
                                         name == "20260101_000000_12345");
    }
}

TEST(LogNames, other_names_have_none) {
    for (const char* name : {"", "training_", ".jsonl", "training.jsonl", "notes.jsonl",
                             "training_1.log", "training_1.jsonl.gz"})
        EXPECT_FALSE(log_stamp(name, ".jsonl")) << name;
}

TEST(LogNames, a_directory_that_cannot_be_read_is_told) {
    const test::TempDirectory directory;
    std::error_code error;
    EXPECT_TRUE(list_json_logs(directory / "none", error).empty());
    EXPECT_EQ(error, std::errc::no_such_file_or_directory);
    std::ofstream(directory / "file") << "in the way";
    EXPECT_TRUE(list_json_logs(directory / "file", error).empty());
    EXPECT_EQ(error, std::errc::not_a_directory);
}

}  // namespace
}  // namespace kiln::app

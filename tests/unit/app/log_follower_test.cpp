#include "app/log_follower.hpp"

#include <filesystem>
#include <fstream>
#include <vector>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/temp_directory.hpp"

namespace kiln::app {
namespace {

using Lines = std::vector<std::string>;

class LogFollowerTest : public testing::Test {
  protected:
    LogFollowerTest() { std::filesystem::create_directory(directory_ / "logs"); }

    std::string path(const std::string& name) const { return directory_ / ("logs/" + name); }
    void append(const std::string& name, const std::string& text) const {
        std::ofstream(path(name), std::ios::app) << text;
    }
    // All lines that are there now.
    Lines read(LogFollower& follower, std::uint64_t bytes_max = 1'000'000) const {
        Lines lines;
        while (follower.read([&](std::string_view line) { lines.emplace_back(line); }, bytes_max)) {
        }
        return lines;
    }
    const std::string& state() const { return directory_.path(); }

  private:
    test::TempDirectory directory_;
};

TEST_F(LogFollowerTest, files_are_read_in_the_order_of_their_age_and_only_json_lines) {
    append("training_20260102_000000.jsonl", "c\n");
    append("training_20260101_000000_2.jsonl", "b\n");
    append("training_20260101_000000.jsonl", "a\n");
    append("training_20260101_000000.log", "text\n");
    append("other.jsonl", "x\n");
    LogFollower follower(state());
    EXPECT_EQ(read(follower), (Lines{"a", "b", "c"}));
    EXPECT_EQ(follower.files(), 3u);
    EXPECT_EQ(follower.problem(), "");
}

TEST_F(LogFollowerTest, numbers_of_one_second_are_read_as_numbers) {
    Lines expected;
    for (int number = 1; number <= 12; ++number) {
        const std::string suffix = number == 1 ? "" : "_" + std::to_string(number);
        expected.push_back(std::to_string(number));
        append("training_20260101_000000" + suffix + ".jsonl", expected.back() + "\n");
    }
    LogFollower follower(state());
    EXPECT_EQ(read(follower), expected);
}

TEST_F(LogFollowerTest, what_is_written_later_follows_also_in_a_new_file) {
    LogFollower follower(state());
    EXPECT_EQ(read(follower), Lines());
    append("training_1.jsonl", "a\nhalf");
    EXPECT_EQ(read(follower), Lines{"a"});
    append("training_1.jsonl", " a line\n");
    append("training_2.jsonl", "b\n");
    EXPECT_EQ(read(follower), (Lines{"half a line", "b"}));
    EXPECT_EQ(follower.skipped_lines(), 0u);
}

TEST_F(LogFollowerTest, half_a_line_that_never_ends_is_counted) {
    append("training_1.jsonl", "a\nhal");
    append("training_2.jsonl", "b\n");
    LogFollower follower(state());
    EXPECT_EQ(read(follower), (Lines{"a", "b"}));
    EXPECT_EQ(follower.skipped_lines(), 1u);
}

TEST_F(LogFollowerTest, a_line_of_megabytes_is_passed_over_and_the_next_is_not) {
    append("training_1.jsonl", "a\n" + std::string(3'000'000, 'x') + "\nb\n");
    LogFollower follower(state());
    EXPECT_EQ(read(follower, 1000), (Lines{"a", "b"}));
    EXPECT_EQ(follower.skipped_lines(), 1u);
}

TEST_F(LogFollowerTest, the_longest_line_that_is_ours_is_given) {
    const std::string longest(LogFollower::line_bytes_max, 'x');
    append("training_1.jsonl", longest + "\n" + longest + "x\n");
    LogFollower follower(state());
    EXPECT_EQ(read(follower), Lines{longest});
    EXPECT_EQ(follower.skipped_lines(), 1u);
}

TEST_F(LogFollowerTest, a_file_that_was_cut_off_is_read_on_from_its_new_end) {
    append("training_1.jsonl", "a\nlost");
    LogFollower follower(state());
    EXPECT_EQ(read(follower), Lines{"a"});
    ASSERT_EQ(::truncate(path("training_1.jsonl").c_str(), 2), 0);
    EXPECT_EQ(read(follower), Lines());
    append("training_1.jsonl", "b\n");
    EXPECT_EQ(read(follower), Lines{"b"});
}

TEST_F(LogFollowerTest, what_is_no_file_is_told_and_left_out) {
    ASSERT_EQ(::mkfifo(path("training_1.jsonl").c_str(), 0600), 0);
    append("training_2.jsonl", "b\n");
    LogFollower follower(state());
    EXPECT_EQ(read(follower), Lines{"b"});
    EXPECT_NE(follower.problem().find("training_1.jsonl: it is not a regular file"),
              std::string::npos);
}

TEST_F(LogFollowerTest, a_problem_is_over_when_there_is_something_to_read_again) {
    ASSERT_EQ(::mkfifo(path("training_1.jsonl").c_str(), 0600), 0);
    LogFollower follower(state());
    EXPECT_EQ(read(follower), Lines());
    EXPECT_NE(follower.problem(), "");
    EXPECT_EQ(read(follower), Lines());
    EXPECT_NE(follower.problem(), "") << "nothing was read since";
    append("training_2.jsonl", "b\n");
    EXPECT_EQ(read(follower), Lines{"b"});
    EXPECT_EQ(follower.problem(), "");
}

TEST_F(LogFollowerTest, without_logs_there_is_nothing) {
    LogFollower follower(state() + "/nowhere");
    EXPECT_EQ(read(follower), Lines());
    EXPECT_EQ(follower.problem(), "");
}

}  // namespace
}  // namespace kiln::app

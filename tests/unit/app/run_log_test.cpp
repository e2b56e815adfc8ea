#include "app/run_log.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/log_follower.hpp"
#include "tests/support/child.hpp"
#include "tests/support/temp_directory.hpp"

namespace kiln::app {
namespace {

// 2026-11-21 14:30:05.123 UTC
constexpr std::int64_t start_ms = 1'795'271'405'123;

std::string contents(const std::string& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::vector<std::string> lines(const std::string& path) {
    std::istringstream text(contents(path));
    std::vector<std::string> all;
    for (std::string line; std::getline(text, line);)
        all.push_back(line);
    return all;
}

// A log in a directory of its own, at a time that the test sets, with what it warned of.
class RunLogTest : public testing::Test {
  protected:
    std::unique_ptr<RunLog> open(const RunLog::Limits& limits = {},
                                 Severity threshold = Severity::info) {
        return std::make_unique<RunLog>(
            directory_.path(), threshold,
            [this](const std::string& line) { warnings_.push_back(line); }, limits,
            [this] { return RunLog::Time(std::chrono::milliseconds(now_ms_)); });
    }
    std::string in_logs(const std::string& name) const { return directory_ / ("logs/" + name); }
    std::vector<std::string> names() const {
        std::vector<std::string> all;
        for (const auto& entry : std::filesystem::directory_iterator(directory_ / "logs"))
            all.push_back(entry.path().filename().string());
        std::sort(all.begin(), all.end());
        return all;
    }
    std::uint64_t bytes_of_all() const {
        std::uint64_t bytes = 0;
        for (const std::string& name : names())
            bytes += std::filesystem::file_size(in_logs(name));
        return bytes;
    }

    test::TempDirectory directory_;
    std::vector<std::string> warnings_;
    std::int64_t now_ms_ = start_ms;
};

constexpr const char* first_text = "training_20261121_143005.log";
constexpr const char* first_json = "training_20261121_143005.jsonl";

TEST_F(RunLogTest, writes_the_same_entries_as_text_and_as_json_lines) {
    const auto log = open();
    log->write({Severity::info, "window", "games 1 to 100: fine", {{"games", 100}}});
    now_ms_ += 61'000;
    log->write(Severity::warning, "note", "a\nline \x1b[31mbroken");
    EXPECT_EQ(lines(in_logs(first_text)),
              (std::vector<std::string>{"2026-11-21T14:30:05.123Z info    games 1 to 100: fine",
                                        "2026-11-21T14:31:06.123Z warning a line  [31mbroken"}));
    const auto json = lines(in_logs(first_json));
    ASSERT_EQ(json.size(), 2u);
    EXPECT_EQ(json[0], R"({"time":"2026-11-21T14:30:05.123Z","level":"info","event":"window",)"
                       R"("text":"games 1 to 100: fine","games":100})");
    EXPECT_EQ(Json::parse(json[1])["text"], "a\nline \x1b[31mbroken");
    EXPECT_EQ(warnings_.size(), 0u);
}

TEST_F(RunLogTest, leaves_out_what_is_below_the_threshold_of_the_moment) {
    const auto log = open({}, Severity::warning);
    log->write(Severity::info, "note", "one");
    log->write(Severity::error, "note", "two");
    log->set_threshold(Severity::debug);
    log->write(Severity::debug, "note", "three");
    log->flush();
    const std::string text = contents(in_logs(first_text));
    EXPECT_EQ(text.find("one"), std::string::npos);
    EXPECT_NE(text.find("error   two"), std::string::npos);
    EXPECT_NE(text.find("debug   three"), std::string::npos);
}

TEST_F(RunLogTest, a_warning_is_written_at_once_with_what_came_before_it) {
    const auto log = open();
    log->write(Severity::info, "note", "before");
    EXPECT_EQ(contents(in_logs(first_text)), "");
    log->write(Severity::warning, "note", "now");
    EXPECT_EQ(lines(in_logs(first_text)).size(), 2u);
    EXPECT_EQ(lines(in_logs(first_json)).size(), 2u);
}

TEST_F(RunLogTest, does_not_wait_for_a_flush_when_much_is_written) {
    const auto log = open();
    for (int i = 0; i < 2000; ++i)
        log->write(Severity::info, "note", std::string(100, 'x'));
    EXPECT_GT(lines(in_logs(first_text)).size(), 1000u);
}

TEST_F(RunLogTest, what_was_written_is_there_when_it_is_closed) {
    open()->write(Severity::info, "note", "last");
    EXPECT_EQ(lines(in_logs(first_text)).size(), 1u);
}

TEST_F(RunLogTest, two_logs_of_the_same_second_do_not_touch_each_other) {
    {
        const auto first = open();
        const auto second = open();
        first->write(Severity::info, "note", "first");
        second->write(Severity::info, "note", "second");
    }
    EXPECT_EQ(lines(in_logs("training_20261121_143005.log")).size(), 1u);
    EXPECT_EQ(lines(in_logs("training_20261121_143005_2.log")).size(), 1u);
    EXPECT_EQ(lines(in_logs("training_20261121_143005_2.jsonl")).size(), 1u);
    // Half a pair is a pair that is taken.
    std::filesystem::remove(in_logs(first_text));
    open()->write(Severity::info, "note", "third");
    EXPECT_EQ(lines(in_logs("training_20261121_143005_3.log")).size(), 1u);
    EXPECT_FALSE(std::filesystem::exists(in_logs(first_text)));
}

TEST_F(RunLogTest, a_clock_that_goes_back_does_not_break_the_order) {
    open()->write(Severity::info, "note", "0");
    now_ms_ -= 3'600'000;  // a machine without a battery for its clock
    for (int i = 1; i <= 11; ++i)
        open()->write(Severity::info, "note", std::to_string(i));
    now_ms_ += 7'200'000;
    open()->write(Severity::info, "note", "12");
    EXPECT_TRUE(std::filesystem::exists(in_logs("training_20261121_143005_12.log")));
    EXPECT_TRUE(std::filesystem::exists(in_logs("training_20261121_153005.log")));
    EXPECT_EQ(names().size(), 2u * 13);
    std::vector<std::string> texts;
    LogFollower follower(directory_.path());
    while (follower.read([&](std::string_view line) { texts.push_back(Json::parse(line)["text"]); },
                         1'000'000)) {
    }
    ASSERT_EQ(texts.size(), 13u);
    for (std::size_t i = 0; i < texts.size(); ++i)
        EXPECT_EQ(texts[i], std::to_string(i));
}

TEST_F(RunLogTest, with_a_clock_that_went_back_the_oldest_pairs_go_first) {
    const RunLog::Limits limits = {
        .pair_bytes = 20'000, .total_bytes = 100'000, .history_bytes = 10'000, .pairs = 3};
    for (int i = 0; i < 12; ++i) {
        open(limits)->write(Severity::info, "note", std::to_string(i));
        now_ms_ -= 1000;
    }
    EXPECT_EQ(lines(in_logs("training_20261121_143005_12.log")).size(), 1u);
    EXPECT_EQ(lines(in_logs("training_20261121_143005_10.log")).size(), 1u);
    EXPECT_FALSE(std::filesystem::exists(in_logs("training_20261121_143005_9.log")));
}

TEST_F(RunLogTest, a_name_that_is_no_time_does_not_name_what_comes_after_it) {
    std::filesystem::create_directory(directory_ / "logs");
    std::ofstream(in_logs("training_plan.log")) << "mine";
    open()->write(Severity::info, "note", "1");
    EXPECT_EQ(lines(in_logs(first_text)).size(), 1u);
}

TEST_F(RunLogTest, a_run_of_any_length_stays_within_its_bytes) {
    const RunLog::Limits limits = {
        .pair_bytes = 20'000, .total_bytes = 100'000, .history_bytes = 10'000, .pairs = 100};
    const auto log = open(limits);
    for (int i = 0; i < 5000; ++i) {
        log->write(Severity::info, "note", fmt::format("line {} {}", i, std::string(100, 'x')));
        if (i % 10 == 0)
            log->flush();
        now_ms_ += 100;
        ASSERT_LE(bytes_of_all(), limits.total_bytes);
    }
    log->flush();
    EXPECT_GT(bytes_of_all(), limits.total_bytes / 2);
    EXPECT_TRUE(lines(log->path()).back().find("line 4999 ") != std::string::npos);
    EXPECT_EQ(log->dropped_lines(), 0u);
    EXPECT_EQ(warnings_.size(), 0u);
    // The newest are kept, and whole pairs of them.
    EXPECT_FALSE(std::filesystem::exists(in_logs(first_text)));
    EXPECT_EQ(names().size() % 2, 1u) << "pairs and the history";
}

TEST_F(RunLogTest, many_short_runs_stay_within_their_number_and_other_files_are_left_alone) {
    std::filesystem::create_directory(directory_ / "logs");
    std::ofstream(in_logs("notes.log")) << "mine";
    std::ofstream(in_logs("training_plan.txt")) << "mine";
    const RunLog::Limits limits = {
        .pair_bytes = 20'000, .total_bytes = 100'000, .history_bytes = 10'000, .pairs = 5};
    for (int i = 0; i < 20; ++i) {
        open(limits)->write(Severity::info, "note", "short");
        now_ms_ += 1000;
    }
    EXPECT_EQ(names().size(), 5u * 2 + 2 + 1);
    EXPECT_EQ(contents(in_logs("notes.log")), "mine");
    EXPECT_TRUE(std::filesystem::exists(in_logs("training_20261121_143024.log")));
}

// Files of this process cannot grow beyond a size while it lives, as on a full disk.
class FullDisk {
  public:
    explicit FullDisk(rlim_t bytes) {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        handler_ = ::signal(SIGXFSZ, SIG_IGN);
        const rlimit limit = {bytes, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FullDisk() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        ::signal(SIGXFSZ, handler_);
    }
    FullDisk(const FullDisk&) = delete;
    FullDisk& operator=(const FullDisk&) = delete;

  private:
    rlimit before_{};
    void (*handler_)(int) = SIG_DFL;
};

TEST_F(RunLogTest, a_full_disk_costs_lines_and_one_warning_and_leaves_no_half_line) {
    const auto log = open();
    log->write(Severity::info, "note", "before");
    log->flush();
    {
        const FullDisk full(100);
        for (int i = 0; i < 5; ++i) {
            log->write(Severity::warning, "note", "lost: " + std::string(100, 'x'));
            log->flush();
        }
        EXPECT_EQ(lines(in_logs(first_text)).size(), 1u);
        EXPECT_EQ(log->dropped_lines(), 5u);
    }
    log->flush();
    log->write(Severity::info, "note", "after");
    log->flush();
    ASSERT_EQ(warnings_.size(), 1u);
    EXPECT_NE(warnings_[0].find("File too large; training goes on"), std::string::npos);
    for (const char* name : {first_text, first_json}) {
        const auto all = lines(in_logs(name));
        ASSERT_EQ(all.size(), 3u);
        EXPECT_NE(all[0].find("before"), std::string::npos);
        EXPECT_NE(all[1].find("lines missing here: 5;"), std::string::npos);
        EXPECT_NE(all[2].find("after"), std::string::npos);
    }
    EXPECT_EQ(log->dropped_lines(), 5u);
}

TEST_F(RunLogTest, when_only_the_longer_file_does_not_fit_neither_gets_the_line) {
    const auto log = open();
    const FullDisk full(60);  // the line of text fits
    log->write(Severity::warning, "note", "short");
    log->flush();
    EXPECT_EQ(contents(in_logs(first_text)), "");
    EXPECT_EQ(contents(in_logs(first_json)), "");
    EXPECT_EQ(log->dropped_lines(), 1u);
}

TEST_F(RunLogTest, a_directory_that_was_removed_is_made_again) {
    const auto log = open();
    std::filesystem::remove_all(directory_ / "logs");
    now_ms_ += 1000;
    log->write(Severity::warning, "note", "still here");
    EXPECT_EQ(lines(log->path()).size(), 1u);
    EXPECT_TRUE(std::filesystem::exists(log->path()));
    EXPECT_EQ(log->dropped_lines(), 0u);
}

TEST_F(RunLogTest, a_state_directory_that_is_gone_is_awaited) {
    const auto log = open();
    std::filesystem::rename(directory_.path(), directory_.path() + ".away");
    std::filesystem::remove_all(directory_.path() + ".away/logs");
    log->write(Severity::warning, "note", "lost");
    log->write(Severity::warning, "note", "lost");
    log->flush();
    EXPECT_EQ(warnings_.size(), 1u);
    std::filesystem::rename(directory_.path() + ".away", directory_.path());
    log->flush();
    EXPECT_NE(contents(log->path()).find("lines missing here: 2;"), std::string::npos);
}

TEST_F(RunLogTest, where_no_log_can_be_made_training_only_hears_of_it) {
    std::ofstream(directory_ / "logs") << "in the way";
    const auto log = open();
    log->write(Severity::error, "note", "lost");
    log->flush();
    ASSERT_EQ(warnings_.size(), 1u);
    EXPECT_NE(warnings_[0].find("Not a directory"), std::string::npos) << warnings_[0];
    std::filesystem::remove(directory_ / "logs");
    log->flush();
    EXPECT_NE(contents(in_logs(first_text)).find("lines missing here: 1;"), std::string::npos);
}

TEST_F(RunLogTest, without_permission_training_only_hears_of_it) {
    EXPECT_EQ(test::run_child([this] {
                  constexpr uid_t nobody = 65534;
                  ::chmod(directory_.path().c_str(), 0555);
                  if (::geteuid() == 0 && (::setgid(nobody) != 0 || ::setuid(nobody) != 0))
                      return 2;
                  const auto log = open();
                  log->write(Severity::error, "note", "lost");
                  return warnings_.size() == 1 &&
                                 warnings_[0].find("Permission denied") != std::string::npos &&
                                 log->dropped_lines() == 1
                             ? 0
                             : 1;
              }),
              0);
}

}  // namespace
}  // namespace kiln::app

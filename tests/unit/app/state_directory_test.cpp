#include "app/state_directory.hpp"

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include <gtest/gtest.h>
#include <unistd.h>

#include "core/base/check.hpp"
#include "core/null/null_workload.hpp"

#include "tests/support/child.hpp"
#include "tests/support/temp_directory.hpp"
#include "tests/support/trainer.hpp"

namespace kiln::app {
namespace {

// The exit code and line of what is refused; ok and "" if nothing is.
template <typename Action>
std::pair<ExitCode, std::string> refusal(Action action) {
    try {
        action();
    } catch (const Failure& failure) {
        return {failure.exit_code(), failure.what()};
    }
    return {ExitCode::ok, ""};
}

void write(const std::string& path, const std::string& text) {
    std::ofstream(path) << text;
}

std::string contents(const std::string& path) {
    std::ostringstream all;
    all << std::ifstream(path).rdbuf();
    return all.str();
}

// A child that claims the directory, says so, and ends after a while without giving it back.
pid_t start_owner(const std::string& path, std::chrono::milliseconds life) {
    std::array<int, 2> ends{};
    CHECK(::pipe(ends.data()) == 0);
    const pid_t child = test::start_child([&]() -> int {
        StateDirectory directory(path);
        directory.create();
        directory.claim();
        CHECK(::write(ends[1], "x", 1) == 1);
        std::this_thread::sleep_for(life);
        ::_exit(0);
    });
    char text = 0;
    CHECK(::read(ends[0], &text, 1) == 1);
    ::close(ends[0]);
    ::close(ends[1]);
    return child;
}

TEST(StateDirectory, is_not_made_by_looking_for_it) {
    const test::TempDirectory temp;
    StateDirectory directory(temp / "a/b");
    EXPECT_FALSE(directory.open_existing());
    EXPECT_FALSE(std::filesystem::exists(temp / "a"));
    directory.create();
    EXPECT_TRUE(std::filesystem::is_directory(temp / "a/b"));
    StateDirectory again(temp / "a/b");
    EXPECT_TRUE(again.open_existing());
    EXPECT_EQ(again.checkpoints().count, 0u);
}

TEST(StateDirectory, that_is_a_file_is_refused_by_name) {
    const test::TempDirectory temp;
    write(temp / "file", "");
    StateDirectory directory(temp / "file");
    const auto refused = refusal([&] { directory.create(); });
    EXPECT_EQ(refused.first, ExitCode::cannot_create);
    EXPECT_NE(refused.second.find("--state: cannot use " + temp / "file"), std::string::npos)
        << refused.second;
}

TEST(StateDirectory, is_claimed_by_one_at_a_time) {
    const test::TempDirectory temp;
    StateDirectory first(temp.path());
    first.create();
    first.claim();
    StateDirectory second(temp.path());
    second.create();
    const auto refused = refusal([&] { second.claim(); });
    EXPECT_EQ(refused.first, ExitCode::cannot_create);
    EXPECT_EQ(refused.second, "--state: another kiln is training in " + temp.path() +
                                  "; wait for it or choose another directory");
}

TEST(StateDirectory, claiming_waits_for_an_owner_that_is_just_dying) {
    const test::TempDirectory temp;
    const pid_t owner = start_owner(temp.path(), std::chrono::milliseconds(200));
    StateDirectory directory(temp.path());
    directory.create();
    directory.claim();
    EXPECT_EQ(test::wait_for(owner), 0);
    // Nobody else gets it now.
    EXPECT_EQ(0, test::run_child([&] {
                  StateDirectory late(temp.path());
                  late.create();
                  return refusal([&] { late.claim(); }).first == ExitCode::cannot_create ? 0 : 1;
              }));
}

TEST(StateDirectory, of_an_owner_that_was_killed_can_be_claimed) {
    const test::TempDirectory temp;
    const pid_t owner = start_owner(temp.path(), std::chrono::hours(1));
    StateDirectory directory(temp.path());
    directory.create();
    EXPECT_EQ(refusal([&] { directory.claim(); }).first, ExitCode::cannot_create);
    ASSERT_EQ(::kill(owner, SIGKILL), 0);
    EXPECT_EQ(test::wait_for(owner), 128 + SIGKILL);
    directory.claim();
}

TEST(StateDirectory, stays_claimed_while_a_process_it_was_handed_to_lives) {
    const test::TempDirectory temp;
    StateDirectory second(temp.path());
    pid_t heir = 0;
    {
        StateDirectory first(temp.path());
        first.create();
        first.claim();
        heir = test::start_child([]() -> int {
            for (;;)
                ::pause();
        });
    }
    second.create();
    EXPECT_EQ(refusal([&] { second.claim(); }).first, ExitCode::cannot_create);
    ASSERT_EQ(::kill(heir, SIGKILL), 0);
    test::wait_for(heir);
    second.claim();
}

TEST(StateDirectory, one_that_another_process_opened_is_used_as_it_is) {
    const test::TempDirectory temp;
    StateDirectory first(temp.path());
    first.create();
    write(temp / "game-000000000016.ckpt", "x");
    StateDirectory adopted("as the user wrote it");
    adopted.adopt(::dup(first.descriptor()));
    ASSERT_EQ(adopted.checkpoints().count, 1u);
    EXPECT_EQ(adopted.path_of(adopted.checkpoints().entries[0].name),
              "as the user wrote it/game-000000000016.ckpt");
}

TEST(StateDirectory, a_damaged_checkpoint_that_is_set_aside_is_kept_and_counts_no_more) {
    const test::TempDirectory temp;
    StateDirectory directory(temp.path());
    directory.create();
    write(temp / "game-000000000016.ckpt", "older");
    write(temp / "game-000000000032.ckpt", "damaged");
    directory.set_aside(checkpoint_file_name(32));
    EXPECT_EQ(contents(temp / "game-000000000032.ckpt.damaged"), "damaged");
    ASSERT_EQ(directory.checkpoints().count, 1u);
    EXPECT_EQ(directory.checkpoints().entries[0].games, 16u);
    // The run comes by there once more, and it happens again.
    write(temp / "game-000000000032.ckpt", "again");
    directory.set_aside(checkpoint_file_name(32));
    EXPECT_EQ(contents(temp / "game-000000000032.ckpt.damaged"), "again");
    directory.prepare_for_writing();
    EXPECT_TRUE(std::filesystem::exists(temp / "game-000000000032.ckpt.damaged"));
}

TEST(StateDirectory, a_damaged_checkpoint_that_cannot_be_set_aside_is_a_failure_in_words) {
    const test::TempDirectory temp;
    StateDirectory directory(temp.path());
    directory.create();
    const auto refused = refusal([&] { directory.set_aside(checkpoint_file_name(32)); });
    EXPECT_NE(refused.first, ExitCode::ok);
    EXPECT_TRUE(
        refused.second.starts_with(temp /
                                   "game-000000000032.ckpt: is damaged and cannot be renamed to "
                                   "game-000000000032.ckpt.damaged: "))
        << refused.second;
}

TEST(StateDirectory, preparing_removes_what_unfinished_saves_left_and_nothing_else) {
    const test::TempDirectory temp;
    StateDirectory directory(temp.path());
    directory.create();
    write(temp / "game-000000000048.ckpt.tmp", "half");
    write(temp / "game-000000000032.ckpt", "whole");
    write(temp / "notes.txt", "mine");
    directory.prepare_for_writing();
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(temp.path()))
        names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    EXPECT_EQ(names, (std::vector<std::string>{"game-000000000032.ckpt", "notes.txt"}));
}

}  // namespace
}  // namespace kiln::app

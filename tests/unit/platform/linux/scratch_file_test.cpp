#include "platform/linux/scratch_file.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <utility>

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "tests/support/temp_directory.hpp"

namespace kiln::platform {
namespace {

constexpr std::uint64_t mib = 1u << 20;

TEST(ScratchFile, is_zero_filled_memory_that_leaves_no_name) {
    const test::TempDirectory directory;
    ScratchFile scratch;
    ASSERT_TRUE(scratch.map(directory.path().c_str(), 3 * mib + 5));
    ASSERT_EQ(scratch.span().size(), 3 * mib + 5);
    EXPECT_TRUE(std::all_of(scratch.span().begin(), scratch.span().end(),
                            [](std::byte byte) { return byte == std::byte{0}; }));
    scratch.span().back() = std::byte{7};
    EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

TEST(ScratchFile, moves_with_its_contents) {
    const test::TempDirectory directory;
    ScratchFile first;
    ASSERT_TRUE(first.map(directory.path().c_str(), mib));
    first.span()[77] = std::byte{5};
    ScratchFile second(std::move(first));
    EXPECT_TRUE(first.span().empty());  // NOLINT(bugprone-use-after-move): that is what is tested
    first = std::move(second);
    ASSERT_EQ(first.span().size(), mib);
    EXPECT_EQ(first.span()[77], std::byte{5});
}

TEST(ScratchFile, room_that_is_missing_is_said_at_once) {
    const test::TempDirectory directory;
    // A limit on the length of files stands in for a disk that is full.
    rlimit before = {};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    rlimit small = before;
    small.rlim_cur = mib;
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    ScratchFile scratch;
    const Status status = scratch.map(directory.path().c_str(), 2 * mib);
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().detail, static_cast<std::uint64_t>(EFBIG));
    EXPECT_TRUE(scratch.span().empty());
}

TEST(ScratchFile, a_directory_that_is_not_there_is_an_error) {
    ScratchFile scratch;
    const Status status = scratch.map("/nowhere/at/all", mib);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace kiln::platform

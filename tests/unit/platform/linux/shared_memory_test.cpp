#include "platform/linux/shared_memory.hpp"

#include <algorithm>
#include <array>
#include <atomic>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/support/check_death.hpp"
#include "tests/support/child.hpp"
#include "tests/support/temp_directory.hpp"

namespace kiln::platform {
namespace {

constexpr std::uint64_t bytes = 3 * 4096 + 100;

std::atomic<int>& word(const SharedMemory& memory, std::size_t index) {
    return reinterpret_cast<std::atomic<int>*>(memory.span().data())[index];
}

void wait_for_value(const std::atomic<int>& word, int value) {
    while (word.load() != value)
        ::sched_yield();
}

TEST(SharedMemory, is_filled_with_zeros_and_as_large_as_asked_for) {
    SharedMemory memory;
    EXPECT_TRUE(memory.span().empty());
    EXPECT_EQ(memory.descriptor(), -1);
    ASSERT_TRUE(memory.create(bytes));
    EXPECT_EQ(memory.span().size(), bytes);
    EXPECT_TRUE(std::all_of(memory.span().begin(), memory.span().end(),
                            [](std::byte byte) { return byte == std::byte{0}; }));
}

TEST(SharedMemory, two_processes_see_what_the_other_stores) {
    SharedMemory memory;
    ASSERT_TRUE(memory.create(bytes));
    // The child forgets the mapping it was born with, as one that was started anew would.
    const pid_t child = test::start_child([&] {
        const int descriptor = ::dup(memory.descriptor());
        ::munmap(memory.span().data(), memory.span().size());
        SharedMemory adopted;
        if (!adopted.adopt(descriptor, bytes))
            return 1;
        wait_for_value(word(adopted, 0), 5);
        word(adopted, 1) = 6;
        return 0;
    });
    word(memory, 0) = 5;
    wait_for_value(word(memory, 1), 6);
    EXPECT_EQ(test::wait_for(child), 0);
}

TEST(SharedMemory, what_a_killed_process_stored_stays) {
    SharedMemory memory;
    ASSERT_TRUE(memory.create(bytes));
    EXPECT_EQ(test::run_child([&]() -> int {
                  word(memory, 7) = 77;
                  ::kill(::getpid(), SIGKILL);
                  return 0;
              }),
              128 + SIGKILL);
    EXPECT_EQ(word(memory, 7), 77);
}

TEST(SharedMemory, its_size_cannot_be_changed_by_anybody) {
    SharedMemory memory;
    ASSERT_TRUE(memory.create(bytes));
    EXPECT_NE(::ftruncate(memory.descriptor(), 0), 0);
    EXPECT_NE(::ftruncate(memory.descriptor(), 1 << 20), 0);
}

TEST(SharedMemory, of_another_size_is_refused) {
    SharedMemory memory;
    ASSERT_TRUE(memory.create(bytes));
    for (const std::uint64_t other : {bytes - 1, bytes + 1, std::uint64_t{0}, UINT64_MAX}) {
        SharedMemory adopted;
        const Status status = adopted.adopt(::dup(memory.descriptor()), other);
        ASSERT_FALSE(status) << other;
        EXPECT_EQ(status.error().code, ErrorCode::io_failed);
        EXPECT_TRUE(adopted.span().empty());
    }
}

TEST(SharedMemory, what_is_something_else_is_refused_even_if_its_size_is_right) {
    const test::TempDirectory directory;
    const int file = ::open((directory / "file").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    ASSERT_EQ(::ftruncate(file, bytes), 0);
    const int unsealed = ::memfd_create("unsealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    ASSERT_EQ(::ftruncate(unsealed, bytes), 0);
    const int device = ::open("/dev/zero", O_RDWR | O_CLOEXEC);
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    for (const int descriptor : {file, unsealed, device, ends[0], ends[1]}) {
        SharedMemory adopted;
        const Status status = adopted.adopt(descriptor, bytes);
        ASSERT_FALSE(status) << descriptor;
        EXPECT_EQ(status.error().code, ErrorCode::io_failed);
    }
    SharedMemory none;
    EXPECT_FALSE(none.adopt(-1, bytes));
    SharedMemory closed;
    EXPECT_FALSE(closed.adopt(1'000'000, bytes));
}

TEST(SharedMemory, gives_its_descriptor_back) {
    int descriptor = -1;
    {
        SharedMemory memory;
        ASSERT_TRUE(memory.create(bytes));
        descriptor = memory.descriptor();
        EXPECT_EQ(::fcntl(descriptor, F_GETFD), FD_CLOEXEC);  // a child gets it only when told
    }
    EXPECT_EQ(::fcntl(descriptor, F_GETFD), -1);
}

TEST(SharedMemory, says_so_when_the_system_refuses) {
    constexpr std::uint64_t too_much = std::uint64_t{1} << 62;
    SharedMemory memory;
    const Status status = memory.create(too_much);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::out_of_memory);
    EXPECT_EQ(status.error().detail, too_much);
}

TEST(SharedMemory, is_made_once) {
    SharedMemory memory;
    ASSERT_TRUE(memory.create(bytes));
    EXPECT_CHECK_FAILS((void)memory.create(bytes), "descriptor_ < 0");
}

}  // namespace
}  // namespace kiln::platform

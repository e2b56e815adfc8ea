#include "platform/linux/last_words.hpp"

#include <functional>
#include <string>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/check.hpp"

#include "platform/linux/check_report.hpp"
#include "platform/linux/mapping.hpp"
#include "platform/linux/shared_memory.hpp"
#include "platform/linux/worker_team.hpp"
#include "tests/support/child.hpp"

namespace kiln::platform {
namespace {

// What a process of its own leaves, and how it ends.
class LastWordsTest : public testing::Test {
  protected:
    struct Page {
        LastWords words;
        std::atomic<int> thread;
        std::atomic<std::uint64_t> address;
    };

    LastWordsTest() {
        CHECK(memory_.create(sizeof(Page)));
        page = new (memory_.span().data()) Page;
        forbidden = static_cast<char*>(
            ::mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        CHECK(forbidden != MAP_FAILED);
    }
    ~LastWordsTest() override { ::munmap(forbidden, 4096); }

    int end_of(const std::function<void()>& work) {
        return test::run_child([&] {
            const int nowhere = ::open("/dev/null", O_WRONLY);
            ::dup2(nowhere, STDERR_FILENO);
            install_check_report();
            install_last_words(page->words);
            page->thread = this_thread();
            work();
            return 0;
        });
    }

    Page* page = nullptr;
    char* forbidden = nullptr;

  private:
    SharedMemory memory_;
};

TEST_F(LastWordsTest, a_process_that_ends_in_order_says_nothing) {
    EXPECT_EQ(end_of([] { CHECK(1 + 1 == 2); }), 0);
    EXPECT_FALSE(page->words.is_written);
}

TEST_F(LastWordsTest, a_failed_check_tells_its_text_and_place_and_thread) {
    EXPECT_EQ(end_of([] { CHECK(1 + 1 == 3); }), 128 + SIGABRT);
    EXPECT_TRUE(page->words.is_written);
    EXPECT_EQ(page->words.signal, 0);
    EXPECT_EQ(page->words.thread, page->thread);
    EXPECT_STREQ(page->words.condition, "1 + 1 == 3");
    EXPECT_TRUE(std::string(page->words.file).ends_with("last_words_test.cpp"));
    EXPECT_EQ(page->words.line, __LINE__ - 6);
}

TEST_F(LastWordsTest, a_text_that_is_too_long_is_cut) {
    const std::string longest(1'000, 'x');
    EXPECT_EQ(end_of([&] { check_failed(longest.c_str(), longest.c_str(), 7); }), 128 + SIGABRT);
    EXPECT_EQ(page->words.condition, longest.substr(0, sizeof(LastWords::condition) - 1));
    EXPECT_EQ(page->words.file, longest.substr(0, sizeof(LastWords::file) - 1));
}

TEST_F(LastWordsTest, a_bad_access_tells_its_address_and_ends_by_its_signal) {
    EXPECT_EQ(end_of([&] { *const_cast<volatile char*>(forbidden + 123) = 1; }), 128 + SIGSEGV);
    EXPECT_TRUE(page->words.is_written);
    EXPECT_EQ(page->words.signal, SIGSEGV);
    EXPECT_EQ(page->words.address, reinterpret_cast<std::uint64_t>(forbidden + 123));
    EXPECT_EQ(page->words.thread, page->thread);
}

TEST_F(LastWordsTest, the_thread_is_the_one_that_failed) {
    EXPECT_EQ(end_of([&] {
                  std::thread other([&] {
                      page->thread = this_thread();
                      *const_cast<volatile char*>(forbidden) = 1;
                  });
                  other.join();
              }),
              128 + SIGSEGV);
    EXPECT_TRUE(page->words.is_written);
    EXPECT_EQ(page->words.thread, page->thread);
}

TEST_F(LastWordsTest, a_fatal_signal_that_somebody_sends_ends_the_process_too) {
    for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGSYS}) {
        page->words.is_written = false;
        EXPECT_EQ(end_of([&] { ::kill(::getpid(), number); }), 128 + number);
        EXPECT_TRUE(page->words.is_written);
        EXPECT_EQ(page->words.signal, number);
    }
}

// Deeper and deeper. The volatile store keeps the frame and the call.
int descend(int depth) {
    volatile char frame[512];
    frame[0] = static_cast<char>(depth);
    return depth == INT32_MAX ? 0 : descend(depth + 1) + frame[0];
}

class Overflow final : public Job {
  public:
    explicit Overflow(std::atomic<int>& thread) : thread_(thread) {}
    void work(unsigned) override {
        use_signal_stack();
        thread_ = this_thread();
        (void)descend(0);
    }

  private:
    std::atomic<int>& thread_;
};

TEST_F(LastWordsTest, a_stack_overflow_is_told_from_a_stack_of_its_own) {
    EXPECT_EQ(end_of([&] {
                  const std::uint64_t bytes =
                      WorkerTeam::stack_region_bytes(1, std::uint64_t{1} << 20);
                  Mapping stacks;
                  CHECK(stacks.map(bytes));
                  page->address = reinterpret_cast<std::uint64_t>(stacks.span().data());
                  WorkerTeam team;
                  CHECK(team.launch(1, stacks.span()));
                  Overflow overflow(page->thread);
                  team.run(overflow);
              }),
              128 + SIGSEGV);
    EXPECT_TRUE(page->words.is_written);
    EXPECT_EQ(page->words.signal, SIGSEGV);
    EXPECT_EQ(page->words.thread, page->thread);
    EXPECT_GE(page->words.address, page->address);  // in the page below the stack
    EXPECT_LT(page->words.address, page->address + 4096);
}

char* bad_address = nullptr;

TEST_F(LastWordsTest, only_the_first_that_speaks_is_kept) {
    bad_address = forbidden;
    EXPECT_EQ(end_of([] {
                  // abort() meets somebody who fails in turn.
                  (void)::signal(SIGABRT,
                                 [](int) { *const_cast<volatile char*>(bad_address) = 1; });
                  CHECK(2 + 2 == 5);
              }),
              128 + SIGSEGV);
    EXPECT_EQ(page->words.signal, 0);
    EXPECT_EQ(page->words.address, 0u);
    EXPECT_STREQ(page->words.condition, "2 + 2 == 5");
}

}  // namespace
}  // namespace kiln::platform

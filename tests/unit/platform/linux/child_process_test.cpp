#include "platform/linux/child_process.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/check_death.hpp"
#include "tests/support/child.hpp"

namespace kiln::platform {
namespace {

constexpr const char* child_word = "act-as-child";

// A ChildProcess runs this very program, so the program must know when it is that child: before
// gtest looks at the arguments. Never returns then.
[[gnu::constructor]] void act_as_child(int count, char** arguments) {
    if (count < 4 || std::strcmp(arguments[1], child_word) != 0)
        return;
    const std::string what = arguments[2];
    const int number = std::atoi(arguments[3]);
    if (what == "exit")
        ::_exit(number);
    if (what == "raise")
        (void)::raise(number);
    if (what == "greet")
        ::_exit(::write(number, "hello", 5) == 5 ? 0 : errno);
    if (what == "is-open")
        ::_exit(::fcntl(number, F_GETFD) >= 0 ? 1 : 0);
    if (what == "stay") {
        (void)::write(number, "x", 1);
        for (;;)
            ::pause();
    }
    ::_exit(99);
}

std::vector<std::string> to(const std::string& what, int number) {
    return {"kiln_tests", child_word, what, std::to_string(number)};
}

struct Pipe {
    Pipe() { CHECK(::pipe2(ends, O_CLOEXEC) == 0); }
    ~Pipe() {
        close_writer();
        ::close(ends[0]);
    }
    void close_writer() {
        if (ends[1] >= 0)
            ::close(ends[1]);
        ends[1] = -1;
    }
    // What arrives next; "" at the end of it; "nothing" if that takes too long.
    std::string read() const {
        pollfd ready = {ends[0], POLLIN, 0};
        if (::poll(&ready, 1, 20'000) != 1)
            return "nothing";
        std::array<char, 16> text{};
        const ssize_t length = ::read(ends[0], text.data(), text.size());
        return {text.data(), static_cast<std::size_t>(std::max<ssize_t>(length, 0))};
    }
    int ends[2] = {-1, -1};
};

ChildEnd end_of(ChildProcess& child) {
    for (;;)
        if (const auto end = child.poll())
            return *end;
}

TEST(ChildProcess, tells_the_exit_code_once) {
    for (const int code : {0, 1, 70, 255}) {
        ChildProcess child;
        ASSERT_TRUE(child.start(to("exit", code), {}));
        const ChildEnd end = end_of(child);
        EXPECT_TRUE(end.is_exit(code));
        EXPECT_EQ(end.signal, 0);
        EXPECT_FALSE(child.is_running());
        EXPECT_FALSE(child.poll());
        EXPECT_EQ(child.descriptor(), -1);
    }
}

TEST(ChildProcess, tells_the_signal_that_ended_it) {
    for (const int number : {SIGSEGV, SIGABRT, SIGKILL, SIGTERM}) {
        ChildProcess child;
        ASSERT_TRUE(child.start(to("raise", number), {}));
        const ChildEnd end = end_of(child);
        EXPECT_EQ(end.signal, number);
        EXPECT_FALSE(end.is_exit(0));
    }
}

TEST(ChildProcess, that_was_never_started_has_not_ended) {
    ChildProcess child;
    EXPECT_FALSE(child.is_running());
    EXPECT_FALSE(child.poll());
}

TEST(ChildProcess, gets_the_descriptors_it_is_handed_and_no_others) {
    Pipe handed;
    const Pipe kept;
    ChildProcess child;
    ASSERT_TRUE(child.start(to("greet", handed.ends[1]), {{handed.ends[1]}}));
    EXPECT_EQ(handed.read(), "hello");
    EXPECT_TRUE(end_of(child).is_exit(0));
    ASSERT_TRUE(child.start(to("is-open", kept.ends[1]), {{handed.ends[1]}}));
    EXPECT_TRUE(end_of(child).is_exit(0));
    EXPECT_EQ(::fcntl(handed.ends[1], F_GETFD), FD_CLOEXEC);  // here nothing has changed
}

TEST(ChildProcess, is_ended_at_once_by_kill) {
    Pipe pipe;
    ChildProcess child;
    ASSERT_TRUE(child.start(to("stay", pipe.ends[1]), {{pipe.ends[1]}}));
    pipe.close_writer();
    EXPECT_EQ(pipe.read(), "x");
    EXPECT_TRUE(child.is_running());
    EXPECT_FALSE(child.poll());
    const int pid = child.pid();
    EXPECT_EQ(::kill(pid, 0), 0);
    EXPECT_EQ(child.kill().signal, SIGKILL);
    EXPECT_FALSE(child.is_running());
    EXPECT_EQ(pipe.read(), "");
    EXPECT_EQ(::waitpid(pid, nullptr, 0), -1);  // nothing of it is left
}

TEST(ChildProcess, that_ended_by_itself_can_be_killed_too) {
    Pipe pipe;
    ChildProcess child;
    ASSERT_TRUE(child.start(to("exit", 3), {{pipe.ends[1]}}));
    pipe.close_writer();
    EXPECT_EQ(pipe.read(), "");  // it has ended, and nobody has asked yet
    EXPECT_TRUE(child.kill().is_exit(3));
}

TEST(ChildProcess, wakes_whoever_waits_on_its_descriptor_when_it_ends) {
    Pipe pipe;
    ChildProcess child;
    ASSERT_TRUE(child.start(to("stay", pipe.ends[1]), {{pipe.ends[1]}}));
    EXPECT_EQ(pipe.read(), "x");
    ASSERT_GE(child.descriptor(), 0);
    pollfd ended = {child.descriptor(), POLLIN, 0};
    EXPECT_EQ(::poll(&ended, 1, 0), 0);
    ASSERT_EQ(::kill(child.pid(), SIGTERM), 0);
    EXPECT_EQ(::poll(&ended, 1, 20'000), 1);
    EXPECT_EQ(end_of(child).signal, SIGTERM);
}

TEST(ChildProcess, does_not_outlive_its_object) {
    Pipe pipe;
    {
        ChildProcess child;
        ASSERT_TRUE(child.start(to("stay", pipe.ends[1]), {{pipe.ends[1]}}));
        pipe.close_writer();
        EXPECT_EQ(pipe.read(), "x");
    }
    EXPECT_EQ(pipe.read(), "");
}

TEST(ChildProcess, does_not_outlive_its_parent_however_that_ends) {
    for (const int number : {SIGKILL, SIGSEGV, SIGTERM}) {
        Pipe pipe;
        const pid_t parent = test::start_child([&]() -> int {
            ChildProcess child;
            if (!child.start(to("stay", pipe.ends[1]), {{pipe.ends[1]}}))
                return 1;
            for (;;)
                ::pause();
        });
        pipe.close_writer();
        EXPECT_EQ(pipe.read(), "x");
        ASSERT_EQ(::kill(parent, number), 0);
        EXPECT_EQ(test::wait_for(parent), 128 + number);
        EXPECT_EQ(pipe.read(), "");  // both ends of it are gone
    }
}

TEST(ChildProcess, that_cannot_be_started_is_an_error_and_another_may_follow) {
    ChildProcess child;
    const Status no_descriptor = child.start(to("exit", 0), {{1'000'000}});
    ASSERT_FALSE(no_descriptor);
    EXPECT_EQ(no_descriptor.error().detail, static_cast<std::uint64_t>(EBADF));
    EXPECT_FALSE(child.is_running());
    const Status too_long = child.start({"kiln_tests", std::string(1 << 20, 'x')}, {});
    ASSERT_FALSE(too_long);
    EXPECT_EQ(too_long.error().detail, static_cast<std::uint64_t>(E2BIG));
    EXPECT_FALSE(child.is_running());
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);  // no process is left of either
    ASSERT_TRUE(child.start(to("exit", 5), {}));
    EXPECT_TRUE(end_of(child).is_exit(5));
}

TEST(ChildProcess, is_one_at_a_time) {
    EXPECT_CHECK_FAILS(
        {
            ChildProcess child;
            (void)child.start(to("stay", -1), {});
            (void)child.start(to("exit", 0), {});
        },
        "!is_running\\(\\)");
}

TEST(ChildProcess, that_finds_its_parent_gone_already_knows_it) {
    const pid_t self = ::getpid();
    EXPECT_EQ(0, test::run_child([&] { return die_with_parent(self) ? 0 : 1; }));
    EXPECT_EQ(0, test::run_child([&] { return die_with_parent(self + 1) ? 1 : 0; }));
}

}  // namespace
}  // namespace kiln::platform

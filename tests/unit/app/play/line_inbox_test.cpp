#include "app/play/line_inbox.hpp"

#include <chrono>
#include <csignal>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "app/play/dialogue.hpp"

namespace kiln::app {
namespace {

using namespace std::chrono_literals;

bool is_urgent(std::string_view line) {
    return line.starts_with("!");
}

// A pipe whose ends a test may close.
struct Pipe {
    Pipe() { EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0); }
    ~Pipe() {
        close_reader();
        close_writer();
    }
    void write(std::string_view text) const {
        ASSERT_EQ(::write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }
    void close_reader() { close(ends[0]); }
    void close_writer() { close(ends[1]); }

    int ends[2] = {-1, -1};

  private:
    static void close(int& end) {
        if (end >= 0)
            ::close(end);
        end = -1;
    }
};

struct Rig {
    Pipe input;
    Pipe output;
    LineInbox inbox{input.ends[0], output.ends[1], is_urgent};
};

bool becomes(const std::atomic<bool>& flag, bool value) {
    const auto deadline = std::chrono::steady_clock::now() + 5s;
    while (flag.load() != value && std::chrono::steady_clock::now() < deadline)
        std::this_thread::sleep_for(1ms);
    return flag.load() == value;
}

TEST(LineInbox, hands_lines_out_in_order_and_the_last_without_its_end) {
    Rig rig;
    rig.input.write("one\n\ntwo\nth");
    rig.input.write("ree\nfour");
    rig.input.close_writer();
    for (const char* line : {"one", "", "two", "three", "four"})
        EXPECT_EQ(rig.inbox.next(), line);
    EXPECT_EQ(rig.inbox.next(), std::nullopt);
    EXPECT_EQ(rig.inbox.next(), std::nullopt);
    EXPECT_FALSE(rig.inbox.is_abandoned());
    EXPECT_FALSE(rig.inbox.stop()) << "what was asked before the end is still answered";
}

TEST(LineInbox, an_urgent_line_stops_until_it_is_taken) {
    Rig rig;
    rig.input.write("search\n! first\nsearch\n! second\n");
    EXPECT_TRUE(becomes(rig.inbox.stop(), true));
    EXPECT_EQ(rig.inbox.next(), "search");
    EXPECT_TRUE(rig.inbox.stop());
    EXPECT_EQ(rig.inbox.next(), "! first");
    EXPECT_TRUE(rig.inbox.stop()) << "there is another one behind the next search";
    EXPECT_EQ(rig.inbox.next(), "search");
    EXPECT_EQ(rig.inbox.next(), "! second");
    EXPECT_FALSE(rig.inbox.stop());
}

TEST(LineInbox, lines_keep_any_bytes_and_long_ones_are_cut) {
    Rig rig;
    const std::string bytes("\0\xff\r\x1b", 4);
    rig.input.write(bytes + "\n");
    EXPECT_EQ(rig.inbox.next(), bytes);
    std::thread writer([&rig] {
        for (int i = 0; i < 100; ++i)
            rig.input.write(std::string(10'000, 'x'));
        rig.input.write("\nafter\n");
    });
    const auto line = rig.inbox.next();
    writer.join();
    ASSERT_TRUE(line);
    EXPECT_EQ(line->size(), line_bytes_max + 1);
    EXPECT_EQ(rig.inbox.next(), "after");
}

TEST(LineInbox, what_waits_is_bounded_and_nothing_is_lost) {
    Rig rig;
    constexpr int lines = 100'000;
    std::thread writer([&rig] {
        std::string block;
        for (int i = 0; i < lines; ++i)
            block += std::to_string(i) + "\n";
        rig.input.write(block);
        rig.input.close_writer();
    });
    for (int i = 0; i < lines; ++i)
        ASSERT_EQ(rig.inbox.next(), std::to_string(i));
    EXPECT_EQ(rig.inbox.next(), std::nullopt);
    writer.join();
}

TEST(LineInbox, a_reader_that_goes_away_stops_everything) {
    Rig rig;
    rig.input.write("search\n");
    EXPECT_EQ(rig.inbox.next(), "search");
    EXPECT_FALSE(rig.inbox.stop());
    rig.output.close_reader();
    EXPECT_TRUE(becomes(rig.inbox.stop(), true));
    EXPECT_EQ(rig.inbox.next(), std::nullopt);
    EXPECT_TRUE(rig.inbox.is_abandoned());
}

TEST(LineInbox, a_reader_that_goes_away_is_noticed_after_the_input_has_ended) {
    Rig rig;
    rig.input.write("search\n");
    rig.input.close_writer();
    EXPECT_EQ(rig.inbox.next(), "search");
    rig.output.close_reader();
    EXPECT_TRUE(becomes(rig.inbox.stop(), true));
}

TEST(LineInbox, an_interrupt_stops_everything_and_ends_the_waiting) {
    Rig rig;
    rig.inbox.interrupted() = true;
    EXPECT_EQ(rig.inbox.next(), std::nullopt);
    EXPECT_TRUE(rig.inbox.stop());
    EXPECT_TRUE(rig.inbox.is_abandoned());
}

TEST(LineInbox, ends_at_once_while_the_input_is_silent) {
    const auto started = std::chrono::steady_clock::now();
    for (int i = 0; i < 20; ++i)
        Rig rig;
    EXPECT_LT(std::chrono::steady_clock::now() - started, 1s);
}

}  // namespace
}  // namespace kiln::app

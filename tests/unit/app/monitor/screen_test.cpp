#include "app/monitor/screen.hpp"

#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include "platform/linux/signals.hpp"
#include "tests/support/child.hpp"

namespace kiln::app {
namespace {

constexpr Look unicode = {true, true};

TEST(Screen, what_has_not_changed_is_not_written) {
    Canvas before(20, 3);
    before.text(0, 0, "games 1,000");
    Canvas after = before;
    EXPECT_EQ(difference_of(before, after, unicode), "");
    after.text(6, 0, "2");
    EXPECT_EQ(difference_of(before, after, unicode), "\x1b[1;7H\x1b[0m2");
}

TEST(Screen, changes_near_each_other_are_one_run) {
    Canvas before(20, 2);
    before.text(0, 1, "abcdefghij");
    Canvas after = before;
    after.text(0, 1, "X");
    after.text(3, 1, "X");
    after.text(9, 1, "X");
    EXPECT_EQ(difference_of(before, after, unicode), "\x1b[2;1H\x1b[0mXbcX\x1b[2;10HX");
}

TEST(Screen, another_size_is_drawn_as_a_whole) {
    Canvas after(5, 1);
    after.text(0, 0, "ab");
    EXPECT_EQ(difference_of(Canvas(4, 1), after, unicode), "\x1b[0m\x1b[2J\x1b[1;1H\x1b[0mab");
}

TEST(Screen, without_colour_there_is_none) {
    for (const Style style : {Style::title, Style::good, Style::warning, Style::bad, Style::first,
                              Style::second, Style::third}) {
        Canvas after(1, 1);
        after.put(0, 0, U'x', style);
        const std::string text = difference_of(Canvas(1, 1), after, {true, false});
        EXPECT_EQ(text.find("3"), std::string::npos) << text;
    }
}

TEST(Screen, without_unicode_every_byte_is_ascii) {
    Canvas after(2, 1);
    after.put(0, 0, 0x2588);
    after.put(1, 0, 0xE9);
    EXPECT_EQ(difference_of(Canvas(2, 1), after, {false, false}), "\x1b[1;1H\x1b[0m??");
}

// A pseudo terminal; not everywhere is there one to be had.
class OnTerminal : public testing::Test {
  protected:
    void SetUp() override {
        master_ = ::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
        if (master_ < 0 || ::grantpt(master_) != 0 || ::unlockpt(master_) != 0)
            GTEST_SKIP() << "no pseudo terminal";
        slave_ = ::open(::ptsname(master_), O_RDWR | O_NOCTTY);
        if (slave_ < 0 || ::tcgetattr(slave_, &before_) != 0)
            GTEST_SKIP() << "no pseudo terminal";
    }
    ~OnTerminal() override {
        ::close(slave_);
        ::close(master_);
    }

    int terminal() const { return slave_; }
    std::string output() const {
        std::string text;
        char piece[4096];
        for (ssize_t count; (count = ::read(master_, piece, sizeof(piece))) > 0;)
            text.append(piece, static_cast<std::size_t>(count));
        return text;
    }
    bool has_its_modes() const {
        termios now{};
        return ::tcgetattr(slave_, &now) == 0 && now.c_lflag == before_.c_lflag &&
               now.c_iflag == before_.c_iflag;
    }
    // A screen that is asked to end twice and has not done so.
    int end_by_second_signal(bool is_full) const {
        return test::run_child([=, this] {
            std::atomic<bool> stop{false};
            const platform::StopSignals signals(stop);
            const Screen screen(slave_, slave_, unicode);
            if (is_full) {
                (void)::fcntl(slave_, F_SETFL, O_RDWR | O_NONBLOCK);
                while (::write(slave_, "xxxxxxxxxxxxxxxx", 16) > 0) {
                }
                (void)::fcntl(slave_, F_SETFL, O_RDWR);
            }
            ::raise(SIGTERM);
            std::this_thread::sleep_for(std::chrono::milliseconds(350));
            ::alarm(10);  // should it wait
            ::raise(SIGTERM);
            return 0;
        });
    }

  private:
    int master_ = -1;
    int slave_ = -1;
    termios before_{};
};

TEST_F(OnTerminal, a_second_stop_signal_gives_it_back) {
    EXPECT_EQ(end_by_second_signal(false), 128 + SIGTERM);
    EXPECT_TRUE(output().ends_with("\x1b[?1049l"));
    EXPECT_TRUE(has_its_modes());
    EXPECT_EQ(::fcntl(terminal(), F_GETFL) & O_NONBLOCK, 0);
}

TEST_F(OnTerminal, that_takes_no_output_gets_its_modes_back) {
    EXPECT_EQ(end_by_second_signal(true), 128 + SIGTERM);
    EXPECT_TRUE(has_its_modes());
    EXPECT_EQ(::fcntl(terminal(), F_GETFL) & O_NONBLOCK, 0);
}

class Environment : public testing::Test {
  protected:
    Environment() {
        for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG", "NO_COLOR"})
            ::unsetenv(name);
    }
};

TEST_F(Environment, the_locale_tells_the_characters) {
    EXPECT_FALSE(look_of_environment().has_unicode);
    ::setenv("LANG", "de_DE.UTF-8", 1);
    EXPECT_TRUE(look_of_environment().has_unicode);
    ::setenv("LC_ALL", "C", 1);
    EXPECT_FALSE(look_of_environment().has_unicode);
    ::setenv("LC_ALL", "C.utf8", 1);
    EXPECT_TRUE(look_of_environment().has_unicode);
}

TEST_F(Environment, no_color_means_none) {
    EXPECT_TRUE(look_of_environment().has_colour);
    ::setenv("NO_COLOR", "", 1);
    EXPECT_TRUE(look_of_environment().has_colour) << "only when it is not empty";
    ::setenv("NO_COLOR", "1", 1);
    EXPECT_FALSE(look_of_environment().has_colour);
}

}  // namespace
}  // namespace kiln::app

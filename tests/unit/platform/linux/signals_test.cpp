#include "platform/linux/signals.hpp"

#include <cerrno>
#include <cstdio>

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "tests/support/child.hpp"

namespace kiln::platform {
namespace {

// Signals change the whole process, so every test is a process of its own. It returns 0, or tells
// by another number that something failed.
#define RETURN_UNLESS(condition)                                                         \
    do {                                                                                 \
        if (!(condition)) {                                                              \
            std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
            return 1;                                                                    \
        }                                                                                \
    } while (false)

TEST(Signals, the_first_one_asks_to_stop) {
    for (const int signal_number : {SIGINT, SIGTERM})
        EXPECT_EQ(test::run_child([=] {
                      std::atomic<bool> stop{false};
                      RETURN_UNLESS(install_stop_signals(stop));
                      RETURN_UNLESS(!stop.load() && stop_signals_received() == 0);
                      RETURN_UNLESS(last_stop_signal() == 0);
                      ::raise(signal_number);
                      RETURN_UNLESS(stop.load() && stop_signals_received() == 1);
                      RETURN_UNLESS(last_stop_signal() == signal_number);
                      return 0;
                  }),
                  0);
}

TEST(Signals, the_second_of_a_kind_ends_the_process_at_once) {
    for (const int signal_number : {SIGINT, SIGTERM})
        EXPECT_EQ(test::run_child([=] {
                      std::atomic<bool> stop{false};
                      RETURN_UNLESS(install_stop_signals(stop));
                      ::raise(signal_number);
                      std::this_thread::sleep_for(std::chrono::milliseconds(350));
                      ::raise(signal_number);
                      return 0;
                  }),
                  128 + signal_number);
}

TEST(Signals, before_that_the_hook_is_called) {
    EXPECT_EQ(test::run_child([] {
                  std::atomic<bool> stop{false};
                  RETURN_UNLESS(install_stop_signals(stop));
                  set_end_hook([] { ::_exit(7); });
                  ::raise(SIGTERM);
                  std::this_thread::sleep_for(std::chrono::milliseconds(350));
                  ::raise(SIGTERM);
                  return 0;
              }),
              7);
}

TEST(Signals, one_request_that_arrives_twice_is_one_request) {
    for (const int signal_number : {SIGINT, SIGTERM})
        EXPECT_EQ(test::run_child([=] {
                      std::atomic<bool> stop{false};
                      RETURN_UNLESS(install_stop_signals(stop));
                      ::raise(signal_number);
                      ::raise(signal_number);
                      RETURN_UNLESS(stop.load());
                      return 0;
                  }),
                  0);
}

TEST(Signals, one_of_each_kind_only_asks) {
    EXPECT_EQ(test::run_child([] {
                  std::atomic<bool> stop{false};
                  RETURN_UNLESS(install_stop_signals(stop));
                  ::raise(SIGINT);
                  ::raise(SIGTERM);
                  RETURN_UNLESS(stop.load() && stop_signals_received() == 2);
                  return 0;
              }),
              0);
}

TEST(Signals, a_new_run_counts_anew) {
    EXPECT_EQ(test::run_child([] {
                  std::atomic<bool> first{false};
                  std::atomic<bool> second{false};
                  RETURN_UNLESS(install_stop_signals(first));
                  ::raise(SIGINT);
                  RETURN_UNLESS(install_stop_signals(second));
                  RETURN_UNLESS(stop_signals_received() == 0 && last_stop_signal() == 0);
                  ::raise(SIGINT);
                  RETURN_UNLESS(second.load() && stop_signals_received() == 1);
                  return 0;
              }),
              0);
}

TEST(Signals, restored_means_the_default_action) {
    EXPECT_EQ(test::run_child([] {
                  std::atomic<bool> stop{false};
                  RETURN_UNLESS(install_stop_signals(stop));
                  restore_stop_signals();
                  ::raise(SIGTERM);
                  return 0;
              }),
              128 + SIGTERM);
}

TEST(Signals, a_hang_up_asks_to_stop_unless_it_means_to_reload) {
    EXPECT_EQ(test::run_child([] {
                  std::atomic<bool> stop{false};
                  std::atomic<bool> reload{false};
                  (void)::signal(SIGHUP, SIG_DFL);
                  RETURN_UNLESS(install_stop_signals(stop));
                  RETURN_UNLESS(install_reload_signal(reload));
                  ::raise(SIGHUP);
                  RETURN_UNLESS(reload.exchange(false));
                  std::this_thread::sleep_for(std::chrono::milliseconds(350));
                  ::raise(SIGHUP);
                  RETURN_UNLESS(reload.load());
                  RETURN_UNLESS(!stop.load() && stop_signals_received() == 0);
                  RETURN_UNLESS(install_stop_signals(stop));
                  ::raise(SIGHUP);
                  RETURN_UNLESS(stop.load() && last_stop_signal() == SIGHUP);
                  return 0;
              }),
              0);
}

TEST(Signals, a_hang_up_that_was_to_be_ignored_stays_ignored) {
    EXPECT_EQ(test::run_child([] {
                  std::atomic<bool> reload{false};
                  (void)::signal(SIGHUP, SIG_IGN);
                  RETURN_UNLESS(install_reload_signal(reload));
                  ::raise(SIGHUP);
                  RETURN_UNLESS(!reload.load());
                  return 0;
              }),
              0);
}

TEST(Signals, a_process_of_a_session_of_its_own_has_no_terminal) {
    EXPECT_EQ(test::run_child([] {
                  RETURN_UNLESS(::setsid() > 0);
                  RETURN_UNLESS(!has_terminal());
                  return 0;
              }),
              0);
}

TEST(Signals, an_interrupted_system_call_goes_on) {
    int channel[2];
    ASSERT_EQ(::pipe(channel), 0);
    EXPECT_EQ(test::run_child([&] {
                  std::atomic<bool> stop{false};
                  RETURN_UNLESS(install_stop_signals(stop));
                  const pid_t reader = ::getpid();
                  const pid_t sender = test::start_child([&] {
                      ::usleep(30'000);  // so that the signal most likely meets the read
                      ::kill(reader, SIGTERM);
                      ::usleep(30'000);
                      return ::write(channel[1], "x", 1) == 1 ? 0 : 1;
                  });
                  char byte = 0;
                  RETURN_UNLESS(::read(channel[0], &byte, 1) == 1 && byte == 'x');
                  RETURN_UNLESS(stop.load());
                  return test::wait_for(sender);
              }),
              0);
    ::close(channel[0]);
    ::close(channel[1]);
}

TEST(Signals, a_reader_that_vanished_is_an_error_and_not_the_end) {
    EXPECT_EQ(test::run_child([] {
                  std::atomic<bool> stop{false};
                  RETURN_UNLESS(install_stop_signals(stop));
                  int channel[2];
                  RETURN_UNLESS(::pipe(channel) == 0);
                  ::close(channel[0]);
                  RETURN_UNLESS(::write(channel[1], "x", 1) == -1 && errno == EPIPE);
                  return 0;
              }),
              0);
}

}  // namespace
}  // namespace kiln::platform

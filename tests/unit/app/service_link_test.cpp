#include "app/service_link.hpp"

#include <algorithm>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

namespace kiln::app {
namespace {

constexpr std::uint64_t ms = 1'000'000;
constexpr std::uint64_t second = 1'000 * ms;

// A link that is looked at every 20 ms, on a clock and with a manager that are made up.
class ServiceLinkTest : public testing::Test {
  protected:
    void look() {
        link.look(now_ns, {state, life}, [this] { return status; });
    }
    // The trainer gets on meanwhile, unless it does not.
    void pass(std::uint64_t ns, bool is_getting_on = true) {
        for (const std::uint64_t end_ns = now_ns + ns; now_ns < end_ns;) {
            now_ns += 20 * ms;
            life += is_getting_on ? 1 : 0;
            look();
        }
    }
    std::ptrdiff_t count(const std::string& message) const {
        return std::count(sent.begin(), sent.end(), message);
    }
    bool has_extended() const {
        return std::any_of(sent.begin(), sent.end(), [](const std::string& message) {
            return message.starts_with("EXTEND_TIMEOUT_USEC=");
        });
    }

    RunState state = RunState::starting;
    std::uint64_t life = 0;
    std::string status = "as it is";
    std::uint64_t now_ns = 1'000 * second;
    bool is_taken = true;
    std::vector<std::string> sent;
    ServiceLink link{[this](std::string_view message) {
                         if (is_taken)
                             sent.emplace_back(message);
                         return is_taken;
                     },
                     8 * second};
};

TEST_F(ServiceLinkTest, is_ready_once_the_trainer_trains) {
    pass(3 * second);
    EXPECT_EQ(count("READY=1"), 0);
    state = RunState::training;
    pass(3 * second);
    EXPECT_EQ(count("READY=1"), 1);
}

TEST_F(ServiceLinkTest, a_run_that_waits_paused_is_ready) {
    state = RunState::paused;
    look();
    EXPECT_EQ(count("READY=1"), 1);
}

TEST_F(ServiceLinkTest, what_the_manager_did_not_take_is_said_again) {
    is_taken = false;
    state = RunState::training;
    pass(second);
    is_taken = true;
    pass(second);
    EXPECT_EQ(count("READY=1"), 1);
    EXPECT_EQ(count("WATCHDOG=1"), 1);
}

TEST_F(ServiceLinkTest, pings_four_times_a_period_as_long_as_something_moves) {
    state = RunState::training;
    pass(80 * second);
    EXPECT_GE(count("WATCHDOG=1"), 39);
    EXPECT_LE(count("WATCHDOG=1"), 41);
}

TEST_F(ServiceLinkTest, does_not_ping_for_a_trainer_in_which_nothing_moves) {
    state = RunState::training;
    pass(160 * second, false);
    sent.clear();
    pass(80 * second, false);
    EXPECT_EQ(count("WATCHDOG=1"), 0);
    pass(second);  // it woke up
    EXPECT_GE(count("WATCHDOG=1"), 1);
}

TEST_F(ServiceLinkTest, waits_longer_than_a_thread_may_wait_for_its_disk) {
    state = RunState::training;
    pass(second);
    sent.clear();
    pass(WatchLimits().saving_after_ns, false);
    EXPECT_GE(count("WATCHDOG=1"), 4 * 14);
    EXPECT_LE(count("WATCHDOG=1"), 4 * 16);
}

TEST_F(ServiceLinkTest, pings_where_there_is_no_trainer_that_could_move) {
    for (const RunState without : {RunState::paused, RunState::restarting}) {
        state = without;
        sent.clear();
        pass(400 * second, false);
        EXPECT_GE(count("WATCHDOG=1"), 4 * 49) << name_of(without);
    }
}

TEST_F(ServiceLinkTest, without_a_watchdog_there_are_no_pings) {
    ServiceLink quiet([this](std::string_view message) { return sent.emplace_back(message), true; },
                      0);
    for (int i = 0; i < 1000; ++i)
        quiet.look(now_ns += 20 * ms, {RunState::training, ++life}, [] { return "fine"; });
    EXPECT_EQ(count("WATCHDOG=1"), 0);
    EXPECT_EQ(count("READY=1"), 1);
}

TEST_F(ServiceLinkTest, tells_its_status_every_ten_seconds_and_with_every_change) {
    pass(25 * second);
    EXPECT_EQ(count("STATUS=as it is"), 3);
    state = RunState::training;
    status = "two\nlines";
    look();
    EXPECT_EQ(sent.back() == "READY=1" || sent.back() == "WATCHDOG=1", true);
    EXPECT_EQ(count("STATUS=two lines"), 1);
}

TEST_F(ServiceLinkTest, asks_for_time_while_a_start_gets_on_and_not_afterwards) {
    pass(20 * second);
    EXPECT_EQ(count("EXTEND_TIMEOUT_USEC=30000000"), 4);
    state = RunState::training;
    pass(5 * second);
    sent.clear();
    pass(60 * second);
    EXPECT_FALSE(has_extended());
}

TEST_F(ServiceLinkTest, asks_for_no_time_for_a_start_that_does_not_get_on) {
    pass(160 * second, false);
    sent.clear();
    pass(60 * second, false);
    EXPECT_FALSE(has_extended());
}

TEST_F(ServiceLinkTest, says_that_it_stops_and_asks_for_time_while_it_saves) {
    state = RunState::training;
    pass(10 * second);
    EXPECT_EQ(count("STOPPING=1"), 0);
    sent.clear();
    state = RunState::stopping;
    pass(20 * second);
    EXPECT_EQ(count("STOPPING=1"), 1);
    EXPECT_EQ(count("EXTEND_TIMEOUT_USEC=30000000"), 4);
    EXPECT_EQ(count("READY=1"), 0);
    link.end("saved");
    EXPECT_EQ(count("STOPPING=1"), 1);
    EXPECT_EQ(sent.back(), "STATUS=saved");
}

TEST_F(ServiceLinkTest, a_run_with_nothing_to_do_was_ready_nevertheless) {
    link.end("already there");
    EXPECT_EQ(sent, (std::vector<std::string>{"READY=1", "STOPPING=1", "STATUS=already there"}));
}

TEST_F(ServiceLinkTest, a_complaint_is_told_and_nothing_is_ready) {
    link.fail("no such file");
    EXPECT_EQ(sent, (std::vector<std::string>{"STATUS=no such file"}));
}

TEST_F(ServiceLinkTest, is_ready_again_after_a_reload_when_the_trainer_trains_again) {
    state = RunState::training;
    pass(second);
    sent.clear();
    link.begin_reload(1'234'567'890);
    EXPECT_EQ(sent, (std::vector<std::string>{"RELOADING=1\nMONOTONIC_USEC=1234567"}));
    state = RunState::changing;
    pass(second);
    EXPECT_EQ(count("READY=1"), 0);
    state = RunState::training;
    pass(second);
    EXPECT_EQ(count("READY=1"), 1);
}

TEST(SignsOfLife, change_with_every_beat_and_phase_of_any_thread) {
    const auto page = std::make_unique<StatusPage>();
    std::vector<std::uint64_t> seen = {signs_of_life(*page)};
    const auto is_new = [&] {
        seen.push_back(signs_of_life(*page));
        return std::count(seen.begin(), seen.end(), seen.back()) == 1;
    };
    for (Heartbeat* heartbeat : {&page->session, &page->scribe, &page->workers[0],
                                 &page->workers[StatusPage::workers_max - 1]}) {
        heartbeat->beat();
        EXPECT_TRUE(is_new());
        heartbeat->begin(Phase::playing, 7, 1);
        EXPECT_TRUE(is_new());
        heartbeat->rest();
        EXPECT_TRUE(is_new());
    }
    page->games_played = 5;
    EXPECT_TRUE(is_new());
    EXPECT_EQ(signs_of_life(*page), seen.back());
}

}  // namespace
}  // namespace kiln::app

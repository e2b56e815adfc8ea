#include "app/heartbeat_watch.hpp"

#include <map>
#include <memory>

#include <gtest/gtest.h>

namespace kiln::app {
namespace {

constexpr std::uint64_t ms = 1'000'000;
constexpr std::uint64_t second = 1'000 * ms;
constexpr std::int32_t looping = 501;
constexpr std::int32_t starved = 502;
constexpr std::int32_t blocked = 503;

bool never_stopped() {
    return false;
}

// A page, a watch that looks at it every 50 ms, and threads whose processor time is made up.
class HeartbeatWatchTest : public testing::Test {
  protected:
    HeartbeatWatchTest() { look(); }

    Heartbeat& worker(unsigned index) { return page->workers[index]; }
    void work(Heartbeat& heartbeat, Phase phase, std::uint64_t work, std::int32_t thread) {
        heartbeat.thread = thread;
        heartbeat.begin(phase, work, now_ns);
        heartbeat.stop = false;
    }
    std::optional<Hung> look() { return watch.look(now_ns, *page); }
    // Goes on for so long, or until somebody is hung; `meanwhile` happens before every look.
    template <typename Action>
    std::optional<Hung> pass(std::uint64_t ns, Action meanwhile) {
        for (const std::uint64_t end_ns = now_ns + ns; now_ns < end_ns;) {
            now_ns += 50 * ms;
            meanwhile();
            if (auto hung = look())
                return hung;
        }
        return std::nullopt;
    }
    std::optional<Hung> pass(std::uint64_t ns) {
        return pass(ns, [] {});
    }
    // How long it took from now until somebody was hung; 0: never.
    std::uint64_t hung_after(std::uint64_t at_most_ns) {
        const std::uint64_t before_ns = now_ns;
        return pass(at_most_ns) ? now_ns - before_ns : 0;
    }

    std::optional<platform::ThreadTime> read_time(std::int32_t thread) const {
        if (thread == looping)
            return platform::ThreadTime{.cpu_ns = now_ns, .is_runnable = true};
        if (thread == starved || thread == blocked)
            return platform::ThreadTime{.cpu_ns = 7, .is_runnable = thread == starved};
        return std::nullopt;
    }

    std::unique_ptr<StatusPage> page = std::make_unique<StatusPage>();
    WatchLimits limits;
    std::uint64_t now_ns = 1'000 * second;
    bool is_stopped = false;  // the process
    HeartbeatWatch watch{limits, [this](std::int32_t thread) { return read_time(thread); },
                         [this] { return is_stopped; }};
};

TEST_F(HeartbeatWatchTest, a_beating_worker_is_fine_and_is_asked_nothing) {
    work(worker(3), Phase::playing, 12, looping);
    EXPECT_FALSE(pass(60 * second, [&] { worker(3).beat(); }));
    EXPECT_FALSE(worker(3).stop);
}

TEST_F(HeartbeatWatchTest, silence_while_waiting_is_fine) {
    EXPECT_FALSE(pass(60 * second));
    EXPECT_FALSE(worker(0).stop);
}

TEST_F(HeartbeatWatchTest, a_new_ticket_is_a_sign_of_life_even_without_a_beat) {
    work(worker(0), Phase::playing, 1, looping);
    EXPECT_FALSE(pass(60 * second, [&] { worker(0).work = worker(0).work + 1; }));
    EXPECT_FALSE(worker(0).stop);
}

TEST_F(HeartbeatWatchTest, asks_before_it_judges) {
    for (const Phase phase : {Phase::playing, Phase::measuring}) {
        work(worker(0), phase, 12, looping);
        EXPECT_FALSE(pass(limits.ask_after_ns));  // seen to begin 50 ms later
        EXPECT_FALSE(worker(0).stop);
        EXPECT_FALSE(pass(50 * ms));
        EXPECT_TRUE(worker(0).stop);
        work(worker(0), phase, 13, looping);  // it gave up
    }
}

TEST_F(HeartbeatWatchTest, asks_only_what_can_be_given_up) {
    work(worker(0), Phase::absorbing, 0, looping);
    work(page->session, Phase::finishing, 0, looping);
    EXPECT_TRUE(pass(2 * second));
    EXPECT_FALSE(worker(0).stop);
    EXPECT_FALSE(page->session.stop);
}

TEST_F(HeartbeatWatchTest, a_looping_worker_is_hung_after_850_ms_and_not_before) {
    pass(second);
    work(worker(5), Phase::playing, 77, looping);
    pass(50 * ms);  // seen to begin
    EXPECT_FALSE(pass(limits.hung_after_ns - 50 * ms));
    const auto hung = pass(50 * ms);
    ASSERT_TRUE(hung);
    EXPECT_EQ(hung->thread, Hung::Thread::worker);
    EXPECT_EQ(hung->worker, 5u);
    EXPECT_EQ(hung->phase, Phase::playing);
    EXPECT_EQ(hung->work, 77u);
    EXPECT_EQ(hung->silent_ns, limits.hung_after_ns);
    EXPECT_FALSE(hung->is_over_limit);
}

TEST_F(HeartbeatWatchTest, a_blocked_worker_is_asked_and_hung_after_5_seconds_and_not_before) {
    work(worker(0), Phase::playing, 77, blocked);
    pass(50 * ms);
    EXPECT_FALSE(pass(4 * second));
    EXPECT_FALSE(worker(0).stop);
    EXPECT_EQ(hung_after(60 * second), limits.blocked_after_ns - 4 * second);
    EXPECT_TRUE(worker(0).stop);
}

TEST_F(HeartbeatWatchTest, a_starved_worker_is_asked_nothing_for_a_minute) {
    work(worker(0), Phase::playing, 77, starved);
    pass(50 * ms);
    EXPECT_FALSE(pass(60 * second));
    EXPECT_FALSE(worker(0).stop);
    EXPECT_EQ(hung_after(300 * second), limits.starved_after_ns - 60 * second);
}

TEST_F(HeartbeatWatchTest, a_looping_worker_beside_busy_neighbours_is_found_by_what_it_used) {
    HeartbeatWatch slow(
        limits,
        [&](std::int32_t) {
            return platform::ThreadTime{.cpu_ns = now_ns / 20, .is_runnable = true};
        },
        never_stopped);
    work(worker(0), Phase::playing, 77, looping);
    (void)slow.look(now_ns, *page);
    const std::uint64_t start_ns = now_ns;
    while (!slow.look(now_ns, *page) && now_ns < start_ns + 60 * second)
        now_ns += 50 * ms;
    EXPECT_EQ((now_ns - start_ns) / (50 * ms), 20 * limits.hung_after_ns / 3 / (50 * ms) + 1);
}

TEST_F(HeartbeatWatchTest, a_worker_whose_processor_time_is_not_known_counts_as_running) {
    work(worker(0), Phase::playing, 77, 0);
    pass(50 * ms);
    EXPECT_EQ(hung_after(60 * second), limits.hung_after_ns);
}

TEST_F(HeartbeatWatchTest, a_worker_whose_processor_time_is_not_known_any_more_counts_as_running) {
    work(worker(0), Phase::playing, 77, starved);
    pass(50 * ms);
    worker(0).thread = 0;
    EXPECT_EQ(hung_after(60 * second), limits.hung_after_ns);
}

TEST_F(HeartbeatWatchTest, loading_and_saving_get_the_patience_a_disk_needs) {
    for (const Phase phase : {Phase::loading, Phase::saving}) {
        for (const std::int32_t thread : {looping, blocked, 0}) {
            work(page->scribe, phase, 5, thread);
            pass(50 * ms);
            EXPECT_EQ(hung_after(300 * second), limits.saving_after_ns);
        }
    }
}

TEST_F(HeartbeatWatchTest,
       a_process_that_is_stopped_does_not_wait_for_the_disk_nor_blames_a_ticket) {
    for (const Phase phase : {Phase::playing, Phase::loading, Phase::saving}) {
        work(worker(3), phase, 5, blocked);
        work(page->scribe, phase, 5, blocked);
        pass(50 * ms);
        is_stopped = true;
        const std::uint64_t before_ns = now_ns;
        const auto hung = pass(300 * second);
        ASSERT_TRUE(hung);
        EXPECT_TRUE(hung->is_stopped);
        EXPECT_EQ(now_ns - before_ns, limits.stopped_after_ns);
        is_stopped = false;
    }
}

// Found by a trainer that was stopped when the scribe had been given a save and not begun it.
TEST_F(HeartbeatWatchTest, a_process_may_be_stopped_when_nothing_is_expected_of_any_thread) {
    page->session.rest();
    EXPECT_FALSE(pass(300 * second));
    is_stopped = true;
    const auto hung = pass(limits.stopped_after_ns + second);
    ASSERT_TRUE(hung);
    EXPECT_TRUE(hung->is_stopped);
}

TEST_F(HeartbeatWatchTest, a_process_that_was_stopped_and_goes_on_is_left_alone) {
    page->session.rest();
    is_stopped = true;
    EXPECT_FALSE(pass(limits.stopped_after_ns - second));
    is_stopped = false;
    page->session.beat();
    EXPECT_FALSE(pass(300 * second));
}

TEST_F(HeartbeatWatchTest, tells_of_the_session_and_of_the_scribe) {
    work(page->session, Phase::finishing, 9, looping);
    const auto session = pass(2 * second);
    ASSERT_TRUE(session);
    EXPECT_EQ(session->thread, Hung::Thread::session);
    EXPECT_EQ(session->phase, Phase::finishing);
    page->session.rest();
    work(page->scribe, Phase::saving, 4096, looping);
    const auto scribe = pass(limits.saving_after_ns + second);
    ASSERT_TRUE(scribe);
    EXPECT_EQ(scribe->thread, Hung::Thread::scribe);
    EXPECT_EQ(scribe->work, 4096u);
}

TEST_F(HeartbeatWatchTest, a_ticket_over_its_limit_is_asked_for_though_it_beats) {
    const auto beat = [&] { worker(1).beat(); };
    work(worker(1), Phase::playing, 31, looping);
    EXPECT_FALSE(pass(limits.ticket_limit_ns, beat));
    EXPECT_FALSE(worker(1).stop);
    EXPECT_FALSE(pass(50 * ms, beat));
    EXPECT_TRUE(worker(1).stop);
}

TEST_F(HeartbeatWatchTest, a_ticket_over_its_limit_that_does_not_listen_is_judged_850_ms_later) {
    const auto beat = [&] { worker(1).beat(); };
    work(worker(1), Phase::playing, 31, looping);
    EXPECT_FALSE(pass(limits.ticket_limit_ns + limits.hung_after_ns, beat));
    const auto hung = pass(100 * ms, beat);
    ASSERT_TRUE(hung);
    EXPECT_TRUE(hung->is_over_limit);
    EXPECT_EQ(hung->worker, 1u);
    EXPECT_EQ(hung->work, 31u);
}

TEST_F(HeartbeatWatchTest, each_ticket_has_the_whole_limit) {
    for (std::uint64_t ticket = 0; ticket < 3; ++ticket) {
        work(worker(1), Phase::playing, ticket, looping);
        EXPECT_FALSE(pass(limits.ticket_limit_ns, [&] { worker(1).beat(); }));
        EXPECT_FALSE(worker(1).stop);
    }
}

TEST_F(HeartbeatWatchTest, without_a_limit_a_ticket_may_take_for_ever) {
    limits.ticket_limit_ns = 0;
    HeartbeatWatch unlimited(
        limits, [this](std::int32_t thread) { return read_time(thread); }, never_stopped);
    work(worker(1), Phase::playing, 31, looping);
    for (int looks = 0; looks < 100'000; ++looks) {
        now_ns += 100 * ms;
        worker(1).beat();
        ASSERT_FALSE(unlimited.look(now_ns, *page));
    }
    EXPECT_FALSE(worker(1).stop);
}

TEST_F(HeartbeatWatchTest, a_watch_that_was_held_up_begins_anew) {
    work(worker(0), Phase::playing, 77, looping);
    pass(400 * ms);
    now_ns += 3'600 * second;
    EXPECT_FALSE(look());
    EXPECT_FALSE(worker(0).stop);
    EXPECT_EQ(hung_after(60 * second), limits.hung_after_ns);
}

TEST_F(HeartbeatWatchTest, a_watch_that_was_held_up_holds_the_time_against_no_ticket) {
    const auto beat = [&] { worker(0).beat(); };
    work(worker(0), Phase::playing, 77, looping);
    pass(400 * ms, beat);
    now_ns += 3'600 * second;  // both were stopped: Ctrl-Z
    EXPECT_FALSE(look());
    EXPECT_FALSE(worker(0).stop);
    EXPECT_FALSE(pass(limits.ticket_limit_ns, beat));
    EXPECT_FALSE(worker(0).stop);
    EXPECT_FALSE(pass(50 * ms, beat));
    EXPECT_TRUE(worker(0).stop);
}

TEST_F(HeartbeatWatchTest, finds_the_one_worker_of_64_that_hangs) {
    for (unsigned index = 0; index < StatusPage::workers_max; ++index)
        work(worker(index), Phase::playing, index, looping);
    const auto hung = pass(10 * second, [&] {
        for (unsigned index = 0; index < StatusPage::workers_max - 1; ++index)
            worker(index).beat();
    });
    ASSERT_TRUE(hung);
    EXPECT_EQ(hung->worker, StatusPage::workers_max - 1);
    EXPECT_FALSE(worker(0).stop);
}

TEST_F(HeartbeatWatchTest, tells_since_when_a_worker_is_silent) {
    work(worker(0), Phase::playing, 1, looping);
    EXPECT_FALSE(pass(100 * ms, [&] { worker(0).beat(); }));
    EXPECT_EQ(watch.silent_ns(0, now_ns), 0u);
    EXPECT_FALSE(pass(300 * ms));
    EXPECT_EQ(watch.silent_ns(0, now_ns), 300 * ms);
    EXPECT_EQ(watch.silent_ns(0, now_ns - second), 0u) << "a clock read earlier";
    HeartbeatWatch unused(limits, {}, {});
    EXPECT_FALSE(unused.silent_ns(0, now_ns));
}

}  // namespace
}  // namespace kiln::app

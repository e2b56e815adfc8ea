#include "core/train/heartbeat.hpp"

#include <memory>

#include <gtest/gtest.h>

#include "core/train/status_page.hpp"

namespace kiln {
namespace {

TEST(Heartbeat, nothing_is_expected_of_a_thread_that_has_not_begun) {
    const Heartbeat heartbeat;
    EXPECT_EQ(heartbeat.phase.load(), Phase::waiting);
    EXPECT_EQ(heartbeat.beats.load(), 0u);
    EXPECT_FALSE(heartbeat.stop.load());
}

TEST(Heartbeat, beginning_tells_of_what_and_when_and_is_a_beat) {
    Heartbeat heartbeat;
    heartbeat.begin(Phase::playing, 77, 5'000);
    EXPECT_EQ(heartbeat.phase.load(), Phase::playing);
    EXPECT_EQ(heartbeat.work.load(), 77u);
    EXPECT_EQ(heartbeat.started_ns.load(), 5'000u);
    EXPECT_EQ(heartbeat.beats.load(), 1u);
    heartbeat.beat();
    EXPECT_EQ(heartbeat.beats.load(), 2u);
    heartbeat.rest();
    EXPECT_EQ(heartbeat.phase.load(), Phase::waiting);
}

TEST(Heartbeat, beginning_does_not_take_a_request_to_stop_back) {
    Heartbeat heartbeat;
    heartbeat.stop = true;
    heartbeat.begin(Phase::playing, 77, 5'000);
    EXPECT_TRUE(heartbeat.stop.load());
}

TEST(StatusPage, a_request_to_stop_reaches_every_worker) {
    const auto page = std::make_unique<StatusPage>();
    page->request_stop();
    EXPECT_TRUE(page->stop.load());
    for (const Heartbeat& worker : page->workers)
        EXPECT_TRUE(worker.stop.load());
    EXPECT_FALSE(page->session.stop.load());
}

}  // namespace
}  // namespace kiln

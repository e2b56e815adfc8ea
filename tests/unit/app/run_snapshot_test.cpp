#include "app/run_snapshot.hpp"

#include <gtest/gtest.h>

namespace kiln::app {
namespace {

TEST(RunSnapshot, an_answer_is_read) {
    const RunSnapshot run = read_run_snapshot(Json::parse(R"({
        "state":"training","reason":"","games":20000,"target_games":60000,
        "games_per_second":412.5,"seconds_left":97,"restarts":{"total":2,"last":{"why":"w"}},
        "errors":{"last_10000_games":3,"limit":100,"skipped_tickets":[4,5]},
        "workers":[{"worker":0,"phase":"playing","ticket":7,"seconds":0.5,"beat_seconds":0.01},
                   {"worker":1,"phase":"idle"}],
        "warnings":["a","b"],"memory":{"budget_bytes":600,"resident_bytes":300}})"));
    EXPECT_EQ(run.state, "training");
    EXPECT_EQ(run.games, 20'000u);
    EXPECT_DOUBLE_EQ(*run.games_per_second, 412.5);
    EXPECT_EQ(run.restarts, 2u);
    EXPECT_EQ(run.last_restart, "w");
    EXPECT_EQ(run.skipped_tickets, 2u);
    ASSERT_EQ(run.workers.size(), 2u);
    EXPECT_DOUBLE_EQ(*run.workers[0].beat_seconds, 0.01);
    EXPECT_FALSE(run.workers[1].ticket);
    EXPECT_EQ(run.warnings, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(run.resident_bytes, 300u);
}

TEST(RunSnapshot, what_is_missing_or_of_another_type_stays_at_its_default) {
    for (const char* text :
         {"{}", "[]", "7", R"({"state":7,"games":"many","target_games":-1,"games_per_second":"x",
          "restarts":[],"errors":{"skipped_tickets":5},"workers":{"a":1},"warnings":"w",
          "memory":[1]})"}) {
        const RunSnapshot run = read_run_snapshot(Json::parse(text));
        EXPECT_EQ(run.state, "");
        EXPECT_EQ(run.games, 0u);
        EXPECT_EQ(run.target_games, 0u);
        EXPECT_FALSE(run.games_per_second);
        EXPECT_TRUE(run.workers.empty());
        EXPECT_TRUE(run.warnings.empty());
    }
}

TEST(RunSnapshot, lists_are_bounded_and_figures_can_be_shown) {
    Json answer = {{"games", 1e300}, {"games_per_second", 1e300}, {"seconds_left", -5}};
    for (int i = 0; i < 1'000; ++i) {
        answer["workers"].push_back({{"worker", i}});
        answer["warnings"].push_back("w");
    }
    const RunSnapshot run = read_run_snapshot(answer);
    EXPECT_EQ(run.workers.size(), RunSnapshot::workers_max);
    EXPECT_EQ(run.warnings.size(), RunSnapshot::warnings_max);
    EXPECT_EQ(run.games, 0u);
    EXPECT_LE(*run.games_per_second, 1e9);
    EXPECT_EQ(*run.seconds_left, 0);
}

TEST(MemorySnapshot, an_answer_is_read) {
    const MemorySnapshot memory = read_memory_snapshot(Json::parse(R"({
        "budget_bytes":600,"planned_bytes":400,"accounted_bytes":300,"difference_percent":-0.5,
        "regions":[{"name":"r","owner":"o","planned_bytes":4,"used_bytes":2,"peak_bytes":3,
                    "outside":true},{"name":"plan only","planned_bytes":1},7],
        "kernel":{"resident_bytes":301,"faults_since_seal":0,
                  "control_group":{"current_bytes":5,"limit_bytes":9}}})"));
    ASSERT_EQ(memory.regions.size(), 3u);
    EXPECT_EQ(*memory.regions[0].used_bytes, 2u);
    EXPECT_TRUE(memory.regions[0].is_outside);
    EXPECT_FALSE(memory.regions[1].used_bytes);
    EXPECT_EQ(*memory.resident_bytes, 301u);
    EXPECT_EQ(*memory.faults_since_seal, 0u);
    EXPECT_EQ(*memory.group_limit_bytes, 9u);
    EXPECT_FALSE(memory.huge_page_bytes);
    EXPECT_DOUBLE_EQ(*memory.difference_percent, -0.5);
}

}  // namespace
}  // namespace kiln::app

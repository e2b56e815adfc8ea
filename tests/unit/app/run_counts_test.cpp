#include "app/run_counts.hpp"

#include <gtest/gtest.h>

namespace kiln::app {
namespace {

TEST(RunCounts, games_that_are_played_again_after_a_crash_count_again) {
    RunCounts counts;
    counts.begin(1000);
    counts.advance(1040, 1032);
    counts.advance(1100, 1096);
    counts.begin(1000);  // killed before it saved
    counts.advance(1050, 1040);
    EXPECT_EQ(counts.json()["games_played"], 150);
    EXPECT_EQ(counts.json()["games_absorbed"], 136);
}

TEST(RunCounts, games_of_a_trainers_end_that_nobody_saw_count_when_it_begins_again) {
    RunCounts counts;
    counts.begin(0);
    counts.advance(64, 32);
    counts.begin(96);  // paused, and on from there
    EXPECT_EQ(counts.json()["games_played"], 96);
    EXPECT_EQ(counts.json()["games_absorbed"], 96);
}

TEST(RunCounts, what_was_told_counts_by_kind_and_every_kind_is_there_from_the_beginning) {
    RunCounts counts;
    EXPECT_EQ(counts.json()["incidents"].dump(),
              R"({"abandoned":0,"crashed":0,"hung":0,"killed":0})");
    EXPECT_EQ(counts.json()["log_entries"].dump(), R"({"error":0,"warning":0})");
    counts.add({Severity::info, "checkpoint_saved", ""});
    counts.add({Severity::warning, "checkpoint_failed", ""});
    counts.add({Severity::warning, "values_healed", "", {{"values", 3}}});
    counts.add({Severity::warning, "trainer_restarted", "", {{"kind", "hung"}}});
    counts.add({Severity::error, "paused", "", {{"kind", "crashed"}}});
    counts.add({Severity::info, "paused", ""});
    counts.add({Severity::warning, "ticket_abandoned", "", {{"ticket", 7}}});
    counts.add({Severity::warning, "convergence_warning", "", {{"kind", "stagnation"}}});
    counts.add({Severity::warning, "unknown", "", {{"kind", 77}}});
    const Json json = counts.json();
    EXPECT_EQ(json["checkpoints_saved"], 1);
    EXPECT_EQ(json["checkpoints_failed"], 1);
    EXPECT_EQ(json["values_healed"], 3);
    EXPECT_EQ(json["incidents"].dump(), R"({"abandoned":1,"crashed":1,"hung":1,"killed":0})");
    EXPECT_EQ(json["convergence_warnings"]["stagnation"], 1);
    EXPECT_EQ(json["log_entries"].dump(), R"({"error":1,"warning":6})");
}

}  // namespace
}  // namespace kiln::app

#include "app/settings_reload.hpp"

#include <gtest/gtest.h>

#include "app/failure.hpp"
#include "app/settings_file.hpp"

namespace kiln::app {
namespace {

using Lines = std::vector<std::string>;

class SettingsReloadTest : public testing::Test {
  protected:
    SettingsReloadTest() {
        // As Trainer decides them.
        running.workers = 2;
        running.session.checkpoint_every_games = 4000;
        running.session.trials_every_games = 1000;
        running.othello.table_bytes = 12'345'600;  // what the budget had room for
    }
    SettingsReload reload(const std::string& file) const {
        return reload_settings(running, asked, parse_settings_file(file, "kiln.toml"), flags);
    }
    static Assignment flag(const char* name, const char* value) {
        return {find_setting(name), value, std::string("--") + name, ExitCode::usage};
    }

    RunSettings asked;
    RunSettings running = asked;
    std::vector<Assignment> flags;
};

TEST_F(SettingsReloadTest, a_file_that_says_what_is_the_case_changes_nothing) {
    for (const char* file : {"", "games = 20000", "table-mib = 32", "memory = '600MB'"}) {
        const SettingsReload same = reload(file);
        EXPECT_EQ(same.changed, Lines{}) << file;
        EXPECT_EQ(same.postponed, Lines{}) << file;
        EXPECT_EQ(launch_text(same.settings), launch_text(running)) << file;
    }
}

TEST_F(SettingsReloadTest, what_may_change_follows_the_file) {
    const SettingsReload after =
        reload("learning-rate = 0.1\nkeep = 7\nlog-level = 'debug'\nepsilon = [0.2, 0.1]");
    EXPECT_EQ(after.settings.othello.learning_rate, 0.1);
    EXPECT_EQ(after.settings.session.keep_checkpoints, 7u);
    EXPECT_EQ(after.settings.othello.epsilon_late, 0.1);
    EXPECT_EQ(after.changed, (Lines{"epsilon-early 0.15 -> 0.2", "epsilon-middle 0.05 -> 0.1",
                                    "epsilon-late 0 -> 0.1", "learning-rate 0.2 -> 0.1",
                                    "keep 5 -> 7", "log-level info -> debug"}));
    EXPECT_EQ(after.postponed, Lines{});
}

TEST_F(SettingsReloadTest, another_search_limit_takes_the_place_of_the_one_before) {
    const SettingsReload after = reload("nodes = 2000");
    EXPECT_EQ(after.settings.othello.nodes, 2000u);
    EXPECT_EQ(after.changed, Lines{"depth 1 -> nodes 2000"});
}

TEST_F(SettingsReloadTest, what_must_wait_is_left_alone_and_told_with_the_reason) {
    const SettingsReload after = reload(
        "memory = '2GB'\ntable-mib = 64\nseed = 2\nworkload = 'null'\nlambda = 0.5\nquiet = true");
    EXPECT_EQ(after.settings.memory_bytes, running.memory_bytes);
    EXPECT_EQ(after.settings.othello.table_bytes, running.othello.table_bytes);
    EXPECT_EQ(after.settings.othello.seed, running.othello.seed);
    EXPECT_EQ(after.settings.workload, "othello");
    EXPECT_EQ(after.settings.othello.lambda, 0.5);
    EXPECT_EQ(after.changed, Lines{"lambda 0.3 -> 0.5"});
    EXPECT_EQ(after.postponed,
              (Lines{"workload othello -> null: a run keeps its workload; choose another --state "
                     "for another one",
                     "seed 1 -> 2: only a start reads it",
                     "table-mib 32 -> 64: memory is planned at the start",
                     "memory 600000000 -> 2000000000: memory is planned at the start",
                     "quiet false -> true: only a start reads it"}));
}

TEST_F(SettingsReloadTest, flags_win_over_the_file) {
    flags = {flag("lambda", "0.7"), flag("resume", "true")};
    asked.resume = running.resume = true;
    asked.othello.lambda = running.othello.lambda = 0.7;
    const SettingsReload after = reload("lambda = 0.1\nresume = false");
    EXPECT_EQ(after.changed, Lines{});
    EXPECT_EQ(after.postponed, Lines{});
}

TEST_F(SettingsReloadTest, what_was_changed_meanwhile_goes_back_to_what_the_file_says) {
    running.othello.learning_rate = 0.05;  // kiln set
    running.othello.lambda = 0.9;
    EXPECT_EQ(reload("learning-rate = 0.2").changed, Lines{"learning-rate 0.05 -> 0.2"});
}

TEST_F(SettingsReloadTest, values_that_do_not_go_together_are_refused_with_their_line) {
    try {
        (void)reload("lambda = 0.5\nlate-from = 0.2");
        FAIL();
    } catch (const Failure& failure) {
        EXPECT_NE(std::string(failure.what()).find("kiln.toml:2: late-from"), std::string::npos)
            << failure.what();
    }
}

}  // namespace
}  // namespace kiln::app

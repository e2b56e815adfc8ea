// What a session owes its user when calls of the disk fail: said one by one, where
// power_cut_test.cpp goes through all of them.
#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/null/null_workload.hpp"

#include "tests/sim/sim_disk.hpp"
#include "tests/support/recovery.hpp"
#include "tests/support/trainer.hpp"

namespace kiln::test {
namespace {

using Names = std::vector<std::string>;

std::string file_of(std::uint64_t games) {
    return checkpoint_file_name(games).text;
}

// Saves at 32, 64, 96 games and keeps one; epochs of 16 games take ten seconds, so that what failed
// is tried again after the next.
class TrainingRun {
  public:
    TrainingRun() : null_(151), hooked_(null_), run_(hooked_, settings(), 1) {
        hooked_.after_epoch = [this](std::uint64_t) { run_.clock.advance_ns(10'000'000'000); };
        run_.start_fresh();
    }
    Result<SessionEnd> train(SimDisk& disk) { return run_.train_alone(disk); }
    std::vector<std::pair<std::uint64_t, bool>> saves() {
        std::vector<std::pair<std::uint64_t, bool>> saves;
        for (const Event& event : run_.events())
            if (event.kind == EventKind::checkpoint_saved ||
                event.kind == EventKind::checkpoint_failed)
                saves.emplace_back(event.games, event.kind == EventKind::checkpoint_saved);
        return saves;
    }

  private:
    static SessionSettings settings() {
        SessionSettings settings;
        settings.target_games = 96;
        settings.epoch_games = 16;
        settings.checkpoint_every_games = 32;
        settings.keep_checkpoints = 1;
        return settings;
    }

    NullWorkload null_;
    HookedWorkload hooked_;
    TestRun run_;
};

// The number of the first call of an undisturbed run after which the directory looks so.
std::uint64_t call_after_which(const Names& names) {
    SimDisk disk;
    std::uint64_t call = 0;
    disk.after_change = [&] {
        if (call == 0 && disk.names() == names)
            call = disk.calls();
    };
    EXPECT_TRUE(TrainingRun().train(disk));
    EXPECT_NE(call, 0u);
    return call;
}

// Fails one call of a run and returns what the directory held after each call.
std::vector<Names> train_failing(std::uint64_t call, SimDisk& disk, TrainingRun& run) {
    std::vector<Names> seen;
    disk.fail_calls(call, call, ErrorCode::io_failed, false);
    disk.after_change = [&] { seen.push_back(disk.names()); };
    EXPECT_TRUE(run.train(disk));
    return seen;
}

const Names both = {file_of(32), file_of(64)};

TEST(FailingDisk,
     a_directory_that_cannot_be_synced_keeps_old_and_new_until_a_later_save_is_durable) {
    const std::uint64_t renamed = call_after_which(both);
    SimDisk disk;
    TrainingRun run;
    const std::vector<Names> seen = train_failing(renamed + 1, disk, run);  // the sync
    EXPECT_EQ(run.saves(), (std::vector<std::pair<std::uint64_t, bool>>{
                               {32, true}, {64, false}, {80, true}, {96, true}}));
    // Nothing goes before the next one is there.
    const auto gone = std::find_if(
        seen.begin() + static_cast<std::ptrdiff_t>(renamed), seen.end(), [](const Names& names) {
            return std::find(names.begin(), names.end(), file_of(32)) == names.end();
        });
    ASSERT_NE(gone, seen.end());
    EXPECT_EQ(*gone, (Names{file_of(64), file_of(80)}));
    EXPECT_EQ(disk.names(), Names{file_of(96)});
}

TEST(FailingDisk, what_cannot_be_removed_stays_and_goes_after_the_next_save) {
    const std::uint64_t renamed = call_after_which(both);
    SimDisk disk;
    TrainingRun run;
    // The sync of the directory, the listing, the removal.
    const std::vector<Names> seen = train_failing(renamed + 3, disk, run);
    EXPECT_EQ(run.saves(),
              (std::vector<std::pair<std::uint64_t, bool>>{{32, true}, {64, true}, {96, true}}));
    EXPECT_NE(std::find(seen.begin(), seen.end(), Names{file_of(32), file_of(64), file_of(96)}),
              seen.end());
    EXPECT_EQ(disk.names(), Names{file_of(96)});
}

TEST(FailingDisk, a_file_that_cannot_be_synced_is_given_up_and_written_anew) {
    SimDisk whole;
    std::uint64_t synced = 0;
    whole.after_change = [&] {
        // Only the name is left to be made certain.
        if (synced == 0 && whole.names() == Names{file_of(32) + ".tmp"} && whole.calls() > 3 &&
            whole.uncertain_operations() == 1)
            synced = whole.calls();
    };
    ASSERT_TRUE(TrainingRun().train(whole));
    SimDisk disk;
    TrainingRun run;
    const std::vector<Names> seen = train_failing(synced, disk, run);
    EXPECT_EQ(run.saves(), (std::vector<std::pair<std::uint64_t, bool>>{
                               {32, false}, {48, true}, {64, true}, {96, true}}));
    EXPECT_FALSE(disk.has_repeated_sync());
    EXPECT_EQ(seen[synced], Names{file_of(32) + ".tmp"});  // closed
    EXPECT_EQ(seen[synced + 1], Names{});                  // and removed
}

}  // namespace
}  // namespace kiln::test

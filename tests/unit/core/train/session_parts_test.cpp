// A run in parts: some games now, a save when it pleases, other settings in between.
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/null/null_workload.hpp"
#include "core/train/session.hpp"

#include "tests/support/block_store.hpp"
#include "tests/support/check_death.hpp"
#include "tests/support/trainer.hpp"

namespace kiln {
namespace {

using test::BlockStore;
using test::HookedWorkload;
using test::TestRun;

constexpr std::uint64_t seed = 157;

SessionSettings settings_to(std::uint64_t target) {
    SessionSettings settings;
    settings.target_games = target;
    settings.epoch_games = 16;
    return settings;
}

std::string file_of(std::uint64_t games) {
    return checkpoint_file_name(games).text;
}

// Parts of a run, all on one thread.
class Parts {
  public:
    Parts(Workload& workload, const SessionSettings& settings) : run_(workload, settings, 1) {
        run_.start_fresh();
    }

    Result<SessionEnd> until(std::uint64_t games) {
        return run_.session().run_until(ports(), games);
    }
    Status save() { return run_.session().save(ports()); }
    Session& session() { return run_.session(); }
    StatusPage& page() { return run_.page; }
    TestRun& run() { return run_; }

    BlockStore store;

  private:
    Session::Ports ports() { return {&team_, &writing_, &store, &run_.clock, &run_.page}; }

    TestRun run_;
    SerialTeam team_;
    SerialTeam writing_;
};

BlockStore::Contents straight_run(std::uint64_t target, const char* settings_text = "test") {
    BlockStore store;
    NullWorkload workload(seed);
    TestRun run(workload, settings_to(target), 1);
    run.start_fresh(settings_text);
    EXPECT_TRUE(run.train_alone(store));
    return store.contents(file_of(target));
}

TEST(SessionParts, of_whole_epochs_end_with_the_bytes_of_one_run) {
    NullWorkload workload(seed);
    Parts parts(workload, settings_to(160));
    for (const std::uint64_t games : {std::uint64_t{16}, std::uint64_t{96}, std::uint64_t{160}}) {
        const Result<SessionEnd> end = parts.until(games);
        ASSERT_TRUE(end);
        EXPECT_EQ(end.value(), SessionEnd::target_reached);
        EXPECT_EQ(parts.session().games(), games);
        EXPECT_EQ(parts.page().games_absorbed.load(), games);
    }
    EXPECT_TRUE(parts.store.names().empty());  // nothing is saved unless it is asked for
    ASSERT_TRUE(parts.save());
    EXPECT_TRUE(parts.store.contents(file_of(160)) == straight_run(160));
}

TEST(SessionParts, end_at_the_very_game_and_epochs_go_on_from_their_usual_places) {
    NullWorkload null(seed);
    HookedWorkload workload(null);
    std::vector<std::uint64_t> ends;
    workload.after_epoch = [&](std::uint64_t games) { ends.push_back(games); };
    Parts parts(workload, settings_to(64));
    ASSERT_TRUE(parts.until(20));
    ASSERT_TRUE(parts.until(50));
    EXPECT_EQ(ends, (std::vector<std::uint64_t>{16, 20, 32, 48, 50}));
}

TEST(SessionParts, do_not_ask_for_the_target) {
    NullWorkload workload(seed);
    SessionSettings settings = settings_to(32);
    settings.stop_after_games = 16;
    Parts parts(workload, settings);
    ASSERT_TRUE(parts.until(80));
    EXPECT_EQ(parts.session().games(), 80u);
    const Result<SessionEnd> again = parts.until(80);  // nothing to do
    ASSERT_TRUE(again);
    EXPECT_EQ(again.value(), SessionEnd::target_reached);
    EXPECT_EQ(parts.session().games(), 80u);
}

TEST(SessionParts, that_are_stopped_keep_whole_epochs_save_nothing_and_go_on) {
    NullWorkload null(seed);
    HookedWorkload workload(null);
    Parts parts(workload, settings_to(160));
    workload.before_play = [&](std::uint64_t ticket) {
        if (ticket == 70)
            parts.page().request_stop();
    };
    const Result<SessionEnd> end = parts.until(160);
    ASSERT_TRUE(end);
    EXPECT_EQ(end.value(), SessionEnd::stopped);
    EXPECT_EQ(parts.session().games(), 64u);
    EXPECT_TRUE(parts.store.names().empty());
    workload.before_play = nullptr;
    parts.page().stop.store(false);
    ASSERT_TRUE(parts.until(160));
    ASSERT_TRUE(parts.save());
    EXPECT_TRUE(parts.store.contents(file_of(160)) == straight_run(160));
}

TEST(SessionParts, save_on_the_way_when_a_checkpoint_falls_due) {
    NullWorkload workload(seed);
    SessionSettings settings = settings_to(160);
    settings.checkpoint_every_games = 64;
    Parts parts(workload, settings);
    ASSERT_TRUE(parts.until(96));
    EXPECT_EQ(parts.store.names(), std::vector<std::string>{file_of(64)});
    EXPECT_EQ(parts.page().games_saved.load(), 64u);
    EXPECT_TRUE(parts.store.contents(file_of(64)) == straight_run(64));
}

TEST(SessionParts, what_is_saved_already_is_not_saved_again) {
    NullWorkload workload(seed);
    Parts parts(workload, settings_to(160));
    ASSERT_TRUE(parts.until(32));
    ASSERT_TRUE(parts.save());
    (void)parts.run().events();
    ASSERT_TRUE(parts.save());
    EXPECT_TRUE(parts.run().events().empty());
    EXPECT_EQ(parts.store.names(), std::vector<std::string>{file_of(32)});
}

TEST(SessionParts, a_save_that_fails_says_so_and_the_next_one_is_whole) {
    NullWorkload workload(seed);
    Parts parts(workload, settings_to(160));
    ASSERT_TRUE(parts.until(32));
    parts.store.set_failing(true);
    EXPECT_FALSE(parts.save());
    parts.store.set_failing(false);
    ASSERT_TRUE(parts.until(64));
    ASSERT_TRUE(parts.save());
    EXPECT_TRUE(parts.store.contents(file_of(64)) == straight_run(64));
}

TEST(SessionParts, other_settings_are_in_the_next_checkpoint_of_the_same_games) {
    NullWorkload workload(seed);
    Parts parts(workload, settings_to(160));
    ASSERT_TRUE(parts.until(32));
    ASSERT_TRUE(parts.save());
    EXPECT_TRUE(parts.store.contents(file_of(32)) == straight_run(32));
    parts.session().change(settings_to(160), "changed");
    ASSERT_TRUE(parts.save());
    EXPECT_TRUE(parts.store.contents(file_of(32)) == straight_run(32, "changed"));
}

TEST(SessionParts, equal_settings_are_no_reason_to_save_again) {
    NullWorkload workload(seed);
    Parts parts(workload, settings_to(160));
    ASSERT_TRUE(parts.until(32));
    ASSERT_TRUE(parts.save());
    (void)parts.run().events();
    parts.session().change(settings_to(320), "test");
    ASSERT_TRUE(parts.save());
    EXPECT_TRUE(parts.run().events().empty());
}

TEST(SessionParts, a_changed_interval_counts_from_the_next_epoch_on) {
    NullWorkload workload(seed);
    Parts parts(workload, settings_to(160));
    ASSERT_TRUE(parts.until(32));
    SessionSettings settings = settings_to(160);
    settings.checkpoint_every_games = 48;
    settings.keep_checkpoints = 1;
    parts.session().change(settings, "test");
    ASSERT_TRUE(parts.until(112));
    EXPECT_EQ(parts.store.names(), std::vector<std::string>{file_of(96)});
}

TEST(SessionParts, what_needs_other_memory_cannot_be_changed) {
    NullWorkload workload(seed);
    Parts parts(workload, settings_to(160));
    SessionSettings settings = settings_to(160);
    settings.epoch_games = 32;
    EXPECT_CHECK_FAILS(parts.session().change(settings, "test"), ".*epoch_games.*");
    settings = settings_to(160);
    settings.compress = true;
    EXPECT_CHECK_FAILS(parts.session().change(settings, "test"), ".*compress.*");
    settings = settings_to(160);
    settings.saves_from_copy = true;
    EXPECT_CHECK_FAILS(parts.session().change(settings, "test"), ".*saves_from_copy.*");
}

TEST(SessionParts, may_follow_a_run_and_a_run_may_follow_them) {
    BlockStore store;
    NullWorkload workload(seed);
    TestRun run(workload, settings_to(96), 1);
    run.start_fresh();
    SerialTeam team;
    SerialTeam writing;
    const Session::Ports ports = {&team, &writing, &store, &run.clock, &run.page};
    ASSERT_TRUE(run.session().run_until(ports, 48));
    ASSERT_TRUE(run.session().run(ports));
    EXPECT_TRUE(store.contents(file_of(96)) == straight_run(96));
    ASSERT_TRUE(run.session().run_until(ports, 160));
    run.session().change(settings_to(160), "test");
    ASSERT_TRUE(run.session().save(ports));
    EXPECT_TRUE(store.contents(file_of(160)) == straight_run(160));
}

}  // namespace
}  // namespace kiln

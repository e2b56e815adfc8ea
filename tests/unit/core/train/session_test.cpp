#include "core/train/session.hpp"

#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/null/null_workload.hpp"
#include "core/othello/othello_workload.hpp"

#include "tests/support/block_store.hpp"
#include "tests/support/trainer.hpp"

namespace kiln {
namespace {

using test::BlockStore;
using test::HookedWorkload;
using test::LaunchedTeam;
using test::TestRun;

constexpr std::uint64_t seed = 151;
constexpr std::uint64_t second_ns = 1'000'000'000;

SessionSettings settings_to(std::uint64_t target) {
    SessionSettings settings;
    settings.target_games = target;
    settings.epoch_games = 16;
    return settings;
}

std::string file_of(std::uint64_t games) {
    return checkpoint_file_name(games).text;
}

BlockStore::Contents straight_run(std::uint64_t target) {
    BlockStore store;
    NullWorkload workload(seed);
    TestRun run(workload, settings_to(target), 1);
    run.start_fresh();
    EXPECT_TRUE(run.train_alone(store));
    return store.contents(file_of(target));
}

// A workload whose state depends on every ticket once, in the order of absorption.
class OrderedWorkload final : public test::WorkloadWrapper {
  public:
    using WorkloadWrapper::WorkloadWrapper;
    std::vector<std::uint64_t> epochs;

    void finish_epoch(const Epoch& epoch, EventSink& sink) override {
        WorkloadWrapper::finish_epoch(epoch, sink);
        for (std::uint32_t i = 0; i < epoch.count; ++i)
            epochs.push_back(epoch.first_ticket + i);
    }
};

TEST(Session, absorbs_every_ticket_once_and_in_order) {
    BlockStore store;
    NullWorkload null(seed);
    OrderedWorkload workload(null);
    TestRun run(workload, settings_to(100), 4);  // not a multiple of the epoch
    LaunchedTeam team(4);
    run.start_fresh();
    const Result<SessionEnd> end = run.train(*team, store);
    ASSERT_TRUE(end);
    EXPECT_EQ(end.value(), SessionEnd::target_reached);
    ASSERT_EQ(workload.epochs.size(), 100u);
    for (std::uint64_t ticket = 0; ticket < 100; ++ticket)
        EXPECT_EQ(workload.epochs[ticket], ticket);
    EXPECT_EQ(run.games(), 100u);
    EXPECT_EQ(run.page.games_absorbed.load(), 100u);
    EXPECT_EQ(run.page.games_played.load(), 100u);
}

TEST(Session, one_two_and_four_workers_leave_the_same_checkpoint) {
    const BlockStore::Contents expected = straight_run(1'000);
    for (const unsigned workers : {1u, 2u, 4u}) {
        for (const bool threads : {false, true}) {
            BlockStore store;
            NullWorkload workload(seed);
            TestRun run(workload, settings_to(1'000), workers);
            run.start_fresh();
            LaunchedTeam launched(workers);
            SerialTeam serial(workers);
            ASSERT_TRUE(run.train(threads ? *launched : serial, store));
            EXPECT_TRUE(store.contents(file_of(1'000)) == expected)
                << workers << (threads ? " threads" : " in turn");
        }
    }
}

TEST(Session, another_seed_leaves_another_checkpoint) {
    BlockStore store;
    NullWorkload workload(seed + 1);
    TestRun run(workload, settings_to(200), 1);
    run.start_fresh();
    ASSERT_TRUE(run.train_alone(store));
    EXPECT_FALSE(store.contents(file_of(200)) == straight_run(200));
}

TEST(Session, stopped_in_the_middle_of_any_epoch_and_resumed_it_ends_as_if_never_stopped) {
    const BlockStore::Contents expected = straight_run(160);
    for (std::uint64_t stop_at = 0; stop_at < 160; stop_at += 7) {
        SCOPED_TRACE(testing::Message() << "stopped before ticket " << stop_at);
        BlockStore store;
        {
            NullWorkload null(seed);
            HookedWorkload workload(null);
            TestRun run(workload, settings_to(160), 1);
            workload.before_play = [&](std::uint64_t ticket) {
                if (ticket == stop_at)
                    run.page.request_stop();
            };
            run.start_fresh();
            const Result<SessionEnd> end = run.train_alone(store);
            ASSERT_TRUE(end);
            EXPECT_EQ(end.value(), SessionEnd::stopped);
            EXPECT_EQ(run.games(), stop_at / 16 * 16);  // the unfinished epoch is dropped
            EXPECT_TRUE(store.exists(file_of(run.games())));
            EXPECT_EQ(run.page.games_played.load(), run.games());
        }
        NullWorkload workload(seed);
        TestRun run(workload, settings_to(160), 2);
        ASSERT_TRUE(run.resume(store));
        LaunchedTeam team(2);
        ASSERT_TRUE(run.train(*team, store));
        EXPECT_TRUE(store.contents(file_of(160)) == expected);
    }
}

TEST(Session, ends_early_at_a_given_number_of_games_and_goes_on_later) {
    BlockStore store;
    SessionSettings settings = settings_to(160);
    settings.stop_after_games = 50;
    NullWorkload first(seed);
    TestRun run(first, settings, 1);
    run.start_fresh();
    const Result<SessionEnd> end = run.train_alone(store);
    ASSERT_TRUE(end);
    EXPECT_EQ(end.value(), SessionEnd::stopped);
    EXPECT_EQ(run.games(), 64u);  // the epoch that reached it

    NullWorkload second(seed);
    TestRun later(second, settings_to(160), 1);
    ASSERT_TRUE(later.resume(store));
    ASSERT_TRUE(later.train_alone(store));
    EXPECT_TRUE(store.contents(file_of(160)) == straight_run(160));
}

TEST(Session, the_checkpoint_interval_does_not_change_the_state) {
    const BlockStore::Contents expected = straight_run(160);
    for (const std::uint64_t every : {1u, 16u, 33u, 80u, 160u, 1000u}) {
        SCOPED_TRACE(testing::Message() << "every " << every);
        BlockStore store;
        SessionSettings settings = settings_to(160);
        settings.checkpoint_every_games = every;
        settings.keep_checkpoints = 100;
        NullWorkload workload(seed);
        TestRun run(workload, settings, 1);
        run.start_fresh();
        const Result<SessionEnd> end = run.train_alone(store);
        ASSERT_TRUE(end);
        EXPECT_EQ(end.value(), SessionEnd::target_reached);
        EXPECT_TRUE(store.contents(file_of(160)) == expected);
        std::vector<std::string> names;
        for (std::uint64_t games = 16; games <= 160; games += 16)
            if ((games - 16) / every != games / every || games == 160)
                names.push_back(file_of(games));
        EXPECT_EQ(store.names(), names);
    }
}

TEST(Session, saves_in_the_middle_are_what_a_run_to_there_would_have_saved) {
    BlockStore store;
    SessionSettings settings = settings_to(160);
    settings.checkpoint_every_games = 48;
    settings.keep_checkpoints = 100;
    NullWorkload workload(seed);
    TestRun run(workload, settings, 4);
    LaunchedTeam team(4);
    run.start_fresh();
    ASSERT_TRUE(run.train(*team, store));
    for (const std::uint64_t games : {48u, 96u, 144u}) {
        BlockStore alone;
        SessionSettings short_settings = settings_to(160);
        short_settings.stop_after_games = games;
        NullWorkload other(seed);
        TestRun short_run(other, short_settings, 1);
        short_run.start_fresh();
        ASSERT_TRUE(short_run.train_alone(alone));
        EXPECT_TRUE(store.contents(file_of(games)) == alone.contents(file_of(games))) << games;
    }
}

TEST(Session, keeps_the_newest_checkpoints_only) {
    BlockStore store;
    SessionSettings settings = settings_to(160);
    settings.checkpoint_every_games = 16;
    settings.keep_checkpoints = 3;
    NullWorkload workload(seed);
    TestRun run(workload, settings, 1);
    run.start_fresh();
    ASSERT_TRUE(run.train_alone(store));
    EXPECT_EQ(store.names(), (std::vector<std::string>{file_of(128), file_of(144), file_of(160)}));
}

// What happened to checkpoints, in order: games, and whether it was saved.
std::vector<std::pair<std::uint64_t, bool>> saves_of(TestRun& run) {
    std::vector<std::pair<std::uint64_t, bool>> saves;
    for (const Event& event : run.events()) {
        if (event.kind == EventKind::checkpoint_saved) {
            EXPECT_EQ(event.as<CheckpointSaved>().generation, event.games);
            EXPECT_GT(event.as<CheckpointSaved>().bytes, 4096u);
            saves.emplace_back(event.games, true);
        } else if (event.kind == EventKind::checkpoint_failed) {
            EXPECT_EQ(event.as<CheckpointFailed>().generation, event.games);
            EXPECT_NE(event.as<CheckpointFailed>().error.code, ErrorCode::none);
            saves.emplace_back(event.games, false);
        }
    }
    return saves;
}

using Saves = std::vector<std::pair<std::uint64_t, bool>>;

TEST(Session, reports_every_save) {
    BlockStore store;
    SessionSettings settings = settings_to(128);
    settings.checkpoint_every_games = 64;
    NullWorkload workload(seed);
    TestRun run(workload, settings, 1);
    run.start_fresh();
    ASSERT_TRUE(run.train_alone(store));
    EXPECT_EQ(saves_of(run), (Saves{{64, true}, {128, true}}));
}

TEST(Session, sweeps_for_values_that_are_not_finite_every_so_many_games_and_reports_them) {
    BlockStore store;
    othello::OthelloSettings othello;
    othello.target_games = 128;
    othello.exact_empties = 2;
    SessionSettings settings = settings_to(128);
    settings.heal_every_games = 64;
    othello::OthelloWorkload workload(othello);
    TestRun run(workload, settings, 1);
    run.start_fresh();
    SectionList sections;
    workload.list_sections(sections);
    // Two values that no update can have made, in a slot far from those that games touch.
    const std::span<std::byte> optimiser = sections.all()[1].bytes;
    auto* last = reinterpret_cast<AdamSlot*>(optimiser.data() + optimiser.size()) - 1;
    last[0].first_moment = std::numeric_limits<float>::quiet_NaN();
    last[-1].second_moment = std::numeric_limits<float>::infinity();
    ASSERT_TRUE(run.train_alone(store));
    std::vector<std::pair<std::uint64_t, std::uint64_t>> healed;
    for (const Event& event : run.events())
        if (event.kind == EventKind::values_healed)
            healed.emplace_back(event.games, event.as<ValuesHealed>().values);
    EXPECT_EQ(healed, (std::vector<std::pair<std::uint64_t, std::uint64_t>>{{64, 2}}));
    EXPECT_EQ(last->first_moment, 0);
}

TEST(Session, a_failed_save_is_tried_again_after_5_seconds_in_a_new_file_and_training_goes_on) {
    BlockStore store;
    SessionSettings settings = settings_to(320);
    settings.checkpoint_every_games = 160;
    NullWorkload null(seed);
    HookedWorkload workload(null);
    TestRun run(workload, settings, 1);
    // Every epoch takes a second. The save begins at 160 games and fails while the next epoch is
    // played, ten seconds into the run; fifteen seconds into it 240 games are absorbed.
    workload.after_epoch = [&](std::uint64_t) { run.clock.advance_ns(second_ns); };
    store.fail_syncs(1);
    run.start_fresh();
    ASSERT_TRUE(run.train_alone(store));
    EXPECT_EQ(saves_of(run), (Saves{{160, false}, {240, true}, {320, true}}));
    EXPECT_EQ(store.names(), (std::vector<std::string>{file_of(240), file_of(320)}));
    EXPECT_TRUE(store.contents(file_of(320)) == straight_run(320));
}

TEST(Session, a_save_that_fails_twice_waits_for_the_next_interval) {
    BlockStore store;
    SessionSettings settings = settings_to(480);
    settings.checkpoint_every_games = 240;  // ten seconds after the second try
    NullWorkload null(seed);
    HookedWorkload workload(null);
    TestRun run(workload, settings, 1);
    workload.after_epoch = [&](std::uint64_t) { run.clock.advance_ns(second_ns); };
    store.fail_syncs(2);
    run.start_fresh();
    ASSERT_TRUE(run.train_alone(store));
    EXPECT_EQ(saves_of(run), (Saves{{240, false}, {320, false}, {480, true}}));
}

TEST(Session, a_save_that_cannot_even_begin_is_tried_again_too) {
    BlockStore store;
    SessionSettings settings = settings_to(320);
    settings.checkpoint_every_games = 160;
    NullWorkload null(seed);
    HookedWorkload workload(null);
    TestRun run(workload, settings, 1);
    workload.after_epoch = [&](std::uint64_t games) {
        run.clock.advance_ns(second_ns);
        store.set_failing(games == 160);
    };
    run.start_fresh();
    ASSERT_TRUE(run.train_alone(store));
    EXPECT_EQ(saves_of(run), (Saves{{160, false}, {240, true}, {320, true}}));
}

TEST(Session, a_final_save_that_fails_is_tried_once_more_at_once) {
    BlockStore store;
    NullWorkload workload(seed);
    TestRun run(workload, settings_to(64), 1);
    store.fail_syncs(1);
    run.start_fresh();
    const Result<SessionEnd> end = run.train_alone(store);
    ASSERT_TRUE(end);
    EXPECT_EQ(saves_of(run), (Saves{{64, false}, {64, true}}));
    EXPECT_TRUE(store.contents(file_of(64)) == straight_run(64));
}

TEST(Session, returns_the_error_when_the_final_state_cannot_be_saved) {
    BlockStore store;
    NullWorkload workload(seed);
    TestRun run(workload, settings_to(64), 1);
    store.set_failing(true);
    run.start_fresh();
    const Result<SessionEnd> end = run.train_alone(store);
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().code, ErrorCode::no_space);
    EXPECT_EQ(saves_of(run), (Saves{{64, false}, {64, false}}));
    EXPECT_TRUE(store.names().empty());
}

// A save may still be streaming, or due again, when the run ends.
TEST(Session, a_periodic_save_at_the_last_epoch_is_the_final_one) {
    for (const int failures : {0, 1}) {
        BlockStore store;
        SessionSettings settings = settings_to(64);
        settings.checkpoint_every_games = 64;
        NullWorkload workload(seed);
        TestRun run(workload, settings, 1);
        store.fail_syncs(failures);
        run.start_fresh();
        ASSERT_TRUE(run.train_alone(store));
        EXPECT_EQ(saves_of(run),
                  failures == 0 ? (Saves{{64, true}}) : (Saves{{64, false}, {64, true}}));
        EXPECT_TRUE(store.contents(file_of(64)) == straight_run(64));
    }
}

TEST(Session, saves_at_the_next_epoch_when_asked_to) {
    BlockStore store;
    NullWorkload null(seed);
    HookedWorkload workload(null);
    TestRun run(workload, settings_to(96), 1);
    workload.before_play = [&](std::uint64_t ticket) {
        if (ticket == 20)
            run.page.save_requested = true;
    };
    run.start_fresh();
    ASSERT_TRUE(run.train_alone(store));
    EXPECT_EQ(saves_of(run), (Saves{{32, true}, {96, true}}));
    EXPECT_FALSE(run.page.save_requested.load());
}

TEST(Session, a_resumed_run_that_is_already_at_its_target_writes_nothing) {
    BlockStore store;
    NullWorkload first(seed);
    TestRun run(first, settings_to(64), 1);
    run.start_fresh("one");
    ASSERT_TRUE(run.train_alone(store));
    NullWorkload second(seed);
    TestRun again(second, settings_to(64), 1);
    ASSERT_TRUE(again.resume(store, "one"));
    const Result<SessionEnd> end = again.train_alone(store);
    ASSERT_TRUE(end);
    EXPECT_EQ(end.value(), SessionEnd::target_reached);
    EXPECT_TRUE(saves_of(again).empty());
}

TEST(Session, keeps_the_settings_of_the_run_that_goes_on_in_its_checkpoints) {
    BlockStore store;
    NullWorkload first(seed);
    TestRun run(first, settings_to(64), 1);
    run.start_fresh("an older, longer text");
    ASSERT_TRUE(run.train_alone(store));
    NullWorkload second(seed);
    TestRun again(second, settings_to(128), 1);
    ASSERT_TRUE(again.resume(store, "new"));
    ASSERT_TRUE(again.train_alone(store));

    const auto reader = std::make_unique<CheckpointReader>();
    ASSERT_TRUE(reader->open(store, checkpoint_file_name(128)));
    char text[Session::settings_text_capacity] = {};
    ASSERT_TRUE(reader->read_section("run.settings", std::as_writable_bytes(std::span(text))));
    reader->close();
    EXPECT_STREQ(text, "new");
    EXPECT_EQ(text[10], '\0');  // nothing of the older text behind it
}

TEST(Session, knows_the_checkpoint_it_began_from_although_the_settings_are_others) {
    BlockStore store;
    NullWorkload first(seed);
    TestRun run(first, settings_to(64), 1);
    run.start_fresh("one");
    ASSERT_TRUE(run.train_alone(store));
    NullWorkload second(seed);
    HookedWorkload hooked(second);
    TestRun again(hooked, settings_to(80), 1);
    hooked.before_play = [&](std::uint64_t) { EXPECT_EQ(again.page.games_saved.load(), 64u); };
    ASSERT_TRUE(again.resume(store, "two"));
    ASSERT_TRUE(again.train_alone(store));
    EXPECT_EQ(again.page.games_saved.load(), 80u);
}

TEST(Session, saves_settings_that_the_checkpoint_does_not_tell_although_nothing_is_left_to_do) {
    BlockStore store;
    NullWorkload first(seed);
    TestRun run(first, settings_to(64), 1);
    run.start_fresh("one");
    ASSERT_TRUE(run.train_alone(store));
    NullWorkload second(seed);
    TestRun again(second, settings_to(64), 1);
    ASSERT_TRUE(again.resume(store, "two"));
    ASSERT_TRUE(again.train_alone(store));
    EXPECT_EQ(saves_of(again).size(), 1u);
    ASSERT_TRUE(again.train_alone(store));
    EXPECT_TRUE(saves_of(again).empty());
}

TEST(Session, refuses_the_checkpoint_of_another_workload) {
    class Other final : public test::WorkloadWrapper {
      public:
        using WorkloadWrapper::WorkloadWrapper;
        const char* name() const override { return "other"; }
    };
    BlockStore store;
    NullWorkload first(seed);
    TestRun run(first, settings_to(16), 1);
    run.start_fresh();
    ASSERT_TRUE(run.train_alone(store));
    NullWorkload second(seed);
    Other other(second);
    TestRun refused(other, settings_to(32), 1);
    const Status status = refused.resume(store);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::other_workload);
}

}  // namespace
}  // namespace kiln

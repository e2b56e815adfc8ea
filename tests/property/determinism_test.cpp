// An Othello run is a function of its settings and of nothing else: not of workers, threads,
// interruptions, checkpoint intervals or trials.
#include <atomic>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/othello/othello_workload.hpp"
#include "core/othello/report.hpp"

#include "tests/support/block_store.hpp"
#include "tests/support/trainer.hpp"

namespace kiln::othello {
namespace {

using test::BlockStore;
using test::HookedWorkload;
using test::LaunchedTeam;
using test::TestRun;

constexpr std::uint64_t target = 120;
constexpr std::uint32_t epoch = 16;

OthelloSettings quick_settings() {
    OthelloSettings settings;
    settings.seed = 161;
    settings.target_games = target;
    settings.depth = 1;
    settings.exact_empties = 8;
    settings.table_bytes = 1u << 18;
    settings.table_floor_bytes = settings.table_bytes;
    return settings;
}

SessionSettings session_settings() {
    SessionSettings settings;
    settings.target_games = target;
    settings.epoch_games = epoch;
    return settings;
}

std::string file_of(std::uint64_t games) {
    return checkpoint_file_name(games).text;
}

// The final checkpoint of a run with so many workers: threads, or one thread that works for all.
BlockStore::Contents final_checkpoint(const OthelloSettings& settings, unsigned workers,
                                      bool threads,
                                      const SessionSettings& session = session_settings()) {
    BlockStore store;
    OthelloWorkload workload(settings);
    TestRun run(workload, session, workers);
    run.start_fresh();
    LaunchedTeam launched(workers);
    SerialTeam serial(workers);
    EXPECT_TRUE(run.train(threads ? *launched : serial, store));
    EXPECT_EQ(run.games(), session.target_games);
    return store.contents(file_of(session.target_games));
}

TEST(Determinism, one_two_and_four_workers_leave_the_same_bytes) {
    const BlockStore::Contents expected = final_checkpoint(quick_settings(), 1, false);
    EXPECT_TRUE(final_checkpoint(quick_settings(), 1, true) == expected);
    EXPECT_TRUE(final_checkpoint(quick_settings(), 2, true) == expected);
    EXPECT_TRUE(final_checkpoint(quick_settings(), 4, true) == expected);
    EXPECT_TRUE(final_checkpoint(quick_settings(), 4, false) == expected);
}

TEST(Determinism, holds_for_a_search_in_depth_with_its_table_in_use) {
    OthelloSettings settings = quick_settings();
    settings.depth = 3;
    EXPECT_TRUE(final_checkpoint(settings, 1, false) == final_checkpoint(settings, 3, true));
}

TEST(Determinism, holds_for_a_search_in_nodes) {
    OthelloSettings settings = quick_settings();
    settings.depth = 60;
    settings.nodes = 250;
    EXPECT_TRUE(final_checkpoint(settings, 1, false) == final_checkpoint(settings, 4, true));
}

TEST(Determinism, another_seed_is_another_run) {
    OthelloSettings settings = quick_settings();
    const BlockStore::Contents one = final_checkpoint(settings, 1, false);
    settings.seed += 1;
    EXPECT_FALSE(final_checkpoint(settings, 1, false) == one);
}

// Trains to the target with the stop flag raised before each of the given tickets, every time in a
// new process as far as memory goes, with a worker count and an interval of its own.
BlockStore::Contents interrupted(const std::vector<std::uint64_t>& stops) {
    BlockStore store;
    for (std::size_t part = 0; part <= stops.size(); ++part) {
        const unsigned workers = 1 + static_cast<unsigned>(part % 3);
        SessionSettings session = session_settings();
        session.checkpoint_every_games = part * 20;
        OthelloWorkload othello(quick_settings());
        HookedWorkload workload(othello);
        TestRun run(workload, session, workers);
        if (part < stops.size())
            workload.before_play = [&run, stop = stops[part]](std::uint64_t ticket) {
                if (ticket == stop)
                    run.page.request_stop();
            };
        if (part == 0)
            run.start_fresh();
        else
            EXPECT_TRUE(run.resume(store));
        LaunchedTeam team(workers);
        const Result<SessionEnd> end = run.train(*team, store);
        EXPECT_TRUE(end);
        if (part < stops.size()) {
            EXPECT_EQ(end.value(), SessionEnd::stopped);
            EXPECT_LE(run.games(), stops[part]);
        } else {
            EXPECT_EQ(end.value(), SessionEnd::target_reached);
        }
    }
    return store.contents(file_of(target));
}

TEST(Determinism, stopped_in_the_middle_of_epochs_and_resumed_a_run_leaves_the_same_bytes) {
    const BlockStore::Contents expected = final_checkpoint(quick_settings(), 1, false);
    EXPECT_TRUE(interrupted({0}) == expected);  // before anything was learned
    EXPECT_TRUE(interrupted({41}) == expected);
    EXPECT_TRUE(interrupted({15, 16, 17, 90, 119}) == expected);
}

TEST(Determinism, neither_checkpoints_nor_trials_change_what_is_learned) {
    SessionSettings session = session_settings();
    const BlockStore::Contents expected = final_checkpoint(quick_settings(), 1, false, session);
    session.checkpoint_every_games = 30;
    EXPECT_TRUE(final_checkpoint(quick_settings(), 2, true, session) == expected);
    session.trials_every_games = 40;
    EXPECT_TRUE(final_checkpoint(quick_settings(), 2, true, session) == expected);
    session.checkpoint_every_games = 0;
    EXPECT_TRUE(final_checkpoint(quick_settings(), 1, false, session) == expected);
}

// Trials and windows are reported the same whoever played them.
std::vector<Event> reports(unsigned workers) {
    BlockStore store;
    OthelloWorkload workload(quick_settings());
    SessionSettings session = session_settings();
    session.trials_every_games = 60;
    TestRun run(workload, session, workers);
    run.start_fresh();
    LaunchedTeam team(workers);
    EXPECT_TRUE(run.train(*team, store));
    std::vector<Event> events = run.events();
    std::erase_if(events, [](const Event& event) {
        return event.kind < EventKind::workload;  // those carry durations
    });
    return events;
}

TEST(Determinism, reports_are_the_same_for_any_number_of_workers) {
    const std::vector<Event> one = reports(1);
    const std::vector<Event> three = reports(3);
    ASSERT_EQ(one.size(), three.size());
    int windows = 0;
    int matches = 0;
    int held_out = 0;
    for (std::size_t i = 0; i < one.size(); ++i) {
        EXPECT_EQ(std::memcmp(&one[i], &three[i], sizeof(Event)), 0) << "event " << i;
        windows += one[i].kind == event_window;
        held_out += one[i].kind == event_held_out;
        if (one[i].kind == event_strength) {
            ++matches;
            const auto report = one[i].as<StrengthReport>();
            EXPECT_EQ(report.wins + report.draws + report.losses, 2 * OthelloWorkload::trial_pairs);
        }
    }
    EXPECT_EQ(windows, static_cast<int>(target / window_games));
    EXPECT_EQ(held_out, 2);  // at 60 and at the target
    EXPECT_EQ(matches, 2 * static_cast<int>(opponent_count));
}

TEST(Determinism, a_resumed_run_reports_the_windows_of_one_that_never_stopped) {
    const std::vector<Event> straight = reports(1);
    BlockStore store;
    SessionSettings session = session_settings();
    session.stop_after_games = 50;
    {
        OthelloWorkload workload(quick_settings());
        TestRun run(workload, session, 1);
        run.start_fresh();
        ASSERT_TRUE(run.train_alone(store));
    }
    OthelloWorkload workload(quick_settings());
    TestRun run(workload, session_settings(), 1);
    ASSERT_TRUE(run.resume(store));
    ASSERT_TRUE(run.train_alone(store));
    bool compared = false;
    for (const Event& event : run.events()) {
        if (event.kind != event_window)
            continue;
        for (const Event& other : straight) {
            if (other.kind != event_window)
                continue;
            EXPECT_EQ(std::memcmp(&event, &other, sizeof(Event)), 0);
            compared = true;
        }
    }
    EXPECT_TRUE(compared);
}

TEST(Determinism, a_frozen_run_counts_its_games_but_changes_no_weight) {
    OthelloSettings settings = quick_settings();
    settings.control = LearningControl::frozen;
    BlockStore store;
    OthelloWorkload workload(settings);
    TestRun run(workload, session_settings(), 1);
    run.start_fresh();
    ASSERT_TRUE(run.train_alone(store));
    for (const std::uint16_t weight : workload.model().weights())
        ASSERT_EQ(weight, neutral_weight);
    EXPECT_EQ(workload.learner().touched_slots(), 0u);
    EXPECT_EQ(workload.statistics().total.games, target);
}

TEST(Determinism, healing_a_sound_state_changes_nothing) {
    BlockStore store;
    OthelloWorkload workload(quick_settings());
    TestRun run(workload, session_settings(), 1);
    run.start_fresh();
    ASSERT_TRUE(run.train_alone(store));
    const std::vector<std::uint16_t> weights(workload.model().weights().begin(),
                                             workload.model().weights().end());
    EXPECT_EQ(workload.heal(), 0u);
    EXPECT_TRUE(std::equal(weights.begin(), weights.end(), workload.model().weights().begin()));
}

}  // namespace
}  // namespace kiln::othello

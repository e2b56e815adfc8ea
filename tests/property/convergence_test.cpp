// What a run reports about its own progress, over whole runs: right, the same when it was
// interrupted, and telling what learned from what did not.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include <gtest/gtest.h>

#include "core/othello/othello_workload.hpp"
#include "core/othello/reachable.hpp"

#include "tests/support/block_store.hpp"
#include "tests/support/othello.hpp"
#include "tests/support/trainer.hpp"

namespace kiln::othello {
namespace {

using test::BlockStore;
using test::HookedWorkload;
using test::TestRun;

OthelloSettings quick_settings(std::uint64_t target) {
    OthelloSettings settings;
    settings.seed = 211;
    settings.target_games = target;
    settings.exact_empties = 6;
    settings.table_bytes = 1u << 18;
    settings.table_floor_bytes = settings.table_bytes;
    return settings;
}

// Nearly all moves random, so that ten thousand games take seconds.
OthelloSettings hasty_settings(std::uint64_t target) {
    OthelloSettings settings = quick_settings(target);
    settings.random_plies_max = 1'000;
    settings.exact_empties = 4;
    return settings;
}

SessionSettings session_settings(std::uint64_t target, std::uint32_t epoch) {
    SessionSettings settings;
    settings.target_games = target;
    settings.epoch_games = epoch;
    return settings;
}

// Keeps every game's record.
class RecordingWorkload final : public test::WorkloadWrapper {
  public:
    using WorkloadWrapper::WorkloadWrapper;
    void finish_epoch(const Epoch& epoch, EventSink& sink) override {
        WorkloadWrapper::finish_epoch(epoch, sink);
        for (std::uint32_t i = 0; i < epoch.count; ++i)
            games.push_back(*reinterpret_cast<const GameRecord*>(epoch.records->slot(i).data()));
    }
    std::vector<GameRecord> games;
};

std::vector<Event> of_kind(const std::vector<Event>& events, EventKind kind) {
    std::vector<Event> found;
    std::copy_if(events.begin(), events.end(), std::back_inserter(found),
                 [kind](const Event& event) { return event.kind == kind; });
    return found;
}

TEST(ConvergenceOfARun, metrics_are_what_an_independent_computation_over_1000_games_finds) {
    constexpr std::uint64_t target = 1'000;
    OthelloWorkload workload(quick_settings(target));
    RecordingWorkload recording(workload);
    TestRun run(recording, session_settings(target, 40), 1);
    run.start_fresh();
    BlockStore store;
    ASSERT_TRUE(run.train_alone(store));
    ASSERT_EQ(recording.games.size(), target);
    const ConvergenceReport report = workload.convergence();

    double mean = 0;
    std::uint32_t wins[2] = {};
    for (const GameRecord& game : recording.games) {
        mean += game.summary.stone_difference / static_cast<double>(target);
        wins[0] += game.summary.stone_difference > 0;
        wins[1] += game.summary.stone_difference < 0;
    }
    double square = 0;
    for (const GameRecord& game : recording.games)
        square += std::pow(game.summary.stone_difference - mean, 2) / static_cast<double>(target);
    EXPECT_EQ(report.games, target);
    EXPECT_EQ(report.black_wins, wins[0]);
    EXPECT_EQ(report.white_wins, wins[1]);
    EXPECT_EQ(report.draws, target - wins[0] - wins[1]);
    EXPECT_NEAR(report.stone_difference, mean, 1e-9);
    EXPECT_NEAR(report.stone_deviation, std::sqrt(square), 1e-9);

    // Weights as the positions of the games visit them, epoch by epoch.
    const test::OwnedGeometry geometry;
    std::vector<std::uint64_t> last_epoch(Learner::slot_count(*geometry));  // 0: never
    std::uint64_t visits = 0;
    std::uint64_t steps = 0;
    std::uint64_t touched = 0;
    for (std::size_t number = 0; number < target; ++number) {
        const GameRecord& game = recording.games[number];
        const std::uint64_t epoch = number / 40 + 1;
        int stage = 0;
        for (std::uint32_t at = 0; at < game.position_count; ++at) {
            while (at >= game.stage_begin[stage + 1])
                ++stage;
            for (int shape = 0; shape < geometry->shape_count(); ++shape) {
                const auto& layout = geometry->shape(shape);
                for (int lane = 0; lane < layout.lane_count; ++lane) {
                    const auto configuration = static_cast<std::uint32_t>(
                        static_cast<int>(layout.play_size / 2) +
                        game.features[at].index[layout.first_lane + lane]);
                    ASSERT_TRUE(is_reachable(*geometry, shape, configuration, stage));
                    std::uint64_t& last =
                        last_epoch[static_cast<std::size_t>(stage) * geometry->slots_per_stage() +
                                   layout.slot_offset + geometry->class_of(shape, configuration)];
                    ++visits;
                    touched += last == 0;
                    steps += last != epoch;
                    last = epoch;
                }
            }
        }
    }
    const auto weights = static_cast<double>(last_epoch.size());
    EXPECT_EQ(report.weights, last_epoch.size());
    EXPECT_EQ(report.touched, touched);
    EXPECT_EQ(report.reachable, reachable_slots(*geometry));
    EXPECT_NEAR(report.updates, static_cast<double>(visits) / weights, 1e-9);
    EXPECT_NEAR(report.steps, static_cast<double>(steps) / weights, 1e-9);
    EXPECT_NEAR(report.updates / report.expected_updates, 1, 0.1);
    EXPECT_EQ(workload.statistics().absorbed_errors, visits);

    // The newest window report, from the last hundred records.
    const auto windows = of_kind(run.events(), event_window);
    ASSERT_EQ(windows.size(), target / window_games);
    double last_hundred = 0;
    for (std::size_t number = target - window_games; number < target; ++number)
        last_hundred += recording.games[number].summary.stone_difference / 100.0;
    EXPECT_NEAR(windows.back().as<WindowReport>().stone_difference, last_hundred, 1e-9);
    EXPECT_EQ(windows.back().as<WindowReport>().updates, report.updates);
}

TEST(ConvergenceOfARun, reports_of_a_resumed_run_are_those_of_one_that_never_stopped) {
    constexpr std::uint64_t target = 20'000;
    SessionSettings session = session_settings(target, 1'000);
    const auto convergence_events = [](TestRun& run) {
        std::vector<Event> events;
        for (const Event& event : run.events())
            if (event.kind == event_convergence || event.kind == event_warning)
                events.push_back(event);
        return events;
    };
    OthelloSettings settings = hasty_settings(target);
    settings.control = LearningControl::frozen;  // so that there is something to warn of
    OthelloWorkload straight(settings);
    BlockStore straight_store;
    TestRun straight_run(straight, session, 2);
    straight_run.start_fresh();
    ASSERT_TRUE(straight_run.train_alone(straight_store));
    const std::vector<Event> expected = convergence_events(straight_run);

    BlockStore store;
    session.stop_after_games = 7'000;
    {
        OthelloWorkload workload(settings);
        TestRun run(workload, session, 1);
        run.start_fresh();
        ASSERT_TRUE(run.train_alone(store));
        ASSERT_EQ(run.games(), 7'000u);
    }
    session.stop_after_games = 0;
    OthelloWorkload workload(settings);
    TestRun run(workload, session, 3);
    ASSERT_TRUE(run.resume(store));
    ASSERT_TRUE(run.train_alone(store));
    const std::vector<Event> resumed = convergence_events(run);
    ASSERT_EQ(expected.size(), 3u);  // at 10,000, with a warning, and at 20,000
    ASSERT_EQ(resumed.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i)
        EXPECT_EQ(std::memcmp(&resumed[i], &expected[i], sizeof(Event)), 0) << i;

    // A run that learns nothing updates no weight, and is told so.
    EXPECT_EQ(expected[0].kind, event_convergence);
    EXPECT_EQ(expected[0].as<ConvergenceReport>().touched, 0u);
    EXPECT_EQ(expected[0].as<ConvergenceReport>().updates, 0);
    EXPECT_EQ(expected[1].as<ConvergenceWarning>().kind, WarningKind::few_updates);
}

TEST(ConvergenceOfARun, the_earlier_self_is_frozen_each_time_the_games_have_doubled) {
    constexpr std::uint64_t target = 5'000;
    constexpr std::uint32_t epoch = 250;
    OthelloWorkload workload(hasty_settings(target));
    HookedWorkload hooked(workload);
    SessionSettings session = session_settings(target, epoch);
    session.trials_every_games = epoch;
    TestRun run(hooked, session, 1);
    run.start_fresh();
    SectionList sections;
    workload.list_sections(sections);
    const auto weights_of = [&](const char* name) -> std::span<const std::byte> {
        for (const Section& found : sections.all())
            if (std::strcmp(found.name, name) == 0)
                return found.bytes;
        return {};
    };
    std::vector<std::byte> rival(weights_of("othello.weights").begin(),
                                 weights_of("othello.weights").end());
    std::vector<std::uint64_t> frozen_at;
    hooked.after_epoch = [&](std::uint64_t games) {
        if (workload.statistics().rival_games == games) {
            frozen_at.push_back(games);
            rival.assign(weights_of("othello.weights").begin(),
                         weights_of("othello.weights").end());
        }
        const auto kept = weights_of("othello.rival");
        ASSERT_TRUE(std::equal(rival.begin(), rival.end(), kept.begin(), kept.end())) << games;
    };
    BlockStore store;
    ASSERT_TRUE(run.train_alone(store));
    EXPECT_EQ(frozen_at, (std::vector<std::uint64_t>{1'250, 2'250, 4'250}));

    // Trials name the self they were played against; the one that is due still counts at 4,000.
    for (const Event& event : of_kind(run.events(), event_strength)) {
        const auto report = event.as<StrengthReport>();
        const std::uint64_t expected = report.opponent != Opponent::model ? 0
                                       : event.games < 1'250              ? 0
                                       : event.games < 2'250              ? 1'250
                                       : event.games < 4'250              ? 2'250
                                                                          : 4'250;
        EXPECT_EQ(report.opponent_games, expected) << event.games;
        if (report.opponent_games == event.games) {  // itself, just now
            EXPECT_EQ(report.wins, report.losses);
            EXPECT_EQ(report.stone_difference, 0);
        }
    }
}

TEST(ConvergenceOfARun, damaged_weights_are_told_after_the_epoch_that_visits_them) {
    constexpr std::uint64_t target = 96;
    OthelloWorkload workload(quick_settings(target));
    HookedWorkload hooked(workload);
    TestRun run(hooked, session_settings(target, 32), 1);
    run.start_fresh();
    hooked.after_epoch = [&](std::uint64_t games) {
        if (games != 32)
            return;
        SectionList sections;
        workload.list_sections(sections);
        for (const Section& found : sections.all()) {
            if (found.type != ElementType::adam_slot)
                continue;
            auto* slots = reinterpret_cast<AdamSlot*>(found.bytes.data());
            const std::size_t count = found.bytes.size() / sizeof(AdamSlot);
            for (std::size_t i = 0; i < count; ++i)
                if (slots[i].updates > 0)
                    slots[i].second_moment = std::nanf("");
        }
    };
    BlockStore store;
    ASSERT_TRUE(run.train_alone(store));
    std::vector<Event> warnings = of_kind(run.events(), event_warning);
    ASSERT_EQ(warnings.size(), 1u);
    EXPECT_EQ(warnings[0].games, 64u);
    const auto warning = warnings[0].as<ConvergenceWarning>();
    EXPECT_EQ(warning.kind, WarningKind::invalid_values);
    EXPECT_GT(warning.measured, 1'000);
    EXPECT_EQ(warning.limit, 0);
}

TEST(ConvergenceOfARun, self_play_meets_no_held_out_position) {
    constexpr std::uint64_t target = 500;
    OthelloWorkload workload(quick_settings(target));
    RecordingWorkload recording(workload);
    SessionSettings session = session_settings(target, 100);
    session.trials_every_games = target;
    TestRun run(recording, session, 1);
    run.start_fresh();
    BlockStore store;
    ASSERT_TRUE(run.train_alone(store));
    std::vector<std::pair<Bits, Bits>> held_out;
    for (const HeldOut::Position& position : workload.held_out().positions()) {
        ASSERT_NE(position.is_solved, 0u);
        held_out.emplace_back(position.board.own, position.board.opponent);
    }
    std::sort(held_out.begin(), held_out.end());
    for (const GameRecord& game : recording.games) {
        Board board = start_board();
        for (std::uint32_t move = 0; move < game.summary.moves; ++move) {
            if (legal_moves(board) == 0)
                board = after_pass(board);
            ASSERT_FALSE(std::binary_search(held_out.begin(), held_out.end(),
                                            std::pair{board.own, board.opponent}));
            board = test::play(board, game.moves[move]);
        }
    }
}

}  // namespace
}  // namespace kiln::othello

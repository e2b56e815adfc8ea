#include "core/othello/convergence.hpp"

#include <cmath>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "core/othello/reachable.hpp"

#include "tests/support/othello.hpp"

namespace kiln::othello {
namespace {

using test::OwnedModel;
using test::small_shapes;

class Events final : public EventSink {
  public:
    void emit(const Event& event) override { all.push_back(event); }
    std::vector<ConvergenceWarning> warnings(WarningKind kind) const {
        std::vector<ConvergenceWarning> of_kind;
        for (const Event& event : all)
            if (event.kind == event_warning && event.as<ConvergenceWarning>().kind == kind)
                of_kind.push_back(event.as<ConvergenceWarning>());
        return of_kind;
    }

    std::vector<Event> all;
};

class Monitor {
  public:
    Monitor() : state(std::make_unique<ConvergenceState>()) {
        monitor.bind(*owned.geometry, *state);
        monitor.reset();
    }

    // A window of games whose differences are plus and minus that much, so that it is their
    // deviation; then what the workload does at its end.
    void play_window(int deviation) {
        for (std::uint32_t i = 0; i < summary_games; ++i)
            add(i % 2 == 0 ? deviation : -deviation);
        finish_window();
    }
    void add(int difference) {
        GameSummary game;
        game.stone_difference = difference;
        monitor.add_game(game);
        ++games;
    }
    void finish_window(const Moments& values = {}) {
        monitor.finish_window(values, owned.model);
        monitor.warn(games, report(), events);
    }
    ConvergenceReport report() const { return monitor.report(weights); }

    OwnedModel owned{small_shapes()};
    std::unique_ptr<ConvergenceState> state;
    ConvergenceMonitor monitor;
    WeightCounts weights;
    Events events;
    std::uint64_t games = 0;
};

TEST(Convergence, stone_differences_are_those_of_the_newest_10000_games) {
    RandomStream random = test::test_stream(201);
    Monitor monitor;
    std::vector<int> differences;
    for (int game = 0; game < 23'456; ++game) {
        differences.push_back(static_cast<int>(random.below(129)) - 64);
        monitor.add(differences.back());
        if (game % 7'000 != 6'999 && game != 23'455)
            continue;
        const std::size_t first = differences.size() < 10'000 ? 0 : differences.size() - 10'000;
        const std::vector<int> newest(differences.begin() + static_cast<std::ptrdiff_t>(first),
                                      differences.end());
        const auto count = static_cast<double>(newest.size());
        double mean = 0;
        std::uint32_t signs[3] = {};
        for (const int difference : newest) {
            mean += difference / count;
            ++signs[difference < 0 ? 0 : difference == 0 ? 1 : 2];
        }
        double square = 0;
        for (const int difference : newest)
            square += (difference - mean) * (difference - mean) / count;
        const ConvergenceReport report = monitor.report();
        EXPECT_EQ(report.games, newest.size());
        EXPECT_NEAR(report.stone_difference, mean, 1e-9);
        EXPECT_NEAR(report.stone_deviation, std::sqrt(square), 1e-9);
        EXPECT_EQ(report.white_wins, signs[0]);
        EXPECT_EQ(report.draws, signs[1]);
        EXPECT_EQ(report.black_wins, signs[2]);
    }
}

TEST(Convergence, evaluations_that_moved_are_seen_in_the_probes_and_in_the_searched_values) {
    Monitor monitor;
    Moments values;
    for (const int value : {-256, 256})
        values.add(value);
    monitor.finish_window(values);
    EXPECT_EQ(monitor.report().probe_change, 0);  // neutral still
    EXPECT_EQ(monitor.report().value_shift, 0);   // nothing to compare with
    for (std::uint16_t& weight : monitor.owned.weights)
        weight = static_cast<std::uint16_t>(weight + 4);
    values.add(0);
    values.add(1024);  // mean 1 disc instead of 0, deviation 1.871 instead of 1
    monitor.finish_window(values);
    const double lanes = monitor.owned.geometry->lane_count();
    EXPECT_NEAR(monitor.report().probe_change, lanes * 4 / 256, 1e-12);
    EXPECT_NEAR(monitor.report().value_shift, std::hypot(1, std::sqrt(3.5) - 1), 1e-12);
    monitor.finish_window(values);
    EXPECT_EQ(monitor.report().probe_change, 0);
    EXPECT_EQ(monitor.report().value_shift, 0);
    EXPECT_EQ(monitor.report().windows, 3u);
}

TEST(Convergence, a_variance_that_does_not_fall_for_50000_games_is_stagnation) {
    Monitor monitor;
    for (int window = 0; window < 9; ++window)
        monitor.play_window(20);
    EXPECT_EQ(monitor.report().variance_ratio, 0);  // not enough to tell
    EXPECT_TRUE(monitor.events.all.empty());
    monitor.play_window(20);
    EXPECT_EQ(monitor.report().variance_ratio, 1);
    const auto warnings = monitor.events.warnings(WarningKind::stagnation);
    ASSERT_EQ(warnings.size(), 1u);
    EXPECT_EQ(warnings[0].measured, 400);
    EXPECT_EQ(warnings[0].limit, 0.99 * 400);
    // Told again after 50,000 games, not before.
    for (int window = 0; window < 4; ++window)
        monitor.play_window(20);
    EXPECT_EQ(monitor.events.all.size(), 1u);
    monitor.play_window(20);
    EXPECT_EQ(monitor.events.all.size(), 2u);
    EXPECT_EQ(monitor.events.all.back().games, 150'000u);
}

TEST(Convergence, a_variance_that_falls_or_fell_by_more_than_a_hundredth_is_none) {
    Monitor monitor;
    for (int window = 0; window < 30; ++window)
        monitor.play_window(60 - window);
    EXPECT_TRUE(monitor.events.all.empty());
    EXPECT_LT(monitor.report().variance_ratio, 0.9);
    // Flat from here on: noticed when 50,000 games are compared with 50,000 as flat.
    int windows = 0;
    for (; monitor.events.all.empty() && windows < 20; ++windows)
        monitor.play_window(30);
    EXPECT_EQ(windows, 10);
}

TEST(Convergence, few_weights_touched_are_told_from_500000_games_on) {
    Monitor monitor;
    const std::uint64_t reachable = monitor.report().reachable;
    EXPECT_EQ(reachable, reachable_slots(*monitor.owned.geometry));
    EXPECT_LT(reachable, monitor.report().weights);
    monitor.weights.slots.touched = reachable * 89 / 100;
    monitor.games = 490'000;
    monitor.finish_window();
    EXPECT_TRUE(monitor.events.all.empty());
    for (; monitor.games < 1'000'000; monitor.games += 10'000)
        monitor.finish_window();
    const auto warnings = monitor.events.warnings(WarningKind::few_weights_touched);
    ASSERT_EQ(warnings.size(), 1u);
    EXPECT_EQ(monitor.events.all[0].games, 500'000u);
    EXPECT_NEAR(warnings[0].measured, 0.89, 0.001);
    EXPECT_EQ(warnings[0].limit, 0.9);
    monitor.finish_window();
    EXPECT_EQ(monitor.events.warnings(WarningKind::few_weights_touched).size(), 2u);

    Monitor enough;
    enough.weights.slots.touched = (reachable * 9 + 9) / 10;
    enough.games = 600'000;
    enough.finish_window();
    EXPECT_TRUE(enough.events.warnings(WarningKind::few_weights_touched).empty());
}

TEST(Convergence, updates_are_expected_from_lanes_settings_and_games) {
    Monitor monitor;
    const OthelloSettings settings;
    const auto lanes = static_cast<double>(monitor.owned.geometry->lane_count());
    monitor.monitor.add_epoch(settings, 0, 1'000);
    const ConvergenceReport report = monitor.report();
    EXPECT_NEAR(
        report.expected_updates,
        lanes * 1'000 * expected_positions(settings, 0) / static_cast<double>(report.weights),
        1e-4 * report.expected_updates);

    const auto visits =
        static_cast<std::uint64_t>(report.expected_updates * static_cast<double>(report.weights));
    monitor.weights.absorbed_errors = visits * 51 / 100;
    monitor.finish_window();
    EXPECT_TRUE(monitor.events.all.empty());
    monitor.weights.absorbed_errors = visits * 49 / 100;
    monitor.finish_window();
    const auto warnings = monitor.events.warnings(WarningKind::few_updates);
    ASSERT_EQ(warnings.size(), 1u);
    EXPECT_NEAR(warnings[0].measured, 0.49 * report.expected_updates, 1e-4);
    EXPECT_NEAR(warnings[0].limit, 0.5 * report.expected_updates, 1e-6);
}

TEST(Convergence, positions_expected_are_moves_less_random_and_explored_ones) {
    OthelloSettings settings;
    settings.target_games = 100;
    settings.random_plies_max = 10;  // 5 in the mean, so 55 moves are searched
    settings.exact_empties = 15;
    settings.epsilon_early = 0.25;
    settings.sparring = 0;
    EXPECT_NEAR(expected_positions(settings, 0), 15 + 40 * 0.75, 1e-9);
    EXPECT_NEAR(expected_positions(settings, 99), 55, 1e-9);
    settings.sparring = 0.5;  // one side of every other game
    EXPECT_NEAR(expected_positions(settings, 99), 15 + 40 * 0.75, 1e-9);
    settings.update_target = UpdateTarget::root;
    EXPECT_NEAR(expected_positions(settings, 99), 55, 1e-9);
    settings.random_plies_max = 60;
    EXPECT_NEAR(expected_positions(settings, 0), 30, 1e-9);
    settings.random_plies_max = 121;  // half of the games are random to the end
    EXPECT_NEAR(expected_positions(settings, 0), 15, 1e-9);
}

TEST(Convergence, invalid_values_are_told_at_once_and_then_in_sums) {
    Monitor monitor;
    monitor.monitor.warn_of_invalid_values(32, 0, 0, monitor.events);
    EXPECT_TRUE(monitor.events.all.empty());
    monitor.monitor.warn_of_invalid_values(64, 3, 0, monitor.events);
    ASSERT_EQ(monitor.events.all.size(), 1u);
    EXPECT_EQ(monitor.events.all[0].games, 64u);
    EXPECT_EQ(monitor.events.all[0].as<ConvergenceWarning>().measured, 3);
    EXPECT_EQ(monitor.events.all[0].as<ConvergenceWarning>().saturated_weights, 0u);
    for (std::uint64_t games = 96; games <= 1'120; games += 32)
        monitor.monitor.warn_of_invalid_values(games, 2, 1, monitor.events);
    ASSERT_EQ(monitor.events.all.size(), 2u);
    EXPECT_EQ(monitor.events.all[1].games, 1'088u);
    EXPECT_EQ(monitor.events.all[1].as<ConvergenceWarning>().measured, 2 * 32);
    EXPECT_EQ(monitor.events.all[1].as<ConvergenceWarning>().saturated_weights, 32u);
}

TEST(Convergence, a_saturated_weight_alone_is_a_warning_and_its_count_starts_anew) {
    Monitor monitor;
    monitor.monitor.warn_of_invalid_values(32, 0, 5, monitor.events);
    monitor.monitor.warn_of_invalid_values(1'032, 0, std::uint64_t{UINT32_MAX} + 7, monitor.events);
    ASSERT_EQ(monitor.events.all.size(), 2u);
    EXPECT_EQ(monitor.events.all[0].as<ConvergenceWarning>().measured, 0);
    EXPECT_EQ(monitor.events.all[0].as<ConvergenceWarning>().saturated_weights, 5u);
    EXPECT_EQ(monitor.events.all[1].as<ConvergenceWarning>().saturated_weights, UINT32_MAX);
}

TEST(Convergence, goes_on_from_its_state_as_if_it_had_never_stopped) {
    Monitor straight;
    Monitor resumed;
    const auto play = [](Monitor& monitor, int window) {
        monitor.play_window(20 + window % 3);
        monitor.monitor.add_epoch(OthelloSettings(), monitor.games, 10'000);
    };
    for (int window = 0; window < 8; ++window)
        play(straight, window);
    *resumed.state = *straight.state;
    resumed.games = straight.games;
    straight.events.all.clear();
    for (int window = 8; window < 16; ++window) {
        play(straight, window);
        play(resumed, window);
    }
    ASSERT_FALSE(straight.events.all.empty());
    ASSERT_EQ(straight.events.all.size(), resumed.events.all.size());
    for (std::size_t i = 0; i < straight.events.all.size(); ++i)
        EXPECT_EQ(std::memcmp(&straight.events.all[i], &resumed.events.all[i], sizeof(Event)), 0);
    EXPECT_EQ(std::memcmp(straight.state.get(), resumed.state.get(), sizeof(ConvergenceState)), 0);
}

}  // namespace
}  // namespace kiln::othello

#include "core/othello/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/othello.hpp"

namespace kiln::othello {
namespace {

// Summaries with the searched values they were made of.
struct Game {
    GameSummary summary;
    std::vector<int> values;
};

std::vector<Game> random_games(std::uint64_t seed, int count) {
    RandomStream random = test::test_stream(seed);
    const auto draw = [&](int low, int high) {
        return low + static_cast<int>(random.below(static_cast<std::uint64_t>(high - low + 1)));
    };
    std::vector<Game> games;
    for (int i = 0; i < count; ++i) {
        Game game;
        GameSummary& summary = game.summary;
        summary.stone_difference = 2 * draw(-10, 10);
        summary.searched_moves = static_cast<std::uint32_t>(draw(0, 45));
        summary.solved_moves = static_cast<std::uint32_t>(draw(0, 12));
        summary.moves = summary.searched_moves + summary.solved_moves + 3;
        summary.nodes = random.below(100'000);
        summary.depth_sum = summary.searched_moves * 3ull;
        summary.table_probes = random.below(1'000);
        summary.table_hits = random.below(summary.table_probes + 1);
        summary.predictions = static_cast<std::uint32_t>(draw(0, 1));
        summary.prediction_error = summary.predictions * static_cast<std::uint32_t>(draw(0, 8'000));
        for (std::uint32_t v = 0; v < summary.searched_moves + summary.solved_moves; ++v)
            game.values.push_back(draw(-16'000, 16'000));
        for (const int value : game.values) {
            summary.value_sum += value;
            summary.value_square_sum += static_cast<std::uint64_t>(value * value);
        }
        if (!game.values.empty()) {
            summary.value_min = *std::min_element(game.values.begin(), game.values.end());
            summary.value_max = *std::max_element(game.values.begin(), game.values.end());
        }
        games.push_back(game);
    }
    return games;
}

GameSums sums_of(const std::vector<Game>& games) {
    GameSums sums;
    for (const Game& game : games)
        sums.add(game.summary);
    return sums;
}

template <typename Value>
double mean_of(const std::vector<Game>& games, Value value) {
    double sum = 0;
    for (const Game& game : games)
        sum += static_cast<double>(value(game.summary));
    return sum / static_cast<double>(games.size());
}

TEST(Statistics, window_report_is_what_an_independent_count_over_1000_games_finds) {
    const auto games = random_games(141, 1'000);
    OthelloSettings settings;
    settings.target_games = 10'000;
    const WindowReport report = make_window_report(sums_of(games), settings, 1'000, 2.5);
    EXPECT_EQ(report.games, 1'000u);
    const auto wins = [&](int sign) {
        return std::count_if(games.begin(), games.end(), [sign](const Game& game) {
            return game.summary.stone_difference * sign > 0;
        });
    };
    EXPECT_EQ(report.black_wins, wins(1));
    EXPECT_EQ(report.white_wins, wins(-1));
    EXPECT_EQ(report.draws, 1'000 - wins(1) - wins(-1));
    EXPECT_NEAR(report.stone_difference,
                mean_of(games, [](const GameSummary& g) { return g.stone_difference; }), 1e-9);
    EXPECT_NEAR(report.moves, mean_of(games, [](const GameSummary& g) { return g.moves; }), 1e-9);
    const double predictions = mean_of(games, [](const GameSummary& g) { return g.predictions; });
    EXPECT_NEAR(report.prediction_error,
                mean_of(games, [](const GameSummary& g) { return g.prediction_error; }) /
                    predictions / score_per_disc,
                1e-9);
    EXPECT_EQ(report.epsilon, settings.epsilon_at(999));  // of the last game in the window
    EXPECT_EQ(report.learning_rate, settings.learning_rate_at(999));
    EXPECT_EQ(report.updates, 2.5);
}

TEST(Statistics, summary_report_is_what_an_independent_count_over_1000_games_finds) {
    const auto games = random_games(142, 1'000);
    const SummaryReport report = make_summary_report(sums_of(games), 77, 1'000);
    std::vector<double> values;
    for (const Game& game : games)
        for (const int value : game.values)
            values.push_back(static_cast<double>(value) / score_per_disc);
    const double mean =
        std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
    double square = 0;
    for (const double value : values)
        square += (value - mean) * (value - mean);
    EXPECT_NEAR(report.value_mean, mean, 1e-9);
    EXPECT_NEAR(report.value_deviation, std::sqrt(square / static_cast<double>(values.size())),
                1e-6);
    EXPECT_EQ(report.value_min, *std::min_element(values.begin(), values.end()));
    EXPECT_EQ(report.value_max, *std::max_element(values.begin(), values.end()));
    EXPECT_NEAR(report.depth, 3, 1e-12);
    EXPECT_NEAR(report.nodes_per_game, mean_of(games, [](const GameSummary& g) { return g.nodes; }),
                1e-6);
    EXPECT_NEAR(report.table_hit_rate,
                mean_of(games, [](const GameSummary& g) { return g.table_hits; }) /
                    mean_of(games, [](const GameSummary& g) { return g.table_probes; }),
                1e-12);
    EXPECT_EQ(report.touched_weights, 77u);
    EXPECT_EQ(report.weights, 1'000u);
}

TEST(Statistics, of_no_games_are_zeros) {
    const WindowReport window = make_window_report(GameSums(), OthelloSettings(), 1, 0);
    EXPECT_EQ(window.games, 0u);
    EXPECT_EQ(window.stone_difference, 0);
    EXPECT_EQ(window.prediction_error, 0);
    const SummaryReport summary = make_summary_report(GameSums(), 0, 0);
    EXPECT_EQ(summary.value_mean, 0);
    EXPECT_EQ(summary.table_hit_rate, 0);
}

}  // namespace
}  // namespace kiln::othello

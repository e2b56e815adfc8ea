#include "core/othello/statistics.hpp"

#include <algorithm>
#include <cmath>

namespace kiln::othello {
namespace {

double ratio(double sum, std::uint64_t count) {
    return count == 0 ? 0 : sum / static_cast<double>(count);
}

}  // namespace

void GameSums::add(const GameSummary& game) {
    const std::uint64_t new_values = game.searched_moves + game.solved_moves;
    if (new_values > 0) {
        value_min =
            values == 0 ? game.value_min : std::min<std::int64_t>(value_min, game.value_min);
        value_max =
            values == 0 ? game.value_max : std::max<std::int64_t>(value_max, game.value_max);
    }
    ++games;
    black_wins += game.stone_difference > 0;
    white_wins += game.stone_difference < 0;
    stone_difference += game.stone_difference;
    moves += game.moves;
    searches += game.searched_moves;
    values += new_values;
    nodes += game.nodes;
    depth += game.depth_sum;
    table_probes += game.table_probes;
    table_hits += game.table_hits;
    value_sum += game.value_sum;
    value_square_sum += game.value_square_sum;
    predictions += game.predictions;
    prediction_error += game.prediction_error;
}

WindowReport make_window_report(const GameSums& sums, const OthelloSettings& settings,
                                std::uint64_t games, double updates) {
    WindowReport report = {};
    report.games = static_cast<std::uint32_t>(sums.games);
    report.black_wins = static_cast<std::uint32_t>(sums.black_wins);
    report.white_wins = static_cast<std::uint32_t>(sums.white_wins);
    report.draws = report.games - report.black_wins - report.white_wins;
    report.stone_difference = ratio(static_cast<double>(sums.stone_difference), sums.games);
    report.moves = ratio(static_cast<double>(sums.moves), sums.games);
    report.prediction_error =
        ratio(static_cast<double>(sums.prediction_error), sums.predictions) / score_per_disc;
    report.epsilon = settings.epsilon_at(games - 1);
    report.learning_rate = settings.learning_rate_at(games - 1);
    report.updates = updates;
    return report;
}

SummaryReport make_summary_report(const GameSums& sums, std::uint64_t touched,
                                  std::uint64_t weights) {
    SummaryReport report = {};
    const double mean = ratio(static_cast<double>(sums.value_sum), sums.values);
    const double square = ratio(static_cast<double>(sums.value_square_sum), sums.values);
    report.games = static_cast<std::uint32_t>(sums.games);
    report.value_mean = mean / score_per_disc;
    report.value_deviation = std::sqrt(std::max(0.0, square - mean * mean)) / score_per_disc;
    report.value_min = static_cast<double>(sums.value_min) / score_per_disc;
    report.value_max = static_cast<double>(sums.value_max) / score_per_disc;
    report.depth = ratio(static_cast<double>(sums.depth), sums.searches);
    report.nodes_per_game = ratio(static_cast<double>(sums.nodes), sums.games);
    report.table_hit_rate = ratio(static_cast<double>(sums.table_hits), sums.table_probes);
    report.stone_difference = ratio(static_cast<double>(sums.stone_difference), sums.games);
    report.prediction_error =
        ratio(static_cast<double>(sums.prediction_error), sums.predictions) / score_per_disc;
    report.touched_weights = touched;
    report.weights = weights;
    return report;
}

}  // namespace kiln::othello

#include "core/othello/convergence.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "core/base/check.hpp"
#include "core/othello/held_out.hpp"
#include "core/othello/reachable.hpp"

namespace kiln::othello {
namespace {

// The first probe's number among the held-out boards: beyond all that are solved, so that what is
// watched and what is measured are different positions.
constexpr std::uint64_t first_probe = 1'000'000;
constexpr int probe_empties_min = 8;
constexpr int probe_empties_max = 55;

// A warning that stays true is repeated, but not so often that it drowns the others.
constexpr std::uint64_t touched_repeat_games = 500'000;
constexpr std::uint64_t trend_repeat_games = trend_windows * std::uint64_t{summary_games};
constexpr std::uint64_t invalid_repeat_games = 1'000;

constexpr int moves_in_game = 60;

double share(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

void add_up_to_limit(std::uint32_t& sum, std::uint64_t count) {
    sum = static_cast<std::uint32_t>(std::min<std::uint64_t>(sum + count, UINT32_MAX));
}

}  // namespace

double expected_positions(const OthelloSettings& settings, std::uint64_t ticket) {
    const double one_side_random = settings.sparring / 2;
    const double explored = one_side_random + (1 - one_side_random) * settings.epsilon_at(ticket);
    const double charged = settings.update_target == UpdateTarget::leaf ? 1 - explored : 1;
    const int exact_empties = settings.search_limits_at(ticket).exact_empties;
    double positions = 0;
    for (int plies = 0; plies <= std::min(settings.random_plies_max, moves_in_game); ++plies) {
        const int searched = moves_in_game - plies;
        const int solved = std::min(searched, exact_empties);
        positions += solved + (searched - solved) * charged;
    }
    return positions / (settings.random_plies_max + 1);
}

void ConvergenceMonitor::bind(const Geometry& geometry, ConvergenceState& state) {
    state_ = &state;
    lanes_ = static_cast<std::uint64_t>(geometry.lane_count());
    weights_ = Learner::slot_count(geometry);
    reachable_ = reachable_slots(geometry);
    for (std::uint64_t i = 0; i < probe_count; ++i) {
        constexpr int kinds = probe_empties_max - probe_empties_min + 1;
        static_assert(probe_count % kinds == 0);
        probes_[i] =
            held_out_board(first_probe + i, probe_empties_min + static_cast<int>(i) % kinds);
    }
}

void ConvergenceMonitor::add_epoch(const OthelloSettings& settings, std::uint64_t first_ticket,
                                   std::uint32_t count) {
    const double thousandths = 1000 * expected_positions(settings, first_ticket);
    state_->expected_positions += count * static_cast<std::uint64_t>(thousandths);
}

void ConvergenceMonitor::add_game(const GameSummary& game) {
    state_->differences.add(static_cast<std::int8_t>(game.stone_difference));
}

void ConvergenceMonitor::finish_window(const Moments& values, const Model& model) {
    // The rolling window is as long as a window and ends here, so it is this window.
    state_->windows[state_->windows_finished % std::size(state_->windows)] =
        state_->differences.moments;
    ++state_->windows_finished;
    state_->values[1] = state_->values[0];
    state_->values[0] = values;
    state_->probe_change = 0;
    for (std::uint64_t i = 0; i < probe_count; ++i) {
        const Score value = model.evaluate(probes_[i]);
        state_->probe_change +=
            static_cast<std::uint64_t>(std::abs(value - state_->probe_values[i]));
        state_->probe_values[i] = static_cast<std::int16_t>(value);
    }
}

// Over trend_windows windows from that one on.
double ConvergenceMonitor::variance_of(std::uint64_t first_window) const {
    Moments pooled;
    for (std::uint64_t window = first_window; window < first_window + trend_windows; ++window)
        pooled.add(state_->windows[window % std::size(state_->windows)]);
    return pooled.variance();
}

double ConvergenceMonitor::updates(std::uint64_t absorbed_errors) const {
    return share(absorbed_errors, weights_);
}

ConvergenceReport ConvergenceMonitor::report(const WeightCounts& weights) const {
    const ConvergenceState& state = *state_;
    ConvergenceReport report = {};
    report.games = static_cast<std::uint32_t>(state.differences.moments.count);
    report.black_wins = static_cast<std::uint32_t>(state.differences.positive);
    report.white_wins = static_cast<std::uint32_t>(state.differences.negative);
    report.draws = report.games - report.black_wins - report.white_wins;
    report.stone_difference = state.differences.moments.mean();
    report.stone_deviation = state.differences.moments.deviation();
    if (state.windows_finished >= 2)
        report.value_shift = normal_distance(state.values[0], state.values[1]) / score_per_disc;
    report.probe_change = share(state.probe_change, probe_count) / score_per_disc;
    if (state.windows_finished >= std::size(state.windows)) {
        const double before = variance_of(state.windows_finished - 2 * trend_windows);
        const double last = variance_of(state.windows_finished - trend_windows);
        report.variance_ratio = before == 0 ? 1 : last / before;
    }
    report.touched = weights.slots.touched;
    report.reachable = reachable_;
    report.weights = weights_;
    report.updates = updates(weights.absorbed_errors);
    report.expected_updates = share(state.expected_positions * lanes_, weights_) / 1000;
    report.steps = share(weights.slots.updates, weights_);
    report.windows = static_cast<std::uint32_t>(state.windows_finished);
    return report;
}

// Whether it was not too early to repeat it.
bool ConvergenceMonitor::warn(std::uint64_t games, const ConvergenceWarning& warning,
                              std::uint64_t repeat_games, EventSink& sink) {
    std::uint64_t& from = state_->warn_from[static_cast<std::uint32_t>(warning.kind) - 1];
    if (games < from)
        return false;
    from = games + repeat_games;
    sink.emit(Event::make(event_warning, games, warning));
    return true;
}

void ConvergenceMonitor::warn_of_invalid_values(std::uint64_t games, std::uint64_t values,
                                                std::uint64_t saturated, EventSink& sink) {
    add_up_to_limit(state_->invalid_values, values);
    add_up_to_limit(state_->saturated_weights, saturated);
    if (values == 0 && saturated == 0)
        return;
    const ConvergenceWarning warning = {WarningKind::invalid_values, state_->saturated_weights,
                                        static_cast<double>(state_->invalid_values), 0};
    if (!warn(games, warning, invalid_repeat_games, sink))
        return;
    state_->invalid_values = 0;
    state_->saturated_weights = 0;
}

void ConvergenceMonitor::warn(std::uint64_t games, const ConvergenceReport& report,
                              EventSink& sink) {
    const double touched = share(report.touched, report.reachable);
    if (games >= touched_share_from && touched < touched_share_min)
        warn(games, {WarningKind::few_weights_touched, 0, touched, touched_share_min},
             touched_repeat_games, sink);
    if (report.variance_ratio > variance_ratio_max) {
        const double before = variance_of(state_->windows_finished - 2 * trend_windows);
        warn(games,
             {WarningKind::stagnation, 0, variance_of(state_->windows_finished - trend_windows),
              before * variance_ratio_max},
             trend_repeat_games, sink);
    }
    if (report.updates < updates_share_min * report.expected_updates)
        warn(games,
             {WarningKind::few_updates, 0, report.updates,
              updates_share_min * report.expected_updates},
             trend_repeat_games, sink);
}

}  // namespace kiln::othello

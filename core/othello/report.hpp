// What Othello training reports about itself: every figure measured over the games it names.
#pragma once

#include <cstdint>

#include "core/othello/player.hpp"
#include "core/othello/score.hpp"
#include "core/train/event.hpp"

namespace kiln::othello {

constexpr EventKind event_window = static_cast<EventKind>(100);  // WindowReport, every 100 games
constexpr EventKind event_summary =
    static_cast<EventKind>(101);  // SummaryReport, every 10,000 games
constexpr EventKind event_strength =
    static_cast<EventKind>(102);  // StrengthReport, one an opponent after trials
constexpr EventKind event_convergence =
    static_cast<EventKind>(103);  // ConvergenceReport, every 10,000 games
constexpr EventKind event_warning =
    static_cast<EventKind>(104);  // ConvergenceWarning, when there is cause
constexpr EventKind event_held_out = static_cast<EventKind>(105);  // HeldOutReport, after trials

constexpr std::uint32_t window_games = 100;
constexpr std::uint32_t summary_games = 10'000;

// R4.1: the last 100 games.
struct WindowReport {
    std::uint32_t games;
    std::uint32_t black_wins;
    std::uint32_t white_wins;
    std::uint32_t draws;
    double stone_difference;  // mean, black minus white, discs
    double moves;             // mean a game
    double prediction_error;  // mean |static value - exact result| where solving began, discs;
                              // before learning it
    double epsilon;           // in force at the end of the window
    double learning_rate;     // discs
    double updates;           // errors absorbed so far, mean a weight: R5.6
};

// R4.2: the last 10,000 games.
struct SummaryReport {
    std::uint32_t games;
    std::uint32_t reserved;
    double value_mean;  // of searched values, player to move, discs
    double value_deviation;
    double value_min;
    double value_max;
    double depth;  // mean finished depth of heuristic searches
    double nodes_per_game;
    double table_hit_rate;  // hits / probes
    double stone_difference;
    double prediction_error;
    std::uint64_t touched_weights;  // learning slots updated at least once, of ...
    std::uint64_t weights;          // ... all there are (mirror images counted once)
};

// R5.1 to R5.7: whether learning gets anywhere, as far as self-play can tell.
struct ConvergenceReport {
    std::uint32_t games;  // the newest ones, at most 10,000: a rolling window
    std::uint32_t black_wins;
    std::uint32_t white_wins;
    std::uint32_t draws;
    double stone_difference;  // their mean, black minus white, discs
    double stone_deviation;
    // How far evaluations moved between the last two windows of 10,000 games: the distribution of
    // searched values (distance of the normal distributions with its means and deviations), and the
    // static values of 480 fixed positions (mean absolute change). Discs.
    double value_shift;  // from two windows on
    double probe_change;
    // Variance of the stone difference over the last 50,000 games / over the 50,000 before.
    double variance_ratio;    // from ten windows on
    std::uint64_t touched;    // learning slots updated at least once ...
    std::uint64_t reachable;  // ... of those that a game can reach (reachable.hpp) ...
    std::uint64_t weights;    // ... of all (mirror images counted once)
    double updates;           // errors absorbed, mean a weight
    double expected_updates;  // what shapes, placements, settings and games lead to expect
    double steps;             // Adam steps, mean a weight: a weight makes one an epoch at most
    std::uint32_t windows;    // of 10,000 games that are finished
    std::uint32_t reserved;
};
static_assert(sizeof(ConvergenceReport) == Event::payload_capacity);

enum class WarningKind : std::uint32_t {
    few_weights_touched = 1,  // R5.4: measured, limit: shares of the reachable weights
    stagnation = 2,           // R5.5: variances of 50,000 games, discs squared
    few_updates = 3,          // R5.7: updates a weight
    invalid_values = 4,       // R4.7: measured: values since the last such warning; limit 0
};
constexpr std::uint32_t warning_kinds = 4;

struct ConvergenceWarning {
    WarningKind kind;
    std::uint32_t saturated_weights;  // of invalid_values: since the last such warning
    double measured;
    double limit;  // on whose wrong side it is
};

// Games at one ply, colours swapped, with the same openings in every trial of a run.
struct StrengthReport {
    Opponent opponent;  // model: the run's own earlier self
    std::uint32_t wins;
    std::uint32_t draws;
    std::uint32_t losses;
    double stone_difference;        // mean, model minus opponent
    std::uint64_t opponent_games;   // that the earlier self had learned from
    std::uint64_t pairs[5];         // with 0, 1/2, 1, 3/2 and 2 points: MatchScore::pair_counts
    double stone_difference_error;  // standard error of the mean, from pairs
};

// The static evaluation on solved positions that no run trains on (held_out.hpp), and what it takes
// no learning to predict. Errors are means of |predicted - exact result|, discs.
struct HeldOutReport {
    std::uint32_t positions;
    std::uint32_t reserved;
    double error;
    double error_by_empties[4];  // at 8, 10, 12, 14 empty squares
    double bias;                 // mean of predicted - exact, player to move
    double winner_share;         // positions whose winner is predicted, of those not drawn
    double zero_error;           // of predicting 0
    double discs_error;          // of predicting the difference of discs on the board
    double mobility_error;       // of the best multiple of the difference in legal moves
};

}  // namespace kiln::othello

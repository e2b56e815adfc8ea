// Convergence: whether a run gets anywhere, told from its own games and weights.
//
// Self-play differences are near zero by symmetry, so none of this says how strong the model is;
// held-out positions and matches do (held_out.hpp, match.hpp). What it does say: that games become
// more alike or do not, that evaluations settle or do not, that weights are visited as often as
// they should be.
//
// All of it is whole numbers in ticket order and part of the training state, so that a resumed run
// reports what one that never stopped would. Used by the session's thread only.
#pragma once

#include <cstdint>
#include <type_traits>

#include "core/numeric/moments.hpp"
#include "core/othello/evaluator.hpp"
#include "core/othello/game_record.hpp"
#include "core/othello/learner.hpp"
#include "core/othello/report.hpp"
#include "core/othello/settings.hpp"

namespace kiln::othello {

constexpr std::uint64_t probe_count = 480;
constexpr std::uint32_t trend_windows = 5;  // of 10,000 games: 50,000 are compared with 50,000

// When to warn.
constexpr double touched_share_min = 0.9;
constexpr std::uint64_t touched_share_from = 500'000;
// The variance of 50,000 differences scatters by 0.6 %, the ratio of two by 0.9 %.
constexpr double variance_ratio_max = 0.99;
constexpr double updates_share_min = 0.5;  // of those expected

struct ConvergenceState {
    RollingMoments<std::int8_t, summary_games> differences;  // discs, the newest games
    Moments windows[2 * trend_windows];  // of differences; window n lies at n modulo their number
    Moments values[2];                   // searched values: the last window's and those before
    std::uint64_t windows_finished = 0;
    std::uint64_t probe_change = 0;        // over the last window, sum over the probes, score units
    std::uint64_t expected_positions = 0;  // thousandths
    std::uint32_t invalid_values = 0;      // since the last warning of either
    std::uint32_t saturated_weights = 0;
    std::uint64_t warn_from[warning_kinds] = {};  // games before which a kind is not repeated
    std::int16_t probe_values[probe_count] = {};  // at the end of the last window; at first neutral
};
static_assert(std::has_unique_object_representations_v<ConvergenceState>);  // no padding

// Positions that a game is expected to charge errors to: 60 moves, less the random ones at its
// start and those where exploring cuts the return.
double expected_positions(const OthelloSettings& settings, std::uint64_t ticket);

// What has been done to the weights so far.
struct WeightCounts {
    std::uint64_t absorbed_errors = 0;
    SlotCounts slots;
};

class ConvergenceMonitor {
  public:
    void bind(const Geometry& geometry, ConvergenceState& state);
    void reset() { *state_ = ConvergenceState(); }

    void add_epoch(const OthelloSettings& settings, std::uint64_t first_ticket,
                   std::uint32_t count);
    void add_game(const GameSummary& game);
    // After every 10,000th game, with the values searched since the one before.
    void finish_window(const Moments& values, const Model& model);

    // At any time between epochs.
    ConvergenceReport report(const WeightCounts& weights) const;
    double updates(std::uint64_t absorbed_errors) const;  // mean a weight

    // Warnings for which there is cause; a kind at most every so many games, see convergence.cpp.
    void warn_of_invalid_values(std::uint64_t games, std::uint64_t values, std::uint64_t saturated,
                                EventSink& sink);
    void warn(std::uint64_t games, const ConvergenceReport& report, EventSink& sink);

  private:
    bool warn(std::uint64_t games, const ConvergenceWarning& warning, std::uint64_t repeat_games,
              EventSink& sink);
    double variance_of(std::uint64_t first_window) const;

    ConvergenceState* state_ = nullptr;
    std::uint64_t lanes_ = 0;
    std::uint64_t weights_ = 0;
    std::uint64_t reachable_ = 0;
    Board probes_[probe_count];
};

}  // namespace kiln::othello

// StrengthCurve: how strong a run was when, from the trials on its way.
//
// Matches against an earlier self say how much was learned since then. Added up they tell how far
// the run has come since the first earlier self that it met: the chained Elo. An earlier self is
// taken to be as strong as the run was at its last trial before that self was frozen, which is
// cautious where trials are rare, and errors of all links add up in squares.
//
// Bounded: when there are too many points, every second one goes. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/othello/report.hpp"

#include "app/log_entry.hpp"
#include "app/match_statistics.hpp"

namespace kiln::app {

// Points won as a share, with Wilson's interval against a baseline, whose games differ by its
// random moves too; against an earlier self with that of pairs.
Estimate score_of(const othello::StrengthReport& report);
// Elo over the earlier self; nothing without pairs.
std::optional<Estimate> elo_over(const othello::StrengthReport& report);

struct ChainedElo {
    Estimate elo;
    std::uint64_t origin_games = 0;
};

struct StrengthPoint {
    std::uint64_t games = 0;
    std::optional<othello::HeldOutReport> held_out;
    std::optional<othello::StrengthReport> against[othello::opponent_count];
    std::optional<Estimate> chained_elo;
};

class StrengthCurve {
  public:
    static constexpr std::size_t points_max = 64;

    // In the order of games. `told`: the chained Elo as it was told when it was measured. It knows
    // of trials of which the log has nothing any more, so it counts, as long as it has the same
    // origin.
    void add(std::uint64_t games, const othello::StrengthReport& report,
             const std::optional<ChainedElo>& told = std::nullopt);
    void add(std::uint64_t games, const othello::HeldOutReport& report);

    const std::vector<StrengthPoint>& points() const { return points_; }
    // The games that the earlier self had learned from which has the chained Elo 0.
    std::uint64_t origin_games() const { return origin_games_; }

    Json json() const;
    // A table of at most so many rows, the first and the last point among them, each line with its
    // end. Empty if nothing was measured.
    std::string table(std::size_t rows_max) const;

  private:
    StrengthPoint& point_at(std::uint64_t games);
    void take_over(const ChainedElo& told, const Estimate& link, std::uint64_t rival_games);
    Estimate chain(const othello::StrengthReport& report, const Estimate& link);

    std::vector<StrengthPoint> points_;
    std::optional<std::uint64_t> rival_games_;  // of the earlier self met last ...
    Estimate rival_elo_;                        // ... and its chained Elo
    Estimate last_elo_;                         // of the run at its last trial
    std::uint64_t origin_games_ = 0;
};

}  // namespace kiln::app

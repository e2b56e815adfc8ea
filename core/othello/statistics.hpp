// Statistics: sums over windows of games, in whole numbers and ticket order.
//
// They are part of the training state: a resumed run reports the same windows as one that never
// stopped.
#pragma once

#include <cstdint>
#include <type_traits>

#include "core/numeric/moments.hpp"
#include "core/othello/game_record.hpp"
#include "core/othello/report.hpp"
#include "core/othello/settings.hpp"

namespace kiln::othello {

struct GameSums {
    std::uint64_t games = 0;
    std::uint64_t black_wins = 0;
    std::uint64_t white_wins = 0;
    std::int64_t stone_difference = 0;
    std::uint64_t moves = 0;
    std::uint64_t searches = 0;  // heuristic ones
    std::uint64_t values = 0;    // searched values, exact ones included
    std::uint64_t nodes = 0;
    std::uint64_t depth = 0;
    std::uint64_t table_probes = 0;
    std::uint64_t table_hits = 0;
    std::int64_t value_sum = 0;
    std::uint64_t value_square_sum = 0;
    std::int64_t value_min = 0;
    std::int64_t value_max = 0;
    std::uint64_t predictions = 0;
    std::uint64_t prediction_error = 0;

    void add(const GameSummary& game);
    Moments value_moments() const { return {values, value_sum, value_square_sum}; }
};

struct Statistics {
    GameSums window;                    // since the last WindowReport
    GameSums summary;                   // since the last SummaryReport
    GameSums total;                     // since the start of the run
    std::uint64_t absorbed_errors = 0;  // weight visits that were absorbed
    std::uint64_t rival_games = 0;      // that the frozen earlier self had learned from
    std::uint64_t rival_due = 0;        // games from which on it is frozen anew
};
static_assert(std::has_unique_object_representations_v<Statistics>);  // no padding

WindowReport make_window_report(const GameSums& sums, const OthelloSettings& settings,
                                std::uint64_t games, double updates);
SummaryReport make_summary_report(const GameSums& sums, std::uint64_t touched,
                                  std::uint64_t weights);

}  // namespace kiln::othello

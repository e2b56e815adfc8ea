// GameRecord: one self-play game as learning needs it, and nothing more.
//
// Fixed size, written by the worker that plays the ticket, read by every worker that absorbs, gone
// with the epoch. It holds the positions that change weights (features and error), sorted by stage
// so that a shard finds its positions at once, the moves for replay, and a summary for the
// statistics.
#pragma once

#include <cstdint>
#include <type_traits>

#include "core/othello/geometry.hpp"
#include "core/othello/score.hpp"

namespace kiln::othello {

constexpr int positions_max = 60;

struct GameSummary {
    std::int32_t stone_difference = 0;  // final, black minus white
    std::uint32_t moves = 0;            // all moves, random ones included
    std::uint32_t searched_moves = 0;   // by heuristic search
    std::uint32_t solved_moves = 0;     // by exact search
    std::uint32_t exploratory_moves = 0;
    std::uint32_t random_plies = 0;
    std::uint64_t nodes = 0;
    std::uint64_t depth_sum = 0;  // finished iterations, over searched moves
    std::uint64_t table_probes = 0;
    std::uint64_t table_hits = 0;
    std::int64_t value_sum = 0;  // searched values, player to move, score units
    std::uint64_t value_square_sum = 0;
    std::int32_t value_min = 0;
    std::int32_t value_max = 0;
    std::uint32_t predictions = 0;  // 1 if the game was solved before its end
    std::uint32_t prediction_error =
        0;  // |static value - exact result| where solving began, score units
    std::uint64_t invalid_values = 0;  // searched values out of range, and errors not finite
};

struct alignas(64) GameRecord {
    GameSummary summary;
    std::uint32_t position_count = 0;
    bool is_skipped = false;  // a ticket that was left out: no game, and no positions
    std::uint8_t stage_begin[stage_count + 1] =
        {};                                   // positions of stage s: [begin[s], begin[s + 1])
    Square moves[positions_max] = {};         // as played; passes are implied
    std::int32_t errors[positions_max] = {};  // target minus value, score units, clipped
    Features features[positions_max] = {};    // seen by the player to move there
};
static_assert(std::is_trivially_copyable_v<GameRecord>);

}  // namespace kiln::othello

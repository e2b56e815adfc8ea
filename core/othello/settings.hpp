// OthelloSettings: everything besides the worker count that decides how an Othello run goes.
//
// Two runs with equal settings and equal tickets have equal checkpoints. (Limits in milliseconds
// are the exception: they let the clock decide, and such runs are reported as not reproducible.)
#pragma once

#include <cstdint>

#include "core/othello/search.hpp"

namespace kiln::othello {

// Which position a game's error is charged to.
enum class UpdateTarget : std::uint32_t {
    leaf = 0,  // the end of the principal variation (TD-leaf; Baxter, Tridgell and Weaver 1998)
    root = 1,  // the position that was searched
};

// Runs that must not learn, to show that the others do.
enum class LearningControl : std::uint32_t {
    none = 0,
    frozen = 1,    // updates are computed and thrown away
    shuffled = 2,  // every game's result is given a random sign
};

struct OthelloSettings {
    std::uint64_t seed = 1;
    std::uint64_t target_games = 20000;  // the schedules below run over this many

    int depth = 1;                // plies a move; 60 when a limit in nodes or time decides
    std::uint64_t nodes = 0;      // a move, 0: no limit
    std::uint64_t time_ns = 0;    // a move, 0: no limit
    int selectivity = 0;          // of multi-ProbCut in these searches (search.hpp)
    int exact_empties = 8;        // games are played out perfectly from here
    double deep_from = 1;         // from this share of the target on ...
    int deep_depth = 3;           // ... so many plies a move ...
    int deep_exact_empties = 12;  // ... and perfect play from here

    int random_plies_max = 20;    // a game opens with 0 to this many random plies
    double epsilon_early = 0.15;  // share of random moves ...
    double epsilon_middle = 0.05;
    double epsilon_late = 0.0;
    double middle_from = 0.30;  // ... and from which share of the target on they hold
    double late_from = 0.70;
    double epsilon_solved = 0.5;  // share of random moves where the position is solved exactly
    double sparring = 0.1;        // share of games in which one player moves at random throughout

    double lambda = 0.3;
    double learning_rate = 0.2;          // discs a weight and update, at the start
    double learning_rate_final = 0.002;  // at the target; linear in between
    double weight_decay = 0;  // share of a weight that an update takes away, times the rate
    double error_clip_discs = 64;
    UpdateTarget update_target = UpdateTarget::leaf;
    LearningControl control = LearningControl::none;

    std::uint64_t table_bytes = 32u << 20;       // of transposition table a worker
    std::uint64_t table_floor_bytes = 1u << 20;  // the least that planning may shrink it to

    // Of the game with that number.
    SearchLimits search_limits_at(std::uint64_t game) const;
    bool is_reproducible() const { return time_ns == 0; }
    double epsilon_at(std::uint64_t game) const;
    double learning_rate_at(std::uint64_t game) const;
};

}  // namespace kiln::othello

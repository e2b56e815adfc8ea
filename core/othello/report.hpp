// What Othello training reports about itself: every figure measured over the games it names.
#pragma once

#include <cstdint>

#include "core/othello/score.hpp"
#include "core/train/event.hpp"

namespace kiln::othello {

constexpr EventKind event_window = static_cast<EventKind>(100);  // WindowReport, every 100 games
constexpr EventKind event_summary =
    static_cast<EventKind>(101);  // SummaryReport, every 10,000 games
constexpr EventKind event_strength = static_cast<EventKind>(102);  // StrengthReport, after trials

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

// Games against the corner and edge player, one ply, colours swapped, seeded by the run.
struct StrengthReport {
    std::uint32_t wins;
    std::uint32_t draws;
    std::uint32_t losses;
    std::uint32_t reserved;
    double stone_difference;  // mean, model minus opponent
};

}  // namespace kiln::othello

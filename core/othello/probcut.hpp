// Multi-ProbCut's figures: which shallow depth stands for which deep one, and how far the two
// values lie apart (Buro, "Experiments with Multi-ProbCut and a New High-Quality Evaluation
// Function for Othello", 1997).
//
// Measured on our own trained evaluation up to nine plies (perf/search.md), continued beyond. Only
// heuristic searches use it; exact results never depend on it.
#pragma once

#include <iterator>

#include "core/othello/score.hpp"

namespace kiln::othello {

struct ProbCut {
    int depth;     // of the shallow search
    Score spread;  // standard deviation of deep minus shallow value, over all stages
};

constexpr int probcut_depth_min = 3;
constexpr int probcut_depth_max = 20;

// For a search of `depth` plies, probcut_depth_min or more.
constexpr ProbCut probcut(int depth) {
    constexpr ProbCut table[] = {{1, 950}, {2, 810}, {1, 1110}, {2, 1000}, {3, 830}, {4, 770},
                                 {3, 930}, {4, 880}, {5, 830},  {4, 960},  {5, 910}, {6, 860},
                                 {5, 960}, {6, 910}, {7, 860},  {6, 960},  {7, 910}, {8, 880}};
    static_assert(std::size(table) == probcut_depth_max - probcut_depth_min + 1);
    // Deep and shallow have one parity.
    const int row = depth <= probcut_depth_max ? depth : probcut_depth_max - depth % 2;
    return table[row - probcut_depth_min];
}

constexpr int selectivity_max = 4;

// How far outside the window a shallow value must be. selectivity: 1 .. selectivity_max.
constexpr Score probcut_margin(const ProbCut& cut, int stage, int selectivity) {
    // In tenths of a standard deviation: one-sided error rates of 0.5, 2, 7 and 14 per cent.
    constexpr Score widths[selectivity_max] = {26, 20, 15, 11};
    // Late in the game a ply changes more.
    const Score stage_percent = stage <= 11 ? 82 : stage <= 15 ? 92 : stage <= 19 ? 105 : 130;
    return cut.spread * widths[selectivity - 1] / 10 * stage_percent / 100;
}

}  // namespace kiln::othello

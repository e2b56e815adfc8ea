// Multi-ProbCut's figures: which shallow depth stands for which deep one, and how far the two
// values lie apart (Buro 1997).
//
// Measured on our own trained evaluation (perf/search.md says how): the spread of deep minus
// shallow value by depth and stage. Only heuristic searches use it; exact results never depend on
// it.
#pragma once

#include "core/othello/score.hpp"

namespace kiln::othello {

struct ProbCut {
    int depth;     // of the shallow search; 0 ends a list
    Score spread;  // standard deviation of the difference at an average stage
};

constexpr int probcut_depth_min = 3;
constexpr int probcut_depth_max = 24;

// The shallow searches to try in turn for a search of `depth` plies.
inline const ProbCut* probcuts(int depth) {
    static constexpr ProbCut table[probcut_depth_max + 1][2] = {
        {{0, 0}},   {{0, 0}},   {{0, 0}},   {{1, 700}}, {{2, 640}}, {{1, 800}}, {{2, 740}},
        {{3, 740}}, {{4, 680}}, {{3, 780}}, {{4, 740}}, {{5, 740}}, {{4, 800}}, {{5, 780}},
        {{6, 760}}, {{5, 820}}, {{6, 800}}, {{7, 800}}, {{6, 840}}, {{7, 840}}, {{8, 820}},
        {{7, 860}}, {{8, 860}}, {{9, 860}}, {{8, 900}}};
    return table[depth < probcut_depth_max ? depth : probcut_depth_max];
}

constexpr int selectivity_max = 4;

// How far outside the window a shallow value must be.
inline Score probcut_margin(const ProbCut& cut, int stage, int selectivity) {
    // In tenths of a standard deviation: one-sided error rates of 0.5, 2, 7 and 14 per cent.
    constexpr Score widths[selectivity_max + 1] = {0, 26, 20, 15, 11};
    (void)stage;
    return cut.spread * widths[selectivity] / 10;
}

}  // namespace kiln::othello

// What the parts of a search share: the line being searched, what was found, when to give up.
//
// Only search.cpp, exact_search.cpp and endgame.cpp need this; everybody else wants search.hpp.
#pragma once

#include <cstdint>

#include "core/othello/evaluator.hpp"
#include "core/othello/interrupt.hpp"
#include "core/othello/transposition_table.hpp"

namespace kiln::othello {

// One level of the line being searched.
struct SearchFrame {
    Features features;  // pairs not filled in
    Board board;
    int line_length = 0;             // of the principal variation from here on
    Square line[square_count] = {};  // its moves; passes are implied
};

struct SearchRun {
    static constexpr int frame_capacity = 128;  // 62 moves and as many passes

    const Model* model = nullptr;
    TranspositionTable* table = nullptr;
    SearchFrame* frames = nullptr;
    Interrupt interrupt;
    std::uint64_t node_limit = ~std::uint64_t{0};
    std::uint64_t nodes = 0;
    std::uint64_t next_poll = 0;
    bool is_interrupted = false;
    int selectivity = 0;           // of multi-ProbCut; 0: none
    Square root_move = no_square;  // best of the iteration so far
    Score root_score = 0;

    // Counts a position; true when the search must unwind. One beyond the limit is not visited, so
    // it does not count.
    bool count_node() {
        if (nodes >= node_limit) {
            is_interrupted = true;
            return true;
        }
        if (++nodes >= next_poll) {
            next_poll = nodes + Interrupt::poll_interval_nodes;
            is_interrupted = is_interrupted || interrupt.is_due();
        }
        return is_interrupted;
    }
};

// The exact value of a position in discs by alpha-beta, fail-soft, without an evaluation: for the
// last squares and for whoever has no model. Leaves its bounds in the table.
int solve_endgame(SearchRun& run, Board board, int alpha, int beta);

// The value of run.frames[level] from a search of so many plies, 0: the evaluation. is_line: the
// window is open and the variation is wanted.
Score search_frame(SearchRun& run, int level, int depth, Score alpha, Score beta, bool is_line);

// One iteration from the root, in a window around the guess at first.
Score search_iteration(SearchRun& run, int depth, Score guess);

// The exact result of run.frames[0] with the evaluation's help; of the player to move, who has a
// move. Means nothing if the run was interrupted.
struct ExactResult {
    int discs = 0;
    Square move = no_square;
};
ExactResult solve_exactly(SearchRun& run);
ExactResult solve_winner(SearchRun& run);  // discs is 1, 0 or -1

}  // namespace kiln::othello

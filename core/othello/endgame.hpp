// Endgame: the exact result of a position under best play, in discs, without an evaluation.
//
// Alpha-beta over discs with a transposition table that only holds exact bounds, stability
// cut-offs, fastest-first and parity ordering, and unrolled last squares. Positions with few
// empties are solved without the table. No recursion deeper than the number of empties plus passes;
// no memory but the table. One thread. Searcher (search.hpp) solves with an evaluation's help,
// which pays from about a dozen empties on.
#pragma once

#include <cstdint>

#include "core/othello/board.hpp"
#include "core/othello/interrupt.hpp"
#include "core/othello/transposition_table.hpp"

namespace kiln::othello {

struct EndgameResult {
    int discs = 0;            // final difference for the player to move
    Square move = no_square;  // a best move; no_square when there is none
    std::uint64_t nodes = 0;
    bool is_complete = false;  // false: interrupted, nothing above means anything
};

class Endgame {
  public:
    void bind(TranspositionTable& table) { table_ = &table; }

    // guess_discs: an estimate of the result; a good one saves work, any gives the same result.
    EndgameResult solve(Board board, int guess_discs, const Interrupt& interrupt);

    // Only who wins: discs is 1, 0 or -1. Several times faster.
    EndgameResult solve_winner(Board board, const Interrupt& interrupt);

    TranspositionTable& table() { return *table_; }

  private:
    EndgameResult solve_within(Board board, int alpha, int beta, bool is_widened,
                               const Interrupt& interrupt);

    TranspositionTable* table_ = nullptr;
};

}  // namespace kiln::othello

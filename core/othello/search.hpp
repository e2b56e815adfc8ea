// Search: iterative deepening principal variation search over the pattern evaluation.
//
// Limits are depth, nodes or milliseconds; whichever binds first ends it, also inside an iteration,
// and the best line found so far is the answer (at least one ply is always complete). From
// `exact_empties` empties on the position is solved to the end instead, however long that takes.
// With limits in depth or nodes the result is a function of position, model, limits, table size and
// what was searched since table().begin_game(). Those searches should share one selectivity: the
// table does not remember which of its values are rough.
//
// Searcher holds its stack and needs no other memory than the table. One thread a searcher.
#pragma once

#include <cstdint>

#include "core/othello/evaluator.hpp"
#include "core/othello/search_run.hpp"

namespace kiln::othello {

struct SearchLimits {
    int depth = 60;             // plies, 1 .. 60; passes do not count
    std::uint64_t nodes = 0;    // 0: no limit
    std::uint64_t time_ns = 0;  // 0: no limit; results are then not reproducible
    int exact_empties = 0;      // solve exactly at this many empties and below
    int selectivity = 0;        // of multi-ProbCut, 0: none, 1 .. 4 (probcut.hpp)
    bool only_winner = false;   // solve only for who wins: scores are +-1 disc or 0
};

struct SearchResult {
    Score score = 0;           // for the player to move
    Square move = no_square;   // no_square: the player must pass, or the game is over
    int depth = 0;             // plies of the deepest finished iteration
    bool is_exact = false;     // the score is the game's result under best play
    bool was_stopped = false;  // by the stop flag; the rest is still the best known so far
    std::uint64_t nodes = 0;   // positions visited
    // Where the score comes from: the end of the principal variation.
    bool has_leaf = false;  // false: solved, or the variation ends in a finished game
    Board leaf;
    bool leaf_is_root_side = false;  // the same player is to move there
};

class Searcher {
  public:
    // The model and table must outlive the searcher.
    void bind(const Model& model, TranspositionTable& table);

    // stop and clock may be null if the limits need no clock and nobody will stop the search.
    SearchResult search(Board board, const SearchLimits& limits, const std::atomic<bool>* stop,
                        Clock* clock);

    // Searches from now on show that they get on; nullptr: they do not.
    void set_heartbeat(Heartbeat* heartbeat) { heartbeat_ = heartbeat; }

    TranspositionTable& table() { return *table_; }
    const Model& model() const { return *model_; }

  private:
    SearchRun begin(Board board, const Interrupt& interrupt);
    SearchResult solve(Board board, const SearchLimits& limits, const Interrupt& interrupt);
    SearchResult deepen(Board board, const SearchLimits& limits, const Interrupt& interrupt);

    const Model* model_ = nullptr;
    TranspositionTable* table_ = nullptr;
    Heartbeat* heartbeat_ = nullptr;
    SearchFrame frames_[SearchRun::frame_capacity];
};

}  // namespace kiln::othello

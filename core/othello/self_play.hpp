// Self-play: one game from a ticket, against frozen weights.
//
// The game is a function of (settings, model, ticket): a random opening, then searched moves with a
// share of random ones, then perfect play from `exact_empties` on. Its lambda-returns become errors
// at the positions they are charged to.
#pragma once

#include <cstdint>

#include "core/othello/game_record.hpp"
#include "core/othello/search.hpp"
#include "core/othello/settings.hpp"
#include "core/train/workload.hpp"

namespace kiln::othello {

// A move of a game and how it came about.
struct PlayedMove {
    Board board;  // before the move, the player to move first
    bool is_black = true;
    Square move = no_square;
    bool is_opening = false;      // a random ply before the game proper: nothing was searched
    bool is_exploratory = false;  // drawn, although the search had an answer
    int step = -1;                // of the returns; -1: none
    SearchResult search;          // empty for opening plies
};

// What a searched move teaches, known when the game is over.
struct LearnedStep {
    int step = 0;              // counted as in PlayedMove
    double target = 0;         // target for the player to move there, score units
    bool is_charged = false;   // false: it changes nothing
    Board charged;             // the position the error is charged to, ...
    bool is_same_side = true;  // ... whether the player to move there made the move, ...
    int stage = 0;             // ... its stage ...
    Score value = 0;           // ... and its static value, for the player to move there
    std::int32_t error = 0;    // target minus value there, clipped and rounded
    int at = -1;               // in GameRecord::errors and features
};

// Watches a game being played, for debugging. Training passes none.
class GameObserver {
  public:
    virtual void on_move(const PlayedMove& move) = 0;
    virtual void on_step(const LearnedStep& step) = 0;  // in the order of play

  protected:
    ~GameObserver() = default;
};

// Fills the record; abandoned when the context's stop flag was raised meanwhile. An observer
// changes nothing of the game.
PlayOutcome play_game(const OthelloSettings& settings, Searcher& searcher,
                      const WorkContext& context, std::uint64_t ticket, GameRecord& record,
                      GameObserver* observer = nullptr);

// Adds a search's figures to a game's.
void note_search(const SearchResult& result, GameSummary& summary);

}  // namespace kiln::othello

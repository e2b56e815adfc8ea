// Replaying a game from its record: its moves again, every position behind the opening searched as
// the game searched it.
//
// Takes nothing from the game's random numbers, so that agreement with the record shows both right.
// Needs the weights, settings and table size of the original. One thread.
#pragma once

#include "core/othello/self_play.hpp"

namespace kiln::othello {

struct Replay {
    GameSummary summary;    // found by the replay; exploratory moves are the record's, since
                            // moves alone do not tell what was drawn
    int illegal_move = -1;  // the first move that cannot be played; what follows was not replayed
    bool is_over = false;   // the moves lead to the end of the game
    bool was_stopped = false;

    // Legal to the end, with every figure of the record's summary.
    bool agrees_with(const GameRecord& record) const;
};

// limits: of the ticket that was played. observer: told of every move, never of steps; may be null.
Replay replay_game(const SearchLimits& limits, Searcher& searcher, const WorkContext& context,
                   const GameRecord& record, GameObserver* observer);

}  // namespace kiln::othello

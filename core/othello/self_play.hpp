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

// Fills the record; abandoned when the context's stop flag was raised meanwhile.
PlayOutcome play_game(const OthelloSettings& settings, Searcher& searcher,
                      const WorkContext& context, std::uint64_t ticket, GameRecord& record);

}  // namespace kiln::othello

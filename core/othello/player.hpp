// Players that choose a move: the model behind a search, and the two baselines it must beat.
#pragma once

#include "core/base/random.hpp"
#include "core/othello/board.hpp"

namespace kiln::othello {

// Whom a model plays against.
enum class Opponent : std::uint32_t {
    random = 0,
    corner_edge = 1,
    model = 2,  // another one
};
constexpr std::uint32_t opponent_count = 3;

// Any legal move, each as likely. CHECK: there is one.
Square choose_random(RandomStream& random, Board board);

// The corner and edge heuristic. In this order: a corner; an edge square that is not beside an
// empty corner; any other square that is not beside an empty corner; a C-square, then an X-square,
// beside an empty corner. Among equals each is as likely. CHECK: there is a legal move.
Square choose_corner_edge(RandomStream& random, Board board);

}  // namespace kiln::othello

// Backward lambda-returns: from a game's result to a target for each of its positions.
//
// Sutton and Barto, "Reinforcement Learning" (2nd ed.), section 12.1, for two players: with G and V
// seen by the player to move at t, and the sign turned where the next position belongs to the other
// player,
//
//     G_t = (1 - lambda) V_{t+1} + lambda G_{t+1},        G_last = the result.
//
// An exploratory move says nothing about the position it was played in, so the return is cut there:
// G_t = V_t. Lambda is applied here and nowhere else; there are no eligibility traces besides.
#pragma once

#include <span>

#include "core/othello/score.hpp"

namespace kiln::othello {

struct Step {
    Score value = 0;  // searched value, for the player to move
    bool is_black_to_move = true;
    bool is_exploratory = false;  // the move played was a random one
};

// result: the final difference, black's view, in score units. returns[t]: target for the player to
// move at step t. Both spans have the same length.
void lambda_returns(std::span<const Step> steps, Score result, double lambda,
                    std::span<double> returns);

}  // namespace kiln::othello

// Othello's slow references: the definitions that the engine must agree with, without its kernels.
//
// Squares are looked at one by one, lines are played to their ends; nothing is remembered and
// nothing is cut off, save by solve_slowly() and search_slowly(), which prune as the textbooks do.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "core/othello/evaluator.hpp"

namespace kiln::test {

// Empty squares with one of these discs beside them.
inline int count_touched(const othello::Board& board, othello::Bits discs) {
    int count = 0;
    for (int square = 0; square < othello::square_count; ++square) {
        if ((board.occupied() & othello::bit(square)) != 0)
            continue;
        bool is_touched = false;
        for (int other = 0; other < othello::square_count; ++other)
            if ((discs & othello::bit(other)) != 0 && std::abs(square / 8 - other / 8) <= 1 &&
                std::abs(square % 8 - other % 8) <= 1)
                is_touched = true;
        count += is_touched;
    }
    return count;
}

// What a pair's table holds a position under: two numbers below 32, the first of them counts
// thirty-twos.
inline std::uint32_t pair_configuration(int own, int opponent) {
    return static_cast<std::uint32_t>(std::min(own, 31) * 32 + std::min(opponent, 31));
}

// What a lane sees of a position, 0 .. play_size - 1.
inline std::uint32_t configuration_of(const othello::Geometry& geometry, int shape, int lane,
                                      const othello::Board& board) {
    using othello::LaneKind;
    const auto& layout = geometry.shape(shape);
    if (layout.kind == LaneKind::mobility)
        return pair_configuration(
            std::popcount(othello::scalar::legal_moves(board)),
            std::popcount(othello::scalar::legal_moves(othello::after_pass(board))));
    if (layout.kind == LaneKind::frontier)
        return pair_configuration(count_touched(board, board.opponent),
                                  count_touched(board, board.own));
    if (layout.kind == LaneKind::count)
        return static_cast<std::uint32_t>(othello::square_count + std::popcount(board.own) -
                                          std::popcount(board.opponent));
    std::uint32_t configuration = 0;
    std::uint32_t place_value = 1;
    for (const othello::Square square : geometry.lane_squares(shape, lane)) {
        // Digits of -1, 0 and 1, moved up by one.
        const bool own = (board.own & othello::bit(square)) != 0;
        const bool opponent = (board.opponent & othello::bit(square)) != 0;
        configuration += place_value * (own ? 2u : opponent ? 0u : 1u);
        place_value *= 3;
    }
    return configuration;
}

inline othello::Board play_slowly(const othello::Board& board, int square) {
    return othello::after_move(board, square, othello::scalar::flips(board, square));
}

// The exact result: every line to the end of the game.
inline int solve_plainly(const othello::Board& board) {
    const othello::Bits moves = othello::legal_moves(board);
    if (moves == 0) {
        if (othello::legal_moves(othello::after_pass(board)) == 0)
            return othello::final_score(board);
        return -solve_plainly(othello::after_pass(board));
    }
    int best = -65;
    for (othello::Bits left = moves; left != 0; left &= left - 1) {
        const int square = std::countr_zero(left);
        best = std::max(best, -solve_plainly(othello::after_move(board, square,
                                                                 othello::flips(board, square))));
    }
    return best;
}

// The same by alpha-beta: for more empties than every line can be played of.
inline int solve_slowly(const othello::Board& board, int alpha = -65, int beta = 65) {
    const othello::Bits moves = othello::legal_moves(board);
    if (moves == 0) {
        if (othello::legal_moves(othello::after_pass(board)) == 0)
            return othello::final_score(board);
        return -solve_slowly(othello::after_pass(board), -beta, -alpha);
    }
    for (othello::Bits left = moves; left != 0 && alpha < beta; left &= left - 1) {
        const int square = std::countr_zero(left);
        const othello::Board child =
            othello::after_move(board, square, othello::flips(board, square));
        alpha = std::max(alpha, -solve_slowly(child, -beta, -alpha));
    }
    return alpha;
}

// The value of a search of so many plies: passes are free, finished games count by their result,
// and at the horizon a wipe-out in one by its result too.
inline othello::Score minimax(const othello::Model& model, const othello::Board& board, int depth) {
    if (othello::is_over(board))
        return othello::final_score(board) * othello::score_per_disc;
    if (depth == 0)
        return othello::can_wipe_out(board) ? othello::score_max : model.evaluate(board);
    const othello::Bits moves = othello::legal_moves(board);
    if (moves == 0)
        return -minimax(model, othello::after_pass(board), depth);
    othello::Score best = -othello::score_infinite;
    for (othello::Bits left = moves; left != 0; left &= left - 1) {
        const int square = std::countr_zero(left);
        best = std::max(
            best, -minimax(model, othello::after_move(board, square, othello::flips(board, square)),
                           depth - 1));
    }
    return best;
}

// The same by alpha-beta.
inline othello::Score search_slowly(const othello::Model& model, const othello::Board& board,
                                    int depth, othello::Score alpha = -othello::score_infinite,
                                    othello::Score beta = othello::score_infinite) {
    if (depth == 0 || othello::is_over(board))
        return minimax(model, board, 0);
    const othello::Bits moves = othello::legal_moves(board);
    if (moves == 0)
        return -search_slowly(model, othello::after_pass(board), depth, -beta, -alpha);
    for (othello::Bits left = moves; left != 0 && alpha < beta; left &= left - 1) {
        const int square = std::countr_zero(left);
        const othello::Board child =
            othello::after_move(board, square, othello::flips(board, square));
        alpha = std::max(alpha, -search_slowly(model, child, depth - 1, -beta, -alpha));
    }
    return alpha;
}

// Whether a fail-soft search of a window may answer so, of a position with that value.
inline bool is_right_within(int value, int alpha, int beta, int answer) {
    return answer <= alpha ? value <= answer : answer >= beta ? value >= answer : value == answer;
}

}  // namespace kiln::test

#include "core/othello/board.hpp"

#include "core/othello/moves-inl.hpp"

namespace kiln::othello {

Bits legal_moves(Board board) {
    return HWY_STATIC_DISPATCH(legal_moves_simd)(board);
}

Bits flips(Board board, int square) {
    return HWY_STATIC_DISPATCH(flips_simd)(board, square);
}

bool is_over(Board board) {
    return legal_moves(board) == 0 && legal_moves(after_pass(board)) == 0;
}

bool can_wipe_out(Board board) {
    return HWY_STATIC_DISPATCH(can_wipe_out_simd)(board);
}

int final_score(Board board) {
    const int difference = std::popcount(board.own) - std::popcount(board.opponent);
    if (difference > 0)
        return difference + board.empties();
    if (difference < 0)
        return difference - board.empties();
    return 0;
}

namespace scalar {

Bits flips(Board board, int square) {
    Bits flipped = 0;
    for (int rank_step = -1; rank_step <= 1; ++rank_step) {
        for (int file_step = -1; file_step <= 1; ++file_step) {
            if (rank_step == 0 && file_step == 0)
                continue;
            Bits run = 0;
            int rank = square / 8 + rank_step;
            int file = square % 8 + file_step;
            while (rank >= 0 && rank < 8 && file >= 0 && file < 8) {
                const Bits here = bit(rank * 8 + file);
                if ((board.opponent & here) == 0) {
                    if ((board.own & here) != 0)
                        flipped |= run;
                    break;
                }
                run |= here;
                rank += rank_step;
                file += file_step;
            }
        }
    }
    return flipped;
}

Bits legal_moves(Board board) {
    Bits moves = 0;
    for (int square = 0; square < square_count; ++square)
        if ((board.empty() & bit(square)) != 0 && scalar::flips(board, square) != 0)
            moves |= bit(square);
    return moves;
}

}  // namespace scalar
}  // namespace kiln::othello

#include "core/othello/perft.hpp"

#include "core/othello/moves-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace kiln::othello::HWY_NAMESPACE {

std::uint64_t perft_simd(Board board, int depth) {
    if (depth == 0)
        return 1;
    Bits moves = legal_moves_simd(board);
    if (moves == 0) {
        const Board passed = after_pass(board);
        return legal_moves_simd(passed) == 0 ? 1 : perft_simd(passed, depth - 1);
    }
    if (depth == 1)
        return static_cast<std::uint64_t>(std::popcount(moves));
    std::uint64_t leaves = 0;
    for (; moves != 0; moves &= moves - 1) {
        const int square = std::countr_zero(moves);
        leaves += perft_simd(after_move(board, square, flips_simd(board, square)), depth - 1);
    }
    return leaves;
}

}  // namespace kiln::othello::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

namespace kiln::othello {

std::uint64_t perft(Board board, int depth) {
    return HWY_STATIC_DISPATCH(perft_simd)(board, depth);
}

}  // namespace kiln::othello

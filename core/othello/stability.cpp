#include "core/othello/stability.hpp"

namespace kiln::othello {
namespace {

constexpr Bits file_a = 0x0101010101010101u;
constexpr Bits file_h = file_a << 7;
constexpr Bits rank_1 = 0xffu;
constexpr Bits rank_8 = rank_1 << 56;
constexpr Bits edges = file_a | file_h | rank_1 | rank_8;

// The squares from which `steps` steps backwards along a direction leave the board.
constexpr Bits without_predecessor(int rank_step, int file_step, int steps) {
    Bits squares = 0;
    for (int square = 0; square < square_count; ++square) {
        const int rank = square / 8 - rank_step * steps;
        const int file = square % 8 - file_step * steps;
        if (rank < 0 || rank > 7 || file < 0 || file > 7)
            squares |= bit(square);
    }
    return squares;
}

// Squares on full lines of one direction. Three doublings: after each, a bit says that 2, 4, 8
// squares from here backwards (or forwards) are occupied or off the board.
template <int rank_step, int file_step>
Bits full_lines(Bits occupied) {
    constexpr int shift = 8 * rank_step + file_step;
    Bits backward = occupied;
    backward &= backward << shift | without_predecessor(rank_step, file_step, 1);
    backward &= backward << 2 * shift | without_predecessor(rank_step, file_step, 2);
    backward &= backward << 4 * shift | without_predecessor(rank_step, file_step, 4);
    Bits forward = occupied;
    forward &= forward >> shift | without_predecessor(-rank_step, -file_step, 1);
    forward &= forward >> 2 * shift | without_predecessor(-rank_step, -file_step, 2);
    forward &= forward >> 4 * shift | without_predecessor(-rank_step, -file_step, 4);
    return backward & forward;
}

}  // namespace

Bits stable_discs(Bits own, Bits occupied) {
    const Bits horizontal = full_lines<0, 1>(occupied) | file_a | file_h;
    const Bits vertical = full_lines<1, 0>(occupied) | rank_1 | rank_8;
    const Bits falling = full_lines<1, -1>(occupied) | edges;
    const Bits rising = full_lines<1, 1>(occupied) | edges;
    Bits stable = 0;
    for (Bits grown = own & horizontal & vertical & falling & rising; grown != stable;) {
        stable = grown;
        const Bits to_h = stable & ~file_h;
        const Bits to_a = stable & ~file_a;
        grown = own & (horizontal | to_h << 1 | to_a >> 1) &
                (vertical | stable << 8 | stable >> 8) & (falling | to_a << 7 | to_h >> 7) &
                (rising | to_h << 9 | to_a >> 9);
    }
    return stable;
}

}  // namespace kiln::othello

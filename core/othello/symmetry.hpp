// The eight symmetries of the board. Each is a rotation or reflection without a change of colours,
// and every one of them leaves the rules of Othello as they are.
#pragma once

#include "core/othello/board.hpp"

namespace kiln::othello {

constexpr int symmetry_count = 8;

// Where symmetry s (0 .. 7) takes a square. 0 is the identity; bit 0 flips files, bit 1 flips
// ranks, then bit 2 exchanges files and ranks.
constexpr int transform_square(int symmetry, int square) {
    int file = square % 8;
    int rank = square / 8;
    if ((symmetry & 1) != 0)
        file = 7 - file;
    if ((symmetry & 2) != 0)
        rank = 7 - rank;
    if ((symmetry & 4) != 0) {
        const int old_file = file;
        file = rank;
        rank = old_file;
    }
    return rank * 8 + file;
}

constexpr Bits transform_bits(int symmetry, Bits bits) {
    Bits out = 0;
    for (; bits != 0; bits &= bits - 1)
        out |= bit(transform_square(symmetry, std::countr_zero(bits)));
    return out;
}

constexpr Board transform(int symmetry, Board board) {
    return {transform_bits(symmetry, board.own), transform_bits(symmetry, board.opponent)};
}

// The same for all eight images of a position: the least of them.
constexpr Board canonical(Board board) {
    Board least = board;
    for (int symmetry = 1; symmetry < symmetry_count; ++symmetry) {
        const Board image = transform(symmetry, board);
        if (image.own < least.own || (image.own == least.own && image.opponent < least.opponent))
            least = image;
    }
    return least;
}

}  // namespace kiln::othello

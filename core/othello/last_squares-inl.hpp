// The end of the endgame: exact values with one to four empty squares, unrolled.
//
// Included inside other files' HWY_NAMESPACE so that the solver can inline them. Values are discs,
// for the player to move, fail-soft within (alpha, beta). Squares are handed down, so that nobody
// looks for them again. Every function counts the positions it visits.
#pragma once

#include <algorithm>
#include <cstdint>

#include <hwy/highway.h>

#include "core/othello/moves-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace kiln::othello::HWY_NAMESPACE {

constexpr int discs_infinite = 65;

// The squares around each square: without an opponent's disc there a move turns nothing.
struct Neighbourhoods {
    Bits around[square_count];
};

constexpr Neighbourhoods make_neighbourhoods() {
    Neighbourhoods table{};
    for (int square = 0; square < square_count; ++square)
        for (int direction = 0; direction < 4; ++direction) {
            const Rays& rays = ray_table.rays[square];
            const Bits up = rays.up[direction];
            const Bits down = rays.down[direction];
            table.around[square] |= up & (~up + 1);
            if (down != 0)
                table.around[square] |= bit(63 - std::countl_zero(down));
        }
    return table;
}

inline constexpr Neighbourhoods neighbourhoods = make_neighbourhoods();

inline bool may_turn(Board board, int square) {
    return (board.opponent & neighbourhoods.around[square]) != 0;
}

// How many discs turn in a line of eight when its last empty square is filled: everything else in
// the line is the opponent's where it is not own. Twice that, which is what a score changes by.
struct LineFlips {
    std::uint8_t twice[8][256];
};

constexpr LineFlips make_line_flips() {
    LineFlips table{};
    for (int at = 0; at < 8; ++at)
        for (int own = 0; own < 256; ++own) {
            int turned = 0;
            for (int step = -1; step <= 1; step += 2) {
                int run = 0;
                int to = at + step;
                while (to >= 0 && to < 8 && (own >> to & 1) == 0) {
                    ++run;
                    to += step;
                }
                if (to >= 0 && to < 8)
                    turned += run;
            }
            table.twice[at][own] = static_cast<std::uint8_t>(2 * turned);
        }
    return table;
}

inline constexpr LineFlips line_flips = make_line_flips();

// The two diagonals through a square, the square included.
struct Diagonals {
    Bits rising[square_count];
    Bits falling[square_count];
};

constexpr Diagonals make_diagonals() {
    Diagonals table{};
    for (int square = 0; square < square_count; ++square) {
        const Rays& rays = ray_table.rays[square];
        table.falling[square] = rays.up[2] | rays.down[2] | bit(square);
        table.rising[square] = rays.up[3] | rays.down[3] | bit(square);
    }
    return table;
}

inline constexpr Diagonals diagonals = make_diagonals();

// A diagonal leaves at most one disc in each file, so multiplying adds up the ranks without a
// carry; for a file the factor moves rank r to bit 56 + r.
inline int last_flips_twice(Bits own, int square) {
    constexpr Bits file_a = 0x0101010101010101u;
    constexpr Bits ranks_to_top = 0x0102040810204080u;
    const int file = square & 7;
    const int rank = square >> 3;
    return line_flips.twice[file][own >> (8 * rank) & 0xff] +
           line_flips.twice[rank][((own >> file & file_a) * ranks_to_top) >> 56] +
           line_flips.twice[file][((own & diagonals.rising[square]) * file_a) >> 56] +
           line_flips.twice[file][((own & diagonals.falling[square]) * file_a) >> 56];
}

inline int score_of_finished(Board board) {
    const int difference = std::popcount(board.own) - std::popcount(board.opponent);
    const int empties = board.empties();
    return difference > 0 ? difference + empties : difference < 0 ? difference - empties : 0;
}

inline int one_left(std::uint64_t& nodes, Bits own, int square) {
    ++nodes;
    const int difference = 2 * std::popcount(own) - 64;  // if the empty square were the opponent's
    const int turned = last_flips_twice(own, square);
    if (turned != 0)
        return difference + turned + 2;
    const int lost = last_flips_twice(~own & ~bit(square), square);
    if (lost != 0)
        return difference - lost;
    // Nobody can play: the square goes to the winner, and 63 discs are no draw.
    return difference >= 0 ? difference + 2 : difference;
}

inline int two_left(std::uint64_t& nodes, Board board, int alpha, int beta, int first, int second) {
    ++nodes;
    int best = -discs_infinite;
    if (may_turn(board, first))
        if (const Bits flipped = flips_simd(board, first); flipped != 0) {
            best = -one_left(nodes, board.opponent ^ flipped, second);
            if (best >= beta)
                return best;
        }
    if (may_turn(board, second))
        if (const Bits flipped = flips_simd(board, second); flipped != 0)
            best = std::max(best, -one_left(nodes, board.opponent ^ flipped, first));
    if (best != -discs_infinite)
        return best;
    // A pass: the other player's two moves, from his side.
    ++nodes;
    const Board passed = after_pass(board);
    int worst = discs_infinite;
    if (const Bits flipped = flips_simd(passed, first); flipped != 0) {
        worst = one_left(nodes, passed.opponent ^ flipped, second);
        if (worst <= alpha)
            return worst;
    }
    if (const Bits flipped = flips_simd(passed, second); flipped != 0)
        worst = std::min(worst, one_left(nodes, passed.opponent ^ flipped, first));
    return worst != discs_infinite ? worst : score_of_finished(board);
}

// Which of the four 4x4 quadrants a square is in. A region with an odd number of empty squares is
// played in first: it tends to leave the opponent the last move nowhere (parity).
inline int quadrant_of(int square) {
    return (square >> 5 & 1) * 2 + (square >> 2 & 1);
}

int three_left(std::uint64_t& nodes, Board board, int alpha, int beta, int a, int b, int c,
               bool passed);
int four_left(std::uint64_t& nodes, Board board, int alpha, int beta, const int* squares,
              bool passed);

inline int three_left(std::uint64_t& nodes, Board board, int alpha, int beta, int a, int b, int c,
                      bool passed) {
    ++nodes;
    // A square alone in its quadrant comes first.
    if (quadrant_of(a) == quadrant_of(b))
        std::swap(a, c);
    else if (quadrant_of(a) == quadrant_of(c))
        std::swap(a, b);
    int best = -discs_infinite;
    const int order[3][3] = {{a, b, c}, {b, a, c}, {c, a, b}};
    for (const auto& squares : order) {
        if (!may_turn(board, squares[0]))
            continue;
        const Bits flipped = flips_simd(board, squares[0]);
        if (flipped == 0)
            continue;
        const int value = -two_left(nodes, after_move(board, squares[0], flipped), -beta,
                                    -std::max(alpha, best), squares[1], squares[2]);
        if (value > best) {
            best = value;
            if (best >= beta)
                return best;
        }
    }
    if (best != -discs_infinite)
        return best;
    if (passed)
        return score_of_finished(board);
    return -three_left(nodes, after_pass(board), -beta, -alpha, a, b, c, true);
}

// squares: the four, those in odd quadrants first.
inline int four_left(std::uint64_t& nodes, Board board, int alpha, int beta, const int* squares,
                     bool passed) {
    ++nodes;
    int best = -discs_infinite;
    for (int i = 0; i < 4; ++i) {
        const int square = squares[i];
        if (!may_turn(board, square))
            continue;
        const Bits flipped = flips_simd(board, square);
        if (flipped == 0)
            continue;
        const int value = -three_left(nodes, after_move(board, square, flipped), -beta,
                                      -std::max(alpha, best), squares[i == 0 ? 1 : 0],
                                      squares[i <= 1 ? 2 : 1], squares[i <= 2 ? 3 : 2], false);
        if (value > best) {
            best = value;
            if (best >= beta)
                return best;
        }
    }
    if (best != -discs_infinite)
        return best;
    if (passed)
        return score_of_finished(board);
    return -four_left(nodes, after_pass(board), -beta, -alpha, squares, true);
}

}  // namespace kiln::othello::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

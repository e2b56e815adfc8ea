// Legal moves and flips, four directions at a time.
//
// Included inside other files' HWY_NAMESPACE so that the search can inline it (-inl: compiled per
// target, see the Highway quick reference). Lanes hold the four line directions: horizontal,
// vertical and the two diagonals. AVX2 does all four in one vector, NEON in two.
#pragma once

#include <cstdint>

#include <hwy/highway.h>

#include "core/othello/board.hpp"

HWY_BEFORE_NAMESPACE();
namespace kiln::othello::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Rays from a square to the edge: towards higher bits, and towards lower bits, one a direction.
struct alignas(32) Rays {
    std::uint64_t up[4];
    std::uint64_t down[4];
};

struct RayTable {
    Rays rays[64];
};

constexpr int direction_step[4] = {1, 8, 7, 9};
constexpr int direction_file[4] = {1, 0, -1, 1};  // change of file for a step towards higher bits

constexpr RayTable make_ray_table() {
    RayTable table{};
    for (int square = 0; square < 64; ++square) {
        for (int direction = 0; direction < 4; ++direction) {
            const int step = direction_step[direction];
            const int turn = direction_file[direction];
            std::uint64_t up = 0;
            std::uint64_t down = 0;
            int file = square % 8 + turn;
            for (int to = square + step; to < 64 && file >= 0 && file < 8; to += step, file += turn)
                up |= std::uint64_t{1} << to;
            file = square % 8 - turn;
            for (int to = square - step; to >= 0 && file >= 0 && file < 8; to -= step, file -= turn)
                down |= std::uint64_t{1} << to;
            table.rays[square].up[direction] = up;
            table.rays[square].down[direction] = down;
        }
    }
    return table;
}

inline constexpr RayTable ray_table = make_ray_table();

using Tag = hn::CappedTag<std::uint64_t, 4>;

// Bitwise or of two or four lanes.
inline std::uint64_t or_all(hn::Vec<Tag> lanes) {
    lanes = hn::Or(lanes, hn::Reverse(Tag(), lanes));
    lanes = hn::Or(lanes, hn::Reverse2(Tag(), lanes));
    return hn::GetLane(lanes);
}

// Kogge-Stone fill: runs of opponent discs starting beside an own disc, in both senses of each
// direction; the square behind such a run is a move if it is empty.
inline std::uint64_t legal_moves_simd(Board board) {
    static constexpr std::uint64_t no_edge_files = 0x7e7e7e7e7e7e7e7eu;
    alignas(32) static constexpr std::uint64_t masks[4] = {no_edge_files, ~std::uint64_t{0},
                                                           no_edge_files, no_edge_files};
    alignas(32) static constexpr std::uint64_t steps[4] = {1, 8, 7, 9};
    const Tag tag;
    std::uint64_t moves = 0;
    for (std::size_t lane = 0; lane < 4; lane += hn::Lanes(tag)) {
        const auto own = hn::Set(tag, board.own);
        const auto through = hn::And(hn::Set(tag, board.opponent), hn::Load(tag, masks + lane));
        const auto step = hn::Load(tag, steps + lane);
        const auto two_steps = hn::Add(step, step);

        auto up = hn::And(through, hn::Shl(own, step));
        auto down = hn::And(through, hn::Shr(own, step));
        up = hn::Or(up, hn::And(through, hn::Shl(up, step)));
        down = hn::Or(down, hn::And(through, hn::Shr(down, step)));
        const auto pairs_up = hn::And(through, hn::Shl(through, step));
        const auto pairs_down = hn::Shr(pairs_up, step);
        up = hn::Or(up, hn::And(pairs_up, hn::Shl(up, two_steps)));
        down = hn::Or(down, hn::And(pairs_down, hn::Shr(down, two_steps)));
        up = hn::Or(up, hn::And(pairs_up, hn::Shl(up, two_steps)));
        down = hn::Or(down, hn::And(pairs_down, hn::Shr(down, two_steps)));
        moves |= or_all(hn::Or(hn::Shl(up, step), hn::Shr(down, step)));
    }
    return moves & board.empty();
}

// On each ray the first square that holds no opponent disc decides: if it holds an own disc, the
// squares before it turn. Towards higher bits that square is the lowest set bit; towards lower bits
// it is the highest one, found by smearing downwards along the ray.
inline std::uint64_t flips_simd(Board board, int square) {
    alignas(32) static constexpr std::uint64_t steps[4] = {1, 8, 7, 9};
    const Rays& rays = ray_table.rays[square];
    const Tag tag;
    std::uint64_t flipped = 0;
    for (std::size_t lane = 0; lane < 4; lane += hn::Lanes(tag)) {
        const auto own = hn::Set(tag, board.own);
        const auto opponent = hn::Set(tag, board.opponent);
        const auto zero = hn::Zero(tag);
        const auto step = hn::Load(tag, steps + lane);
        const auto two_steps = hn::Add(step, step);

        const auto up = hn::Load(tag, rays.up + lane);
        const auto up_stops = hn::AndNot(opponent, up);
        const auto up_first = hn::And(up_stops, hn::Sub(zero, up_stops));
        const auto up_run = hn::And(hn::Sub(up_first, hn::Set(tag, 1)), up);
        const auto up_closed = hn::Ne(hn::And(up_first, own), zero);

        const auto down = hn::Load(tag, rays.down + lane);
        const auto down_stops = hn::AndNot(opponent, down);
        auto behind = hn::Shr(down_stops, step);  // squares beyond some stop
        behind = hn::Or(behind, hn::Shr(behind, step));
        behind = hn::Or(behind, hn::Shr(behind, two_steps));
        behind = hn::Or(behind, hn::Shr(behind, hn::Add(two_steps, two_steps)));
        const auto down_first = hn::AndNot(behind, down_stops);
        const auto down_run = hn::AndNot(hn::Or(behind, down_stops), down);
        const auto down_closed = hn::Ne(hn::And(down_first, own), zero);

        flipped |= or_all(hn::Or(hn::IfThenElseZero(up_closed, up_run),
                                 hn::IfThenElseZero(down_closed, down_run)));
    }
    return flipped;
}

inline bool can_wipe_out_simd(Board board) {
    if (std::popcount(board.opponent) > wipe_out_discs_max)
        return false;
    for (Bits moves = legal_moves_simd(board); moves != 0; moves &= moves - 1)
        if (flips_simd(board, std::countr_zero(moves)) == board.opponent)
            return true;
    return false;
}

}  // namespace kiln::othello::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

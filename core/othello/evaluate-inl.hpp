// The evaluation's kernels: features of a position and of its child, the pairs, and the sum over
// the lanes.
//
// Included inside other files' HWY_NAMESPACE so that the search can inline them.
#pragma once

#include <cstddef>
#include <cstdint>

#include <hwy/highway.h>

#include "core/othello/evaluator.hpp"
#include "core/othello/moves-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace kiln::othello::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// What the discs add to each lane. The sums stay in registers over all discs.
inline void sum_contributions(const Geometry& geometry, Board board, Features& features) {
    const hn::ScalableTag<std::int16_t> tag;
    static_assert(lane_capacity % hn::MaxLanes(tag) == 0);
    constexpr std::size_t vectors = lane_capacity / hn::MaxLanes(tag);
    hn::Vec<decltype(tag)> sums[vectors];
    for (std::size_t v = 0; v < vectors; ++v)
        sums[v] = hn::Zero(tag);
    for (Bits own = board.own; own != 0; own &= own - 1) {
        const std::int16_t* const disc = geometry.contribution(std::countr_zero(own)).index;
        for (std::size_t v = 0; v < vectors; ++v)
            sums[v] = hn::Add(sums[v], hn::Load(tag, disc + v * hn::MaxLanes(tag)));
    }
    for (Bits opponent = board.opponent; opponent != 0; opponent &= opponent - 1) {
        const std::int16_t* const disc = geometry.contribution(std::countr_zero(opponent)).index;
        for (std::size_t v = 0; v < vectors; ++v)
            sums[v] = hn::Sub(sums[v], hn::Load(tag, disc + v * hn::MaxLanes(tag)));
    }
    for (std::size_t v = 0; v < vectors; ++v)
        hn::Store(sums[v], tag, features.index + v * hn::MaxLanes(tag));
}

// Features after the player to move played `square` and turned `flipped`, seen by the other player:
// child = -(parent + placed disc + 2 * turned discs), lane by lane.
inline void child_features(const Geometry& geometry, const Features& parent, int square,
                           Bits flipped, Features& child) {
    const hn::ScalableTag<std::int16_t> tag;
    static_assert(lane_capacity % hn::MaxLanes(tag) == 0);
    constexpr std::size_t vectors = lane_capacity / hn::MaxLanes(tag);
    hn::Vec<decltype(tag)> turned[vectors];
    for (std::size_t v = 0; v < vectors; ++v)
        turned[v] = hn::Zero(tag);
    for (; flipped != 0; flipped &= flipped - 1) {
        const Features& disc = geometry.contribution(std::countr_zero(flipped));
        for (std::size_t v = 0; v < vectors; ++v)
            turned[v] = hn::Add(turned[v], hn::Load(tag, disc.index + v * hn::MaxLanes(tag)));
    }
    const Features& placed = geometry.contribution(square);
    for (std::size_t v = 0; v < vectors; ++v) {
        const std::size_t at = v * hn::MaxLanes(tag);
        const auto before =
            hn::Add(hn::Load(tag, parent.index + at), hn::Load(tag, placed.index + at));
        const auto after = hn::Add(before, hn::Add(turned[v], turned[v]));
        hn::Store(hn::Sub(hn::Zero(tag), after), tag, child.index + at);
    }
}

inline void pass_features(const Features& parent, Features& child) {
    const hn::ScalableTag<std::int16_t> tag;
    for (std::size_t at = 0; at < lane_capacity; at += hn::Lanes(tag))
        hn::Store(hn::Sub(hn::Zero(tag), hn::Load(tag, parent.index + at)), tag, child.index + at);
}

// Every square that touches one of these, and these.
inline Bits neighbours_of(Bits squares) {
    constexpr Bits not_file_a = 0xfefefefefefefefeu;
    constexpr Bits not_file_h = 0x7f7f7f7f7f7f7f7fu;
    const Bits wide = squares | (squares << 1 & not_file_a) | (squares >> 1 & not_file_h);
    return wide | wide << 8 | wide >> 8;
}

// Fills in the lanes that are not carried from position to position. The moves of both players are
// handed in, because a search has them anyway.
inline void count_pairs(const Geometry& geometry, Board board, Bits moves, Bits replies,
                        Features& features) {
    if (const int lane = geometry.mobility_lane(); lane >= 0)
        features.index[lane] =
            static_cast<std::int16_t>(pair_index(std::popcount(moves), std::popcount(replies)));
    if (const int lane = geometry.frontier_lane(); lane >= 0) {
        const Bits empty = board.empty();
        features.index[lane] = static_cast<std::int16_t>(
            pair_index(std::popcount(empty & neighbours_of(board.opponent)),
                       std::popcount(empty & neighbours_of(board.own))));
    }
}

inline void count_pairs(const Geometry& geometry, Board board, Features& features) {
    count_pairs(geometry, board, legal_moves_simd(board), legal_moves_simd(after_pass(board)),
                features);
}

// The sum of the lanes' weights at that stage, in score units. Loads dominate, so four independent
// sums.
inline std::int32_t evaluate_lanes(const Model& model, const Features& features, int stage) {
    const std::uint16_t* weights = model.stage_weights(stage);
    const std::uint32_t* origins = model.geometry().lane_origins();
    const int lanes = model.geometry().lane_count();
    std::uint32_t sums[4] = {};
    int lane = 0;
    for (; lane + 4 <= lanes; lane += 4)
        for (int i = 0; i < 4; ++i)
            sums[i] +=
                weights[static_cast<std::ptrdiff_t>(origins[lane + i]) + features.index[lane + i]];
    for (; lane < lanes; ++lane)
        sums[0] += weights[static_cast<std::ptrdiff_t>(origins[lane]) + features.index[lane]];
    const std::uint32_t sum = sums[0] + sums[1] + sums[2] + sums[3];
    return clamp_heuristic(static_cast<std::int32_t>(sum) - lanes * neutral_weight);
}

}  // namespace kiln::othello::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#include "core/othello/reachable.hpp"

#include <algorithm>
#include <cmath>

namespace kiln::othello {
namespace {

constexpr int discs_min = 4;
constexpr int discs_max = 63;  // a full board is over
constexpr int ring_count = 4;

// 0 for the central squares, 3 for the edge.
constexpr int ring_of(int square) {
    const int file = square % 8;
    const int rank = square / 8;
    return std::max({3 - file, file - 4, 3 - rank, rank - 4});
}

// own minus opponent's discs. Both have at least one.
DiscRange count_range(std::int32_t difference) {
    const int least = std::abs(difference) + 2;
    DiscRange range = {std::max(discs_min, least), discs_max};
    if ((range.low - difference) % 2 != 0)
        ++range.low;
    if ((range.high - difference) % 2 != 0)
        --range.high;
    return range;
}

// Both counts are of empty squares, and they may be the same ones. Where nobody has a move, or an
// empty square beside a disc of the other player's, the game is over.
DiscRange pair_range(std::uint32_t configuration) {
    if (configuration == 0)
        return {};
    const std::uint32_t squares = std::max(configuration / pair_limit, configuration % pair_limit);
    return {discs_min, std::min(discs_max, square_count - static_cast<int>(squares))};
}

}  // namespace

DiscRange reachable_discs(const Geometry& geometry, int shape, std::uint32_t configuration) {
    const Geometry::ShapeLayout& layout = geometry.shape(shape);
    if (layout.kind == LaneKind::mobility || layout.kind == LaneKind::frontier)
        return pair_range(configuration);
    if (layout.kind == LaneKind::count)
        return count_range(static_cast<std::int32_t>(configuration) -
                           static_cast<std::int32_t>(layout.play_size / 2));
    int discs[ring_count] = {};
    int empties = 0;
    int outermost = 0;
    // The sign of a digit does not matter here, and neither does which symmetry placed the shape.
    for (const Square square : geometry.lane_squares(shape, 0)) {
        const int ring = ring_of(square);
        if (configuration % 3 != 1) {
            ++discs[ring];
            outermost = std::max(outermost, ring);
        } else if (ring == 0) {
            return {};
        } else {
            ++empties;
        }
        configuration /= 3;
    }
    int low = discs_min;
    for (int ring = 1; ring <= outermost; ++ring)
        low += std::max(discs[ring], 1);
    return {low, std::min(discs_max, square_count - empties)};
}

bool is_reachable(const Geometry& geometry, int shape, std::uint32_t configuration, int stage) {
    // Every stage has an even and an odd number of discs, so the count's parity leaves none out.
    const DiscRange range = reachable_discs(geometry, shape, configuration);
    return range.low <= range.high && stage_of(range.low) <= stage && stage <= stage_of(range.high);
}

std::uint64_t reachable_slots(const Geometry& geometry) {
    std::uint64_t slots = 0;
    for (int shape = 0; shape < geometry.shape_count(); ++shape) {
        const Geometry::ShapeLayout& layout = geometry.shape(shape);
        for (std::uint32_t at = 0; at < layout.slot_count; ++at) {
            const DiscRange range =
                reachable_discs(geometry, shape, geometry.members(shape, at).first);
            if (range.low <= range.high)
                slots += static_cast<std::uint64_t>(stage_of(range.high) - stage_of(range.low) + 1);
        }
    }
    return slots;
}

}  // namespace kiln::othello

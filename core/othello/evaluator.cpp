#include "core/othello/evaluator.hpp"

#include <cmath>

#include "core/base/check.hpp"
#include "core/othello/evaluate-inl.hpp"

namespace kiln::othello {

Model::Model(const Geometry& geometry, std::span<const std::uint16_t> weights)
    : geometry_(&geometry), weights_(weights) {
    CHECK(weights.size() == std::size_t{stage_count} * geometry.play_entries_per_stage());
}

Score Model::evaluate(Board board) const {
    return evaluate(geometry_->features(board), stage_of(board.discs()));
}

Score Model::evaluate(const Features& features, int stage) const {
    return HWY_STATIC_DISPATCH(evaluate_lanes)(*this, features, stage);
}

namespace scalar {
namespace {

// How many empty squares have one of these discs beside them.
int touching(Board board, Bits discs) {
    int count = 0;
    for (int square = 0; square < square_count; ++square) {
        bool touches = false;
        for (int other = 0; other < square_count; ++other)
            touches =
                touches || ((discs & bit(other)) != 0 && std::abs(square / 8 - other / 8) <= 1 &&
                            std::abs(square % 8 - other % 8) <= 1);
        count += touches && (board.empty() & bit(square)) != 0;
    }
    return count;
}

}  // namespace

Score evaluate(const Model& model, Board board) {
    const Geometry& geometry = model.geometry();
    const std::uint16_t* weights = model.stage_weights(stage_of(board.discs()));
    Score sum = 0;
    for (int shape = 0; shape < geometry.shape_count(); ++shape) {
        const Geometry::ShapeLayout& layout = geometry.shape(shape);
        for (int lane = 0; lane < layout.lane_count; ++lane) {
            std::int32_t configuration = static_cast<std::int32_t>(layout.play_size / 2);
            if (layout.kind == LaneKind::mobility)
                configuration += pair_index(std::popcount(scalar::legal_moves(board)),
                                            std::popcount(scalar::legal_moves(after_pass(board))));
            if (layout.kind == LaneKind::frontier)
                configuration +=
                    pair_index(touching(board, board.opponent), touching(board, board.own));
            std::int32_t place_value = 1;
            for (const Square square : geometry.lane_squares(shape, lane)) {
                if ((board.own & bit(square)) != 0)
                    configuration += place_value;
                else if ((board.opponent & bit(square)) != 0)
                    configuration -= place_value;
                place_value *= layout.base;
            }
            sum += weights[layout.play_offset + static_cast<std::uint32_t>(configuration)] -
                   neutral_weight;
        }
    }
    return clamp_heuristic(sum);
}

}  // namespace scalar
}  // namespace kiln::othello

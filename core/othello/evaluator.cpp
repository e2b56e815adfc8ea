#include "core/othello/evaluator.hpp"

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

Score evaluate(const Model& model, Board board) {
    const Geometry& geometry = model.geometry();
    const std::uint16_t* weights = model.stage_weights(stage_of(board.discs()));
    Score sum = 0;
    for (int lane = 0; lane < geometry.lane_count(); ++lane) {
        std::int32_t index = 0;
        std::int32_t place_value = 1;
        for (const Square square : geometry.lane_squares(lane)) {
            if ((board.own & bit(square)) != 0)
                index += place_value;
            else if ((board.opponent & bit(square)) != 0)
                index -= place_value;
            place_value *= 3;
        }
        sum += weights[static_cast<std::int64_t>(geometry.lane_origins()[lane]) + index] -
               neutral_weight;
    }
    return clamp_heuristic(sum);
}

}  // namespace scalar
}  // namespace kiln::othello

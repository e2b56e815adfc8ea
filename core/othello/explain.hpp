// Explaining an evaluation: which weights a position uses, and where a weight stands.
//
// For the commands that debug, nothing here is on the way of training. Pure functions of geometry
// and tables; all memory is the caller's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/othello/evaluator.hpp"

namespace kiln::othello {

// A weight: a class of mirror images of a shape at a stage.
struct WeightPlace {
    int stage = 0;
    int shape = 0;
    std::uint32_t class_index = 0;

    bool operator==(const WeightPlace&) const = default;
};

// Of the weight's first configuration, in the table of weights of all stages.
std::size_t play_index(const Geometry& geometry, const WeightPlace& place);
// In the table of learning slots of all stages.
std::size_t slot_index(const Geometry& geometry, const WeightPlace& place);
// Its inverse. CHECK: there is such a slot.
WeightPlace place_of_slot(const Geometry& geometry, std::size_t slot);

// One lane's part in an evaluation.
struct LaneView {
    WeightPlace place;
    int lane = 0;                     // of the shape's
    std::uint32_t configuration = 0;  // 0 .. play_size - 1
    std::size_t play_index = 0;       // of this configuration, in the table of all stages
    Score value = 0;                  // weight minus neutral; these sum to the evaluation
};

// Every lane of the evaluation of a position; returns how many. views: lane_capacity.
std::size_t explain(const Model& model, Board board, std::span<LaneView, lane_capacity> views);
// The weights that features at a stage use, as LaneViews without values.
std::size_t explain(const Geometry& geometry, const Features& features, int stage,
                    std::span<LaneView, lane_capacity> views);

// A configuration as text, a character a cell in the shape's order: X the player to move, O the
// opponent, - empty. For the count, the difference: "+5".
constexpr std::size_t configuration_text_bytes = 16;
std::string_view configuration_text(const Geometry& geometry, int shape,
                                    std::uint32_t configuration,
                                    std::span<char, configuration_text_bytes> buffer);

}  // namespace kiln::othello

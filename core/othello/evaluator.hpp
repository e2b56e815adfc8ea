// Model: the evaluation's weights with the geometry that gives them meaning.
//
// value(position) = sum over the lanes of (weight - 32768), in 1/256 disc, for the player to move.
// Whole numbers only, so that the value is the same on every machine and under every symmetry of
// the board. Owns nothing; evaluation is thread-safe while nobody writes the weights.
#pragma once

#include <cstdint>
#include <span>

#include "core/othello/geometry.hpp"
#include "core/othello/score.hpp"

namespace kiln::othello {

constexpr std::int32_t neutral_weight = 32768;

class Model {
  public:
    Model() = default;
    // weights: stage_count tables of geometry.play_entries_per_stage() entries.
    Model(const Geometry& geometry, std::span<const std::uint16_t> weights);

    const Geometry& geometry() const { return *geometry_; }
    std::span<const std::uint16_t> weights() const { return weights_; }
    const std::uint16_t* stage_weights(int stage) const {
        return weights_.data() +
               static_cast<std::size_t>(stage) * geometry_->play_entries_per_stage();
    }

    // The value of a position for the player to move, whatever moves there are. From scratch.
    Score evaluate(Board board) const;
    // The same for features that are already known, pairs included.
    Score evaluate(const Features& features, int stage) const;

  private:
    const Geometry* geometry_ = nullptr;
    std::span<const std::uint16_t> weights_;
};

namespace scalar {
// The specification of evaluate(): squares to digits to indices to weights, one by one.
Score evaluate(const Model& model, Board board);
}  // namespace scalar

}  // namespace kiln::othello

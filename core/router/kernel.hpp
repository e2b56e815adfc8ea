// The cell for many samples at once, in SIMD: forward, and back through time.
//
// Lanes run over the units of the state, so that nothing is ever summed across lanes but the head's
// products, which have a fixed order (eight partial sums). Every sum is a chain of fused
// multiply-adds in an order that does not depend on the width of the vectors, and the elementary
// functions are those of core/numeric/elementary.hpp lane by lane: the results are the same bits on
// AVX2 and NEON, and those of the float reference (reference.hpp), its scalar twin. Three matrix
// products are most of the work; one blocked loop does them all.
//
// Works on dense models (low_rank.hpp multiplies factors out) in a packed form: W and U transposed,
// rows padded with zeros to a multiple of eight. Allocates nothing: models, gradients and workspace
// are the caller's, aligned to 64 bytes. Functions are const and may run at the same time on
// workspaces of their own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/router/loss.hpp"
#include "core/router/reference.hpp"
#include "core/router/shape.hpp"

namespace kiln::router {

// Some samples of a batch, by their numbers.
struct Selection {
    const Batch<float>* data = nullptr;
    std::span<const std::uint32_t> chosen;
};

class Kernel {
  public:
    // For sequences of that many steps and up to samples_max of them at once.
    Kernel(const Shape& shape, std::uint32_t samples_max, std::uint32_t steps);
    Kernel() = default;

    // In floats.
    std::size_t model_size() const { return model_size_; }
    std::size_t gradient_size() const { return gradient_size_; }
    std::size_t workspace_size() const { return workspace_size_; }

    // parameters: of the dense model.
    void pack(std::span<const float> parameters, std::span<float> model) const;
    // From a packed gradient to one laid out like the dense parameters.
    void unpack(std::span<const float> gradient, std::span<float> dense_gradient) const;

    // logits: [samples, K].
    void forward(std::span<const float> model, const Selection& selection, std::span<float> logits,
                 std::span<float> workspace) const;
    // The sum over the samples of `scale` times each one's loss; `gradient` becomes its gradient.
    double gradient(std::span<const float> model, const Selection& selection,
                    const LossSettings& settings, float scale, std::span<float> gradient,
                    std::span<float> logits, std::span<float> workspace) const;

    // Where things lie in packed blocks. U comes last and is left out of gradients of one step,
    // where it has none.
    struct Places {
        std::size_t W = 0;         // [D, width]: transposed
        std::size_t b_gate = 0;    // [width]
        std::size_t b_update = 0;  // [width]
        std::size_t zeta = 0;      // after the logistic function
        std::size_t nu = 0;
        std::size_t head_weight = 0;  // [K, width]
        std::size_t head_bias = 0;    // [K]
        std::size_t U = 0;            // [H, width]: transposed
        std::size_t U_rows = 0;       // [H, width]: as it is; models only
    };
    // The last step comes first: the way back adds up the steps in that order, all in one product.
    struct Rooms {
        std::size_t inputs = 0;      // [T, S, D]
        std::size_t states = 0;      // [T + 1, S, width]
        std::size_t gates = 0;       // [T, S, width]; on the way back dL/dp takes their place
        std::size_t candidates = 0;  // [T, S, width]
        std::size_t by_logit = 0;    // [S, K]
        std::size_t by_state = 0;    // [S, width]
        std::size_t by_zeta = 0;     // [width]
        std::size_t by_nu = 0;       // [width]
    };

    std::uint32_t inputs() const { return shape_.inputs; }
    std::uint32_t hidden() const { return shape_.hidden; }
    std::uint32_t outputs() const { return shape_.outputs; }
    std::uint32_t steps() const { return steps_; }
    std::size_t width() const { return width_; }
    const Places& places() const { return places_; }
    const Rooms& rooms() const { return rooms_; }

  private:
    Shape shape_;
    std::uint32_t samples_max_ = 0;
    std::uint32_t steps_ = 1;
    std::size_t width_ = 0;  // H, padded
    Places places_;
    Rooms rooms_;
    std::size_t model_size_ = 0;
    std::size_t gradient_size_ = 0;
    std::size_t workspace_size_ = 0;
};

}  // namespace kiln::router

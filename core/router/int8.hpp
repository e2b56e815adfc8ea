// Inference with weights of eight bits: integer products, a scale a row.
//
// Each row of W, U and the head is rounded to -127 .. 127 with a scale of its own (largest size /
// 127); inputs and states are rounded in the same way at every step, so that a product of a row is
// a sum of whole numbers, exact in any order. What comes between, gates and candidates, is float
// with the kernel's elementary functions: the same bits on every machine. After Kusupati et al.,
// section 3.2.3, but with proper activations and a scale a row in place of one for all.
//
// Works on dense models. Allocates nothing; functions may run at the same time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/router/shape.hpp"

namespace kiln::router {

// Rows of whole numbers and their scales; of a row of zeros the scale is 0.
void quantise_rows(std::span<const float> matrix, std::size_t columns,
                   std::span<std::int8_t> values, std::span<float> scales);

struct Int8Matrix {
    std::span<const std::int8_t> values;  // [rows, columns]
    std::span<const float> scales;        // [rows]
};

struct Int8Parts {
    Int8Matrix W, U, head_weight;
    std::span<const float> b_gate, b_update, head_bias;
    float zeta = 0;  // before the logistic function
    float nu = 0;
};

class Int8Kernel {
  public:
    explicit Int8Kernel(const Shape& shape);

    std::size_t model_bytes() const { return model_bytes_; }  // aligned to 64
    void pack(const Int8Parts& parts, std::span<std::byte> model) const;
    // One sequence [steps, D] to K logits.
    void forward(std::span<const std::byte> model, std::span<const float> inputs,
                 std::span<float> logits) const;

  private:
    struct Places {
        std::size_t W, U, head;                         // i16, in blocks of units
        std::size_t W_scales, U_scales, head_scales;    // floats, padded
        std::size_t b_gate, b_update, head_bias, zeta;  // floats; zeta and nu together
    };

    Shape shape_;
    std::size_t input_width_ = 0;  // D, H and K, padded to eight
    std::size_t units_ = 0;
    std::size_t outputs_ = 0;
    Places places_ = {};
    std::size_t model_bytes_ = 0;
};

}  // namespace kiln::router

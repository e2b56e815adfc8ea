// Shape and layout of a FastGRNN classifier: which tensors it has and where each lies.
//
// Kusupati, Singh, Bhatia, Kumar, Jain and Varma, "FastGRNN: A Fast, Accurate, Stable and Tiny
// Kilobyte Sized Gated Recurrent Neural Network" (NeurIPS 2018, arXiv 1901.02358), section 3.2,
// whose symbols W, U, zeta and nu are kept; with a linear head on the last state. All parameters
// lie in one block, row by row, in the order of this table, which also drives the optimiser, the
// files, pruning and the tests.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace kiln::router {

struct Shape {
    std::uint32_t inputs = 1;      // D: numbers a step
    std::uint32_t hidden = 16;     // H: numbers in the state
    std::uint32_t outputs = 1;     // K: 1 is a logit or a value, more are classes
    std::uint32_t input_rank = 0;  // of W; 0: a full matrix
    std::uint32_t state_rank = 0;  // of U; 0: a full matrix

    bool is_low_rank() const { return input_rank != 0 || state_rank != 0; }
    // The same cell with W and U multiplied out.
    Shape dense() const { return {inputs, hidden, outputs, 0, 0}; }
    bool operator==(const Shape&) const = default;
};

// What a shape may be. Beyond, no plan was ever tried.
constexpr std::uint32_t inputs_max = 4096;
constexpr std::uint32_t hidden_max = 512;
constexpr std::uint32_t outputs_max = 256;
bool is_allowed(const Shape& shape);

enum class TensorId : std::uint32_t {
    W,
    W1,
    W2,
    U,
    U1,
    U2,
    b_gate,
    b_update,
    zeta,
    nu,
    head_weight,
    head_bias,
};
constexpr std::size_t tensor_ids = 12;

struct Tensor {
    TensorId id = TensorId::W;
    const char* name = "";
    std::uint32_t rows = 0;
    std::uint32_t columns = 1;
    std::uint32_t dimensions = 2;
    std::size_t offset = 0;  // of the first element in the block

    std::size_t size() const { return std::size_t{rows} * columns; }
    // Matrices are what is regularised, pruned and quantised.
    bool is_matrix() const { return dimensions == 2; }
};

class Layout {
  public:
    explicit Layout(const Shape& shape);

    const Shape& shape() const { return shape_; }
    std::span<const Tensor> tensors() const { return {tensors_.data(), count_}; }
    std::size_t size() const { return size_; }
    const Tensor* find(std::string_view name) const;  // nullptr if absent
    const Tensor* find(TensorId id) const;            // nullptr if absent

    // The tensor's part of a block. CHECK: the shape has it.
    template <typename Real>
    std::span<Real> part(TensorId id, std::span<Real> block) const {
        const Tensor& tensor = at(id);
        return block.subspan(tensor.offset, tensor.size());
    }

  private:
    const Tensor& at(TensorId id) const;
    void add(TensorId id, std::uint32_t rows, std::uint32_t columns, std::uint32_t dimensions);

    Shape shape_;
    std::array<Tensor, tensor_ids> tensors_;
    std::size_t count_ = 0;
    std::size_t size_ = 0;
};

const char* name_of(TensorId id);

}  // namespace kiln::router

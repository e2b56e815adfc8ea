#include "core/router/shape.hpp"

#include "core/base/check.hpp"

namespace kiln::router {
namespace {

constexpr std::array<const char*, tensor_ids> names = {"W",    "W1", "W2",          "U",
                                                       "U1",   "U2", "b_gate",      "b_update",
                                                       "zeta", "nu", "head_weight", "head_bias"};

}  // namespace

const char* name_of(TensorId id) {
    return names[static_cast<std::size_t>(id)];
}

bool is_allowed(const Shape& shape) {
    const auto within = [](std::uint32_t value, std::uint32_t high) {
        return value >= 1 && value <= high;
    };
    return within(shape.inputs, inputs_max) && within(shape.hidden, hidden_max) &&
           within(shape.outputs, outputs_max) && shape.input_rank <= hidden_max &&
           shape.state_rank <= hidden_max;
}

Layout::Layout(const Shape& shape) : shape_(shape) {
    CHECK(is_allowed(shape));
    if (shape.input_rank == 0) {
        add(TensorId::W, shape.hidden, shape.inputs, 2);
    } else {
        add(TensorId::W1, shape.hidden, shape.input_rank, 2);
        add(TensorId::W2, shape.inputs, shape.input_rank, 2);
    }
    if (shape.state_rank == 0) {
        add(TensorId::U, shape.hidden, shape.hidden, 2);
    } else {
        add(TensorId::U1, shape.hidden, shape.state_rank, 2);
        add(TensorId::U2, shape.hidden, shape.state_rank, 2);
    }
    add(TensorId::b_gate, shape.hidden, 1, 1);
    add(TensorId::b_update, shape.hidden, 1, 1);
    add(TensorId::zeta, 1, 1, 1);
    add(TensorId::nu, 1, 1, 1);
    add(TensorId::head_weight, shape.outputs, shape.hidden, 2);
    add(TensorId::head_bias, shape.outputs, 1, 1);
}

void Layout::add(TensorId id, std::uint32_t rows, std::uint32_t columns, std::uint32_t dimensions) {
    tensors_[count_] = {id, name_of(id), rows, columns, dimensions, size_};
    size_ += tensors_[count_].size();
    ++count_;
}

const Tensor* Layout::find(std::string_view name) const {
    for (const Tensor& tensor : tensors())
        if (name == tensor.name)
            return &tensor;
    return nullptr;
}

const Tensor* Layout::find(TensorId id) const {
    for (const Tensor& tensor : tensors())
        if (id == tensor.id)
            return &tensor;
    return nullptr;
}

const Tensor& Layout::at(TensorId id) const {
    const Tensor* const tensor = find(id);
    CHECK(tensor != nullptr);
    return *tensor;
}

}  // namespace kiln::router

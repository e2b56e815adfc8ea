#include "core/router/low_rank.hpp"

#include <algorithm>
#include <cmath>

namespace kiln::router {
namespace {

struct Factors {
    TensorId product, left, right;
};
constexpr Factors input_factors = {TensorId::W, TensorId::W1, TensorId::W2};
constexpr Factors state_factors = {TensorId::U, TensorId::U1, TensorId::U2};

// product[i][j] = sum over r of left[i][r] * right[j][r]
template <typename Real>
void multiply(const Layout& layout, const Layout& dense, const Factors& ids,
              std::span<const Real> parameters, std::span<Real> result) {
    const Tensor& product = *dense.find(ids.product);
    const std::span<Real> to = dense.part(ids.product, result);
    const Tensor* const left = layout.find(ids.left);
    if (left == nullptr) {
        const auto from = layout.part(ids.product, parameters);
        std::copy(from.begin(), from.end(), to.begin());
        return;
    }
    const auto one = layout.part(ids.left, parameters);
    const auto other = layout.part(ids.right, parameters);
    const std::size_t rank = left->columns;
    for (std::size_t i = 0; i < product.rows; ++i)
        for (std::size_t j = 0; j < product.columns; ++j) {
            Real sum = 0;
            for (std::size_t r = 0; r < rank; ++r)
                sum = std::fma(one[i * rank + r], other[j * rank + r], sum);
            to[i * product.columns + j] = sum;
        }
}

template <typename Real>
void add_gradients(const Layout& layout, const Layout& dense, const Factors& ids,
                   std::span<const Real> parameters, std::span<const Real> dense_gradient,
                   std::span<Real> gradient) {
    const Tensor& product = *dense.find(ids.product);
    const auto by_product = dense.part(ids.product, dense_gradient);
    const Tensor* const left = layout.find(ids.left);
    if (left == nullptr) {
        const auto to = layout.part(ids.product, gradient);
        for (std::size_t i = 0; i < to.size(); ++i)
            to[i] += by_product[i];
        return;
    }
    const auto one = layout.part(ids.left, parameters);
    const auto other = layout.part(ids.right, parameters);
    const auto by_one = layout.part(ids.left, gradient);
    const auto by_other = layout.part(ids.right, gradient);
    const std::size_t rank = left->columns;
    for (std::size_t i = 0; i < product.rows; ++i)
        for (std::size_t j = 0; j < product.columns; ++j) {
            const Real share = by_product[i * product.columns + j];
            for (std::size_t r = 0; r < rank; ++r) {
                Real& left_sum = by_one[i * rank + r];
                Real& right_sum = by_other[j * rank + r];
                left_sum = std::fma(share, other[j * rank + r], left_sum);
                right_sum = std::fma(share, one[i * rank + r], right_sum);
            }
        }
}

constexpr TensorId shared_tensors[] = {TensorId::b_gate,      TensorId::b_update,
                                       TensorId::zeta,        TensorId::nu,
                                       TensorId::head_weight, TensorId::head_bias};

}  // namespace

template <typename Real>
void multiply_out(const Shape& shape, std::span<const Real> parameters, std::span<Real> dense) {
    const Layout layout(shape);
    const Layout dense_layout(shape.dense());
    multiply(layout, dense_layout, input_factors, parameters, dense);
    multiply(layout, dense_layout, state_factors, parameters, dense);
    for (const TensorId id : shared_tensors) {
        const auto from = layout.part(id, parameters);
        std::copy(from.begin(), from.end(), dense_layout.part(id, dense).begin());
    }
}

template <typename Real>
void add_factor_gradients(const Shape& shape, std::span<const Real> parameters,
                          std::span<const Real> dense_gradient, std::span<Real> gradient) {
    const Layout layout(shape);
    const Layout dense_layout(shape.dense());
    add_gradients(layout, dense_layout, input_factors, parameters, dense_gradient, gradient);
    add_gradients(layout, dense_layout, state_factors, parameters, dense_gradient, gradient);
    for (const TensorId id : shared_tensors) {
        const auto from = dense_layout.part(id, dense_gradient);
        const auto to = layout.part(id, gradient);
        for (std::size_t i = 0; i < to.size(); ++i)
            to[i] += from[i];
    }
}

template void multiply_out<float>(const Shape&, std::span<const float>, std::span<float>);
template void multiply_out<double>(const Shape&, std::span<const double>, std::span<double>);
template void add_factor_gradients<float>(const Shape&, std::span<const float>,
                                          std::span<const float>, std::span<float>);
template void add_factor_gradients<double>(const Shape&, std::span<const double>,
                                           std::span<const double>, std::span<double>);

}  // namespace kiln::router

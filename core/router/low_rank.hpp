// Between a model of low rank and the same model with W = W1 W2^T and U = U1 U2^T multiplied out.
//
// Sequences are computed with the product: forming it once a batch costs less than two thin
// products a step, and the gradients of the factors follow from the product's: dW1 = dW W2 and
// dW2 = dW^T W1.
#pragma once

#include <span>

#include "core/router/shape.hpp"

namespace kiln::router {

// parameters: laid out as the shape says; dense: as shape.dense() says. A model of full rank is
// copied.
template <typename Real>
void multiply_out(const Shape& shape, std::span<const Real> parameters, std::span<Real> dense);

// Adds to `gradient` what the gradient of the dense model says about the parameters.
template <typename Real>
void add_factor_gradients(const Shape& shape, std::span<const Real> parameters,
                          std::span<const Real> dense_gradient, std::span<Real> gradient);

extern template void multiply_out<float>(const Shape&, std::span<const float>, std::span<float>);
extern template void multiply_out<double>(const Shape&, std::span<const double>, std::span<double>);
extern template void add_factor_gradients<float>(const Shape&, std::span<const float>,
                                                 std::span<const float>, std::span<float>);
extern template void add_factor_gradients<double>(const Shape&, std::span<const double>,
                                                  std::span<const double>, std::span<double>);

}  // namespace kiln::router

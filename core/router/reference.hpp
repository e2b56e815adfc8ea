// The cell in plain loops: the specification that the fast kernel is compared with.
//
// Kusupati et al., NeurIPS 2018, section 3.2, for a sequence x_1 ... x_T and h_0 = 0:
//
//   p_t = W x_t + U h_{t-1}
//   z_t = logistic(p_t + b_gate)        c_t = tanh(p_t + b_update)
//   h_t = (zeta (1 - z_t) + nu) * c_t + z_t * h_{t-1}
//   logits = head_weight h_T + head_bias
//
// zeta and nu are kept before the logistic function, W = W1 W2^T and U = U1 U2^T where the shape
// has ranks. Back-propagation goes through all T steps. In float it is the kernel's twin, bit for
// bit: it adds in the order that the kernel adds in (samples innermost, steps backwards, eight
// partial sums in the head's products) and fuses multiplication and addition where the kernel does.
// In double it is what gradients are checked against.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/router/loss.hpp"
#include "core/router/shape.hpp"

namespace kiln::router {

// Samples to learn from, or a slice of them.
template <typename Real>
struct Batch {
    std::uint32_t samples = 0;             // B
    std::uint32_t steps = 1;               // T
    std::span<const Real> inputs;          // [B, T, D]
    std::span<const Real> labels;          // [B]; see LossKind
    std::span<const Real> teacher_logits;  // [B, K], or empty
};

// Room the functions below need, in numbers.
std::size_t reference_workspace(const Shape& shape, std::uint32_t samples, std::uint32_t steps);

// logits: [B, K].
template <typename Real>
void reference_forward(const Shape& shape, std::span<const Real> parameters,
                       const Batch<Real>& batch, std::span<Real> logits, std::span<Real> workspace);

// The sum over the samples of `scale` times each one's loss; the gradient of it is *added* to
// `gradient`, which is laid out like the parameters. Regularisation is not in it: see below.
template <typename Real>
double reference_gradient(const Shape& shape, std::span<const Real> parameters,
                          const Batch<Real>& batch, const LossSettings& settings, Real scale,
                          std::span<Real> gradient, std::span<Real> logits,
                          std::span<Real> workspace);

extern template void reference_forward<float>(const Shape&, std::span<const float>,
                                              const Batch<float>&, std::span<float>,
                                              std::span<float>);
extern template void reference_forward<double>(const Shape&, std::span<const double>,
                                               const Batch<double>&, std::span<double>,
                                               std::span<double>);
extern template double reference_gradient<float>(const Shape&, std::span<const float>,
                                                 const Batch<float>&, const LossSettings&, float,
                                                 std::span<float>, std::span<float>,
                                                 std::span<float>);
extern template double reference_gradient<double>(const Shape&, std::span<const double>,
                                                  const Batch<double>&, const LossSettings&, double,
                                                  std::span<double>, std::span<double>,
                                                  std::span<double>);

}  // namespace kiln::router

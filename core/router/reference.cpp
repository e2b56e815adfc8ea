#include "core/router/reference.hpp"

#include <algorithm>
#include <cmath>

#include "core/base/check.hpp"
#include "core/numeric/elementary.hpp"
#include "core/router/low_rank.hpp"

namespace kiln::router {
namespace {

// The parameters of a dense model, or their gradients, by name.
template <typename Real>
struct Tensors {
    std::span<Real> W, U, b_gate, b_update, zeta, nu, head_weight, head_bias;

    Tensors(const Layout& layout, std::span<Real> block)
        : W(layout.part(TensorId::W, block)),
          U(layout.part(TensorId::U, block)),
          b_gate(layout.part(TensorId::b_gate, block)),
          b_update(layout.part(TensorId::b_update, block)),
          zeta(layout.part(TensorId::zeta, block)),
          nu(layout.part(TensorId::nu, block)),
          head_weight(layout.part(TensorId::head_weight, block)),
          head_bias(layout.part(TensorId::head_bias, block)) {}
};

// The sum of products in the kernel's order: eight partial sums, joined in pairs.
template <typename Real>
Real dot(const Real* one, const Real* other, std::size_t count) {
    Real sums[8] = {};
    for (std::size_t i = 0; i < count; ++i)
        sums[i % 8] = std::fma(one[i], other[i], sums[i % 8]);
    return ((sums[0] + sums[4]) + (sums[2] + sums[6])) +
           ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

template <typename Real>
class Reference {
  public:
    Reference(const Shape& shape, std::span<const Real> parameters, const Batch<Real>& batch,
              std::span<Real> workspace)
        : layout_(shape.dense()),
          batch_(batch),
          D_(shape.inputs),
          H_(shape.hidden),
          K_(shape.outputs),
          B_(batch.samples),
          T_(batch.steps),
          rest_(workspace),
          dense_(take(layout_.size())),
          model_(layout_, dense_) {
        CHECK(batch.inputs.size() == B_ * T_ * D_);
        multiply_out(shape, parameters, dense_);
        states_ = take((T_ + 1) * B_ * H_);
        gates_ = take(T_ * B_ * H_);
        candidates_ = take(T_ * B_ * H_);
        zeta_ = logistic_of(model_.zeta[0]);
        nu_ = logistic_of(model_.nu[0]);
    }

    void forward(std::span<Real> logits) {
        std::fill(states_.begin(), states_.begin() + static_cast<std::ptrdiff_t>(B_ * H_), Real(0));
        for (std::size_t t = 0; t < T_; ++t)
            for (std::size_t b = 0; b < B_; ++b)
                step(t, b);
        for (std::size_t b = 0; b < B_; ++b)
            for (std::size_t k = 0; k < K_; ++k)
                logits[b * K_ + k] =
                    dot(&model_.head_weight[k * H_], state(T_, b), H_) + model_.head_bias[k];
    }

    // After forward().
    double backward(const LossSettings& settings, std::span<const Real> logits, Real scale,
                    std::span<Real> dense_gradient) {
        Tensors<Real> by(layout_, dense_gradient);
        by_state_ = take(B_ * H_);
        by_sum_ = take(B_ * H_);
        by_zeta_ = take(H_);
        by_nu_ = take(H_);
        std::fill(by_zeta_.begin(), by_zeta_.end(), Real(0));
        std::fill(by_nu_.begin(), by_nu_.end(), Real(0));
        double loss = 0;
        for (std::size_t b = 0; b < B_; ++b)
            loss += head(settings, b, logits.subspan(b * K_, K_), scale, by);
        for (std::size_t t = T_; t-- > 0;) {
            for (std::size_t b = 0; b < B_; ++b)
                step_back(t, b, by);
            for (std::size_t b = 0; b < B_; ++b)
                add_matrices(t, b, by);
        }
        Real zeta_sum = 0;
        Real nu_sum = 0;
        for (std::size_t i = 0; i < H_; ++i) {
            zeta_sum += by_zeta_[i];
            nu_sum += by_nu_[i];
        }
        by.zeta[0] += zeta_sum * (zeta_ * (Real(1) - zeta_));
        by.nu[0] += nu_sum * (nu_ * (Real(1) - nu_));
        return loss * static_cast<double>(scale);
    }

    std::span<Real> take(std::size_t count) {
        CHECK(count <= rest_.size());
        const std::span<Real> taken = rest_.first(count);
        rest_ = rest_.subspan(count);
        return taken;
    }
    const Layout& dense_layout() const { return layout_; }

  private:
    const Real* input(std::size_t t, std::size_t b) const {
        return &batch_.inputs[(b * T_ + t) * D_];
    }
    std::size_t place(std::size_t t, std::size_t b) const { return (t * B_ + b) * H_; }
    Real* state(std::size_t t, std::size_t b) { return &states_[place(t, b)]; }  // h_t; h_0 = 0

    void step(std::size_t t, std::size_t b) {
        const Real* const x = input(t, b);
        const Real* const h = state(t, b);
        for (std::size_t i = 0; i < H_; ++i) {
            Real p = 0;
            for (std::size_t j = 0; j < D_; ++j)
                p = std::fma(model_.W[i * D_ + j], x[j], p);
            for (std::size_t j = 0; t > 0 && j < H_; ++j)
                p = std::fma(model_.U[i * H_ + j], h[j], p);
            const Real z = logistic_of(p + model_.b_gate[i]);
            const Real c = tanh_of(p + model_.b_update[i]);
            gates_[place(t, b) + i] = z;
            candidates_[place(t, b) + i] = c;
            state(t + 1, b)[i] = std::fma(std::fma(zeta_, Real(1) - z, nu_), c, z * h[i]);
        }
    }

    double head(const LossSettings& settings, std::size_t b, std::span<const Real> logits,
                Real scale, Tensors<Real>& by) {
        double values[outputs_capacity];
        double teacher[outputs_capacity];
        double by_logit[outputs_capacity];
        std::copy(logits.begin(), logits.end(), values);
        for (std::size_t k = 0; settings.has_teacher() && k < K_; ++k)
            teacher[k] = static_cast<double>(batch_.teacher_logits[b * K_ + k]);
        const double loss =
            sample_loss(settings, {values, K_}, static_cast<double>(batch_.labels[b]),
                        {teacher, settings.has_teacher() ? K_ : 0}, {by_logit, outputs_capacity});
        Real* const d = &by_state_[b * H_];
        std::fill(d, d + H_, Real(0));
        for (std::size_t k = 0; k < K_; ++k) {
            const Real share = static_cast<Real>(by_logit[k]) * scale;
            by.head_bias[k] += share;
            for (std::size_t i = 0; i < H_; ++i) {
                Real& sum = by.head_weight[k * H_ + i];
                sum = std::fma(share, state(T_, b)[i], sum);
                d[i] = std::fma(share, model_.head_weight[k * H_ + i], d[i]);
            }
        }
        return loss;
    }

    // From dL/dh_t to dL/dp_t, and what of dL/dh_{t-1} does not go through U.
    void step_back(std::size_t t, std::size_t b, Tensors<Real>& by) {
        for (std::size_t i = 0; i < H_; ++i) {
            const Real z = gates_[place(t, b) + i];
            const Real c = candidates_[place(t, b) + i];
            const Real h = state(t, b)[i];
            Real& d = by_state_[b * H_ + i];
            const Real open = Real(1) - z;
            const Real a = std::fma(zeta_, open, nu_);
            const Real dz = d * std::fma(-zeta_, c, h) * (z * open);
            const Real dc = d * a * std::fma(-c, c, Real(1));
            by_sum_[b * H_ + i] = dz + dc;
            by.b_gate[i] += dz;
            by.b_update[i] += dc;
            by_zeta_[i] = std::fma(d * c, open, by_zeta_[i]);
            by_nu_[i] = std::fma(d, c, by_nu_[i]);
            d *= z;
        }
    }

    void add_matrices(std::size_t t, std::size_t b, Tensors<Real>& by) {
        const Real* const x = input(t, b);
        const Real* const h = state(t, b);
        const Real* const dp = &by_sum_[b * H_];
        for (std::size_t i = 0; i < H_; ++i)
            for (std::size_t j = 0; j < D_; ++j)
                by.W[i * D_ + j] = std::fma(dp[i], x[j], by.W[i * D_ + j]);
        if (t == 0)
            return;
        for (std::size_t i = 0; i < H_; ++i)
            for (std::size_t j = 0; j < H_; ++j) {
                by.U[i * H_ + j] = std::fma(dp[i], h[j], by.U[i * H_ + j]);
                Real& d = by_state_[b * H_ + j];
                d = std::fma(model_.U[i * H_ + j], dp[i], d);
            }
    }

    Layout layout_;
    const Batch<Real>& batch_;
    std::size_t D_, H_, K_, B_, T_;
    std::span<Real> rest_;
    std::span<Real> dense_;
    Tensors<Real> model_;
    Real zeta_ = 0;
    Real nu_ = 0;
    std::span<Real> states_, gates_, candidates_;
    std::span<Real> by_state_, by_sum_, by_zeta_, by_nu_;
};

}  // namespace

std::size_t reference_workspace(const Shape& shape, std::uint32_t samples, std::uint32_t steps) {
    const std::size_t states = std::size_t{samples} * shape.hidden;
    return 2 * Layout(shape.dense()).size() + (3 * std::size_t{steps} + 3) * states +
           2 * shape.hidden;
}

template <typename Real>
void reference_forward(const Shape& shape, std::span<const Real> parameters,
                       const Batch<Real>& batch, std::span<Real> logits,
                       std::span<Real> workspace) {
    Reference<Real>(shape, parameters, batch, workspace).forward(logits);
}

template <typename Real>
double reference_gradient(const Shape& shape, std::span<const Real> parameters,
                          const Batch<Real>& batch, const LossSettings& settings, Real scale,
                          std::span<Real> gradient, std::span<Real> logits,
                          std::span<Real> workspace) {
    Reference<Real> reference(shape, parameters, batch, workspace);
    const std::span<Real> dense_gradient = reference.take(reference.dense_layout().size());
    std::fill(dense_gradient.begin(), dense_gradient.end(), Real(0));
    reference.forward(logits);
    const double loss = reference.backward(settings, logits, scale, dense_gradient);
    add_factor_gradients(shape, parameters, std::span<const Real>(dense_gradient), gradient);
    return loss;
}

template void reference_forward<float>(const Shape&, std::span<const float>, const Batch<float>&,
                                       std::span<float>, std::span<float>);
template void reference_forward<double>(const Shape&, std::span<const double>, const Batch<double>&,
                                        std::span<double>, std::span<double>);
template double reference_gradient<float>(const Shape&, std::span<const float>, const Batch<float>&,
                                          const LossSettings&, float, std::span<float>,
                                          std::span<float>, std::span<float>);
template double reference_gradient<double>(const Shape&, std::span<const double>,
                                           const Batch<double>&, const LossSettings&, double,
                                           std::span<double>, std::span<double>, std::span<double>);

}  // namespace kiln::router

// Cross-entropies of one output, several samples at once: sample_loss() of loss.hpp lane by lane.
//
// Included inside other files' HWY_NAMESPACE.
#pragma once

#include "core/router/kernel-inl.hpp"
#include "core/router/loss.hpp"

HWY_BEFORE_NAMESPACE();
namespace kiln::router::HWY_NAMESPACE {

using DoubleTag = hn::CappedTag<double, 4>;
using DoubleVector = hn::Vec<DoubleTag>;

// For arguments up to 0.
HWY_INLINE DoubleVector exp_of(DoubleVector x) {
    const DoubleTag tag;
    const DoubleVector limit = hn::Set(tag, -700);
    const auto e = exponential(tag, hn::IfThenElse(hn::Lt(x, limit), limit, x));
    return hn::MulAdd(e.scale, e.rest, e.scale);
}

HWY_INLINE DoubleVector log1p_of(DoubleVector x) {
    const DoubleTag tag;
    const DoubleVector s = hn::Div(x, hn::Add(hn::Set(tag, 2), x));
    const DoubleVector square = hn::Mul(s, s);
    DoubleVector sum = hn::Zero(tag);
    for (std::size_t i = odd_inverses.size(); i-- > 0;)
        sum = hn::MulAdd(sum, square, hn::Set(tag, odd_inverses[i]));
    return hn::Mul(hn::Mul(hn::Set(tag, 2), s), sum);
}

HWY_INLINE DoubleVector binary_cross_entropy(DoubleVector logit, DoubleVector target) {
    const DoubleTag tag;
    const DoubleVector zero = hn::Zero(tag);
    const DoubleVector softplus = hn::Add(hn::IfThenElse(hn::Lt(logit, zero), zero, logit),
                                          log1p_of(exp_of(hn::Neg(hn::Abs(logit)))));
    return hn::Sub(softplus, hn::Mul(target, logit));
}

// logits, labels, teacher (without one: anything) and what becomes losses and their derivatives
// have room for a multiple of four.
inline void binary_losses(const LossSettings& settings, std::size_t count, const double* logits,
                          const double* labels, const double* teacher, double* losses,
                          double* by_logit) {
    const DoubleTag tag;
    const DoubleVector hard_share = hn::Set(tag, settings.has_teacher() ? 1 - settings.alpha : 1);
    for (std::size_t b = 0; b < count; b += hn::Lanes(tag)) {
        const DoubleVector logit = hn::LoadU(tag, logits + b);
        const DoubleVector label = hn::LoadU(tag, labels + b);
        DoubleVector loss = hn::Mul(hard_share, binary_cross_entropy(logit, label));
        DoubleVector slope = hn::Mul(hard_share, hn::Sub(logistic_of(tag, logit), label));
        if (settings.has_teacher()) {
            const double temperature = settings.temperature;
            const DoubleVector divisor = hn::Set(tag, temperature);
            const DoubleVector student = hn::Div(logit, divisor);
            const DoubleVector target =
                logistic_of(tag, hn::Div(hn::LoadU(tag, teacher + b), divisor));
            loss = hn::Add(loss, hn::Mul(hn::Set(tag, settings.alpha * temperature * temperature),
                                         binary_cross_entropy(student, target)));
            slope = hn::Add(slope, hn::Mul(hn::Set(tag, settings.alpha * temperature),
                                           hn::Sub(logistic_of(tag, student), target)));
        }
        hn::StoreU(loss, tag, losses + b);
        hn::StoreU(slope, tag, by_logit + b);
    }
}

}  // namespace kiln::router::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#include "core/router/adam_step.hpp"

#include <cmath>

#include <hwy/highway.h>

#include "core/base/check.hpp"

HWY_BEFORE_NAMESPACE();
namespace kiln::router::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

struct Factors {
    float keep1, take1, keep2, take2, correct1, correct2, rate, epsilon;
};

// Elements [at, at + lanes of the tag).
template <typename Tag>
void step_lanes(Tag tag, const Factors& f, const float* gradient, const AdamBlock& block,
                std::size_t at) {
    const auto set = [tag](float value) { return hn::Set(tag, value); };
    const auto g = hn::LoadU(tag, gradient + at);
    const auto m = hn::Add(hn::Mul(set(f.keep1), hn::LoadU(tag, &block.first_moments[at])),
                           hn::Mul(set(f.take1), g));
    const auto v = hn::Add(hn::Mul(set(f.keep2), hn::LoadU(tag, &block.second_moments[at])),
                           hn::Mul(set(f.take2), hn::Mul(g, g)));
    const auto mean = hn::Mul(m, set(f.correct1));
    const auto spread = hn::Sqrt(hn::Mul(v, set(f.correct2)));
    const auto step = hn::Div(hn::Mul(set(f.rate), mean), hn::Add(spread, set(f.epsilon)));
    hn::StoreU(m, tag, &block.first_moments[at]);
    hn::StoreU(v, tag, &block.second_moments[at]);
    hn::StoreU(hn::Sub(hn::LoadU(tag, &block.weights[at]), step), tag, &block.weights[at]);
}

void step_all(const Factors& factors, std::span<const float> gradient, const AdamBlock& block) {
    const hn::CappedTag<float, 8> vector;
    const hn::CappedTag<float, 1> single;
    std::size_t at = 0;
    for (; at + hn::Lanes(vector) <= gradient.size(); at += hn::Lanes(vector))
        step_lanes(vector, factors, gradient.data(), block, at);
    for (; at < gradient.size(); ++at)
        step_lanes(single, factors, gradient.data(), block, at);
}

}  // namespace
}  // namespace kiln::router::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

namespace kiln::router {

void adam_step(const AdamRates& rates, const AdamClock& clock, double rate,
               std::span<const float> gradient, std::span<const std::uint8_t> support,
               const AdamBlock& block) {
    CHECK(clock.steps > 0 && gradient.size() == block.weights.size());
    const auto narrow = [](double value) { return static_cast<float>(value); };
    const HWY_NAMESPACE::Factors factors = {narrow(rates.beta1),
                                            narrow(1 - rates.beta1),
                                            narrow(rates.beta2),
                                            narrow(1 - rates.beta2),
                                            narrow(1 / (1 - clock.beta1_power)),
                                            narrow(1 / (1 - clock.beta2_power)),
                                            narrow(rate),
                                            narrow(rates.epsilon)};
    HWY_NAMESPACE::step_all(factors, gradient, block);
    for (std::size_t i = 0; i < support.size(); ++i)
        if (support[i] == 0)
            block.weights[i] = block.first_moments[i] = block.second_moments[i] = 0;
}

}  // namespace kiln::router

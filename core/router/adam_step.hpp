// Adam on a block of floats (Kingma and Ba 2015, Algorithm 1), all of it at every step, with one
// clock.
//
// The tables of core/numeric/adam.hpp count updates a weight and round to whole units; here neither
// is wanted. A weight outside the support of a pruned model stays 0 and its moments with it: else
// the support would leak. Elementwise with +, -, *, / and square root: the same bits everywhere.
#pragma once

#include <cstdint>
#include <span>

namespace kiln::router {

struct AdamRates {
    double beta1 = 0.9;
    double beta2 = 0.999;
    double epsilon = 1e-8;
};

// The clock, kept with the state: powers by repeated multiplication, the same on every machine.
struct AdamClock {
    std::uint64_t steps = 0;
    double beta1_power = 1;
    double beta2_power = 1;

    void tick(const AdamRates& rates) {
        ++steps;
        beta1_power *= rates.beta1;
        beta2_power *= rates.beta2;
    }
};

struct AdamBlock {
    std::span<float> weights;
    std::span<float> first_moments;
    std::span<float> second_moments;
};

// One step after clock.tick(). support: empty, or 1 for each weight that may move and 0 else.
void adam_step(const AdamRates& rates, const AdamClock& clock, double rate,
               std::span<const float> gradient, std::span<const std::uint8_t> support,
               const AdamBlock& block);

}  // namespace kiln::router

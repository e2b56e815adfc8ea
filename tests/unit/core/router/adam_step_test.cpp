#include "core/router/adam_step.hpp"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

namespace kiln::router {
namespace {

struct Weights {
    std::vector<float> weights, first, second;
    explicit Weights(std::vector<float> values)
        : weights(std::move(values)), first(weights.size()), second(weights.size()) {}
    AdamBlock block() { return {weights, first, second}; }
};

TEST(AdamStep, first_step_goes_by_the_rate_against_the_sign) {
    Weights state(std::vector<float>(11, 1.0f));  // a whole vector and a tail
    std::vector<float> gradient;
    for (int i = 0; i < 11; ++i)
        gradient.push_back(static_cast<float>(i % 2 == 0 ? 0.3 : -7) * static_cast<float>(i + 1));
    AdamClock clock;
    clock.tick({});
    adam_step({}, clock, 0.1, gradient, {}, state.block());
    for (std::size_t i = 0; i < 11; ++i)
        EXPECT_NEAR(state.weights[i], i % 2 == 0 ? 0.9 : 1.1, 1e-6) << i;
}

TEST(AdamStep, without_momentum_it_is_the_sign_of_the_gradient_each_time) {
    // The case of ggml's test: betas of 0 give steps known in closed form.
    const AdamRates rates = {0, 0, 0};
    Weights state({5, 5});
    AdamClock clock;
    for (int step = 1; step <= 3; ++step) {
        clock.tick(rates);
        adam_step(rates, clock, 1, std::vector<float>{2, -0.5f}, {}, state.block());
        EXPECT_EQ(state.weights, (std::vector<float>{5.0f - static_cast<float>(step),
                                                     5.0f + static_cast<float>(step)}));
    }
}

TEST(AdamStep, follows_the_algorithm_in_double) {
    Weights state({0.5f});
    AdamClock clock;
    double weight = 0.5;
    double m = 0;
    double v = 0;
    for (int step = 1; step <= 100; ++step) {
        const double g = std::sin(step);
        clock.tick({});
        adam_step({}, clock, 0.01, std::vector<float>{static_cast<float>(g)}, {}, state.block());
        m = 0.9 * m + 0.1 * g;
        v = 0.999 * v + 0.001 * g * g;
        weight -= 0.01 * (m / (1 - std::pow(0.9, step))) /
                  (std::sqrt(v / (1 - std::pow(0.999, step))) + 1e-8);
    }
    EXPECT_NEAR(state.weights[0], weight, 1e-5);
}

TEST(AdamStep, a_weight_without_a_gradient_stays_where_it_is) {
    Weights state({0.25f});
    AdamClock clock;
    clock.tick({});
    adam_step({}, clock, 0.1, std::vector<float>{0}, {}, state.block());
    EXPECT_EQ(state.weights[0], 0.25f);  // and is no 0 / 0
}

TEST(AdamStep, outside_the_support_everything_stays_zero) {
    Weights state({0, 1});
    state.first = {3, 3};
    state.second = {3, 3};
    AdamClock clock;
    clock.tick({});
    adam_step({}, clock, 0.1, std::vector<float>{1, 1}, std::vector<std::uint8_t>{0, 1},
              state.block());
    EXPECT_EQ(state.weights[0], 0);
    EXPECT_EQ(state.first[0], 0);
    EXPECT_EQ(state.second[0], 0);
    EXPECT_NE(state.weights[1], 1);
}

}  // namespace
}  // namespace kiln::router

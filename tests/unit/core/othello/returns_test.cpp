#include "core/othello/returns.hpp"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "core/base/random.hpp"

#include "tests/support/othello.hpp"

namespace kiln::othello {
namespace {

// The definition, one recursion a step: G_t = (1 - lambda) V_{t+1} + lambda G_{t+1}, seen by the
// player to move at t; the last step returns the result; an exploratory move cuts to V_t.
double definition(const std::vector<Step>& steps, std::size_t t, Score result, double lambda) {
    const Step& step = steps[t];
    if (step.is_exploratory)
        return step.value;
    if (t + 1 == steps.size())
        return step.is_black_to_move ? result : -result;
    const Step& next = steps[t + 1];
    const double sign = next.is_black_to_move == step.is_black_to_move ? 1 : -1;
    return sign * ((1 - lambda) * next.value + lambda * definition(steps, t + 1, result, lambda));
}

std::vector<double> returns_of(const std::vector<Step>& steps, Score result, double lambda) {
    std::vector<double> returns(steps.size());
    lambda_returns(steps, result, lambda, returns);
    return returns;
}

TEST(LambdaReturns, equal_the_recursive_definition_with_passes_and_exploration) {
    constexpr std::uint64_t seed = 91;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    RandomStream random = test::test_stream(seed);
    int passes = 0;
    for (const double lambda : {0.0, 0.3, 0.7, 1.0}) {
        for (int game = 0; game < 500; ++game) {
            std::vector<Step> steps(1 + random.below(60));
            bool black = random.below(2) == 0;
            for (Step& step : steps) {
                step.value = static_cast<Score>(random.below(2 * score_max + 1)) - score_max;
                step.is_black_to_move = black;
                step.is_exploratory = random.below(6) == 0;
                const bool pass = random.below(8) == 0;  // the same player again
                passes += pass;
                black = pass ? black : !black;
            }
            const Score result = (static_cast<Score>(random.below(129)) - 64) * score_per_disc;
            const std::vector<double> returns = returns_of(steps, result, lambda);
            for (std::size_t t = 0; t < steps.size(); ++t)
                // Convex combinations of whole numbers up to 16,384: double leaves 1e-9 of room.
                ASSERT_NEAR(returns[t], definition(steps, t, result, lambda), 1e-7)
                    << "lambda " << lambda << " game " << game << " step " << t;
        }
    }
    EXPECT_GT(passes, 1'000);
}

TEST(LambdaReturns, with_lambda_1_are_the_result_seen_by_each_player) {
    const std::vector<Step> steps = {{100, true}, {-30, false}, {500, false}, {-9, true}};
    EXPECT_EQ(returns_of(steps, 1024, 1), (std::vector<double>{1024, -1024, -1024, 1024}));
}

TEST(LambdaReturns, with_lambda_0_are_the_next_value_seen_by_each_player) {
    const std::vector<Step> steps = {{100, true}, {-30, false}, {500, false}, {-9, true}};
    EXPECT_EQ(returns_of(steps, 1024, 0), (std::vector<double>{30, 500, 9, 1024}));
}

TEST(LambdaReturns, apply_lambda_once) {
    // Two steps of black: 0.7 V_1 + 0.3 result, by hand.
    const std::vector<Step> steps = {{0, true}, {1000, true}};
    const std::vector<double> returns = returns_of(steps, 2000, 0.3);
    EXPECT_NEAR(returns[0], 0.7 * 1000 + 0.3 * 2000, 1e-9);
    EXPECT_NEAR(returns[1], 2000, 1e-9);
}

TEST(LambdaReturns, are_cut_at_an_exploratory_move) {
    const std::vector<Step> steps = {{10, true}, {-20, false, true}, {30, true}};
    for (const Score result : {-5'000, 5'000}) {
        const std::vector<double> returns = returns_of(steps, result, 1);
        EXPECT_EQ(returns[1], -20);  // its own value: no error
        EXPECT_EQ(returns[0], 20);   // nothing from beyond the cut
        EXPECT_EQ(returns[2], result);
    }
}

TEST(LambdaReturns, of_no_steps_are_none) {
    EXPECT_TRUE(returns_of({}, 512, 0.3).empty());
}

}  // namespace
}  // namespace kiln::othello

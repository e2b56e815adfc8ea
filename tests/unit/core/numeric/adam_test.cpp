#include "core/numeric/adam.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "core/base/random.hpp"

namespace kiln {
namespace {

RandomStream test_stream(std::uint64_t seed) {
    return {seed, StreamPurpose::position, 1};
}

double uniform(RandomStream& random, double low, double high) {
    return low + (high - low) * random.unit();
}

class Corrections {
  public:
    Corrections() : table_(AdamCorrections::table_size) { corrections_.build({}, table_); }
    const AdamCorrections& operator*() const { return corrections_; }

  private:
    std::vector<AdamCorrections::Entry> table_;
    AdamCorrections corrections_;
};

// Algorithm 1 of the paper, in double, with the powers taken anew at every step.
struct PaperAdam {
    double first = 0;
    double second = 0;
    double updates = 0;

    double step(double gradient, double rate) {
        constexpr double beta1 = 0.9;
        constexpr double beta2 = 0.999;
        ++updates;
        first = beta1 * first + (1 - beta1) * gradient;
        second = beta2 * second + (1 - beta2) * gradient * gradient;
        const double mean = first / (1 - std::pow(beta1, updates));
        const double spread = std::sqrt(second / (1 - std::pow(beta2, updates)));
        return -rate * mean / (spread + 1e-8);
    }
};

TEST(Adam, follows_the_paper_in_double_precision) {
    constexpr std::uint64_t seed = 101;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    const Corrections corrections;
    RandomStream random = test_stream(seed);
    // 1.0f - 0.999f is 1.3e-5 (relative) off 0.001, and half of that reaches the root. Rounding
    // adds 6e-8 an operation, and the moving averages remember 10 and 1,000 of them: 2e-4 bounds
    // the sum with room. Terms cancel in the first moment, hence relative to the largest possible
    // step and not to this one. A wrong power of beta is off by 0.1 and more.
    constexpr double tolerance = 2e-4;
    for (int sequence = 0; sequence < 3'000; ++sequence) {
        AdamSlot slot;
        PaperAdam paper;
        const double scale = std::exp2(uniform(random, -8, 6));
        const double offset = uniform(random, -1, 1);
        const double rate = uniform(random, 0.001, 0.1);
        const int length = 1 + static_cast<int>(random.below(sequence % 100 == 0 ? 20'000 : 200));
        for (int n = 0; n < length; ++n) {
            const auto gradient = static_cast<float>(scale * (offset + uniform(random, -1, 1)));
            const double expected = paper.step(static_cast<double>(gradient),
                                               static_cast<double>(static_cast<float>(rate)));
            const auto step = static_cast<double>(
                adam_step(slot, gradient, static_cast<float>(rate), *corrections));
            ASSERT_NEAR(step, expected, tolerance * (rate + std::abs(expected)))
                << "sequence " << sequence << " update " << n;
        }
        ASSERT_EQ(slot.updates, static_cast<std::uint32_t>(length));
    }
}

TEST(Adam, first_touch_steps_by_the_rate_however_many_updates_others_had) {
    const Corrections corrections;
    AdamSlot busy;
    for (int n = 0; n < 1'000'000; ++n)
        adam_step(busy, n % 3 == 0 ? -1.0f : 0.5f, 0.01f, *corrections);
    EXPECT_EQ(busy.updates, 1'000'000u);
    for (const float gradient : {-30.0f, -0.01f, 0.5f, 12.0f}) {
        AdamSlot fresh;
        const float step = adam_step(fresh, gradient, 0.05f, *corrections);
        EXPECT_NEAR(step, gradient > 0 ? -0.05f : 0.05f, 1e-5f) << "gradient " << gradient;
    }
}

TEST(Adam, no_gradient_no_step) {
    const Corrections corrections;
    AdamSlot slot;
    EXPECT_EQ(adam_step(slot, 0.0f, 0.05f, *corrections), 0.0f);
    EXPECT_EQ(slot.updates, 1u);
}

TEST(Adam, corrections_end_where_the_table_ends_and_counts_never_wrap) {
    const Corrections corrections;
    const AdamCorrections::Entry last = (*corrections).at(AdamCorrections::table_size - 1);
    EXPECT_NEAR(last.first, 1.0f, 1e-6f);
    EXPECT_NEAR(last.second, 1.0f, 1e-6f);
    EXPECT_EQ((*corrections).at(AdamCorrections::table_size).second, 1.0f);
    AdamSlot slot;
    slot.updates = std::numeric_limits<std::uint32_t>::max();
    adam_step(slot, 1.0f, 0.1f, *corrections);
    EXPECT_EQ(slot.updates, std::numeric_limits<std::uint32_t>::max());
}

TEST(ApplyStep, a_step_that_is_not_a_number_leaves_the_weight_alone) {
    AdamSlot slot;
    EXPECT_EQ(apply_step(32768, std::numeric_limits<float>::quiet_NaN(), slot), 32768);
    slot.carry = std::numeric_limits<float>::quiet_NaN();
    EXPECT_EQ(apply_step(12345, 1.0f, slot), 12345);
}

TEST(ApplyStep, weight_and_carry_together_are_the_exact_sum_of_a_million_small_steps) {
    constexpr std::uint64_t seed = 102;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    RandomStream random = test_stream(seed);
    for (const double size : {0.001, 0.3, 5.0}) {
        AdamSlot slot;
        std::uint16_t weight = 32768;
        double exact = 32768;
        for (int n = 0; n < 1'000'000; ++n) {
            const auto step = static_cast<float>(uniform(random, -size, size));
            weight = apply_step(weight, step, slot);
            exact += static_cast<double>(step);
            ASSERT_LE(std::abs(slot.carry), 0.5f);
            ASSERT_NEAR(weight, exact, 1.0) << "step " << n;
        }
        EXPECT_NEAR(weight + static_cast<double>(slot.carry), exact, 0.1);
    }
}

// Mean of stored minus exact over many weights that each make many small steps, for a way of
// storing: what is left if it is unbiased is chance.
template <typename Store>
double mean_bias(Store store, double drift) {
    constexpr std::uint64_t seed = 103;
    constexpr int weights = 1'000;
    constexpr int steps = 1'000;
    RandomStream random = test_stream(seed);
    double bias = 0;
    for (int w = 0; w < weights; ++w) {
        AdamSlot slot;
        std::uint16_t weight = 32768;
        double exact = 32768;
        for (int n = 0; n < steps; ++n) {
            const auto step = static_cast<float>(drift + uniform(random, -0.05, 0.05));
            weight = store(weight, step, slot);
            exact += static_cast<double>(step);
        }
        bias += weight - exact;
    }
    return bias / weights;
}

std::uint16_t truncate_with_carry(std::uint16_t weight, float step, AdamSlot& slot) {
    const double value = weight + static_cast<double>(slot.carry) + static_cast<double>(step);
    const auto stored = static_cast<std::uint16_t>(value);
    slot.carry = static_cast<float>(value - stored);
    return stored;
}

std::uint16_t round_without_carry(std::uint16_t weight, float step, AdamSlot&) {
    return static_cast<std::uint16_t>(weight + static_cast<double>(step) + 0.5);
}

TEST(ApplyStep, stores_without_bias_over_a_million_updates) {
    // A remainder is uniform within +-0.5: standard deviation 0.29, of the mean of 1,000 weights
    // 0.009. Five of those:
    constexpr double chance = 0.046;
    EXPECT_LT(std::abs(mean_bias(apply_step, 0)), chance);
    EXPECT_LT(std::abs(mean_bias(apply_step, 0.003)), chance);
    EXPECT_LT(std::abs(mean_bias(apply_step, -0.003)), chance);
}

TEST(ApplyStep, truncation_and_rounding_without_carry_are_biased_so_the_criterion_can_fail) {
    EXPECT_LT(mean_bias(truncate_with_carry, 0), -0.4);
    EXPECT_LT(mean_bias(round_without_carry, 0.003), -2.5);  // every small step is lost
    EXPECT_GT(mean_bias(round_without_carry, -0.003), 2.5);
}

TEST(ApplyStep, saturates_at_both_ends_and_comes_back) {
    AdamSlot slot;
    EXPECT_EQ(apply_step(65'000, 1e6f, slot), 65535);
    EXPECT_EQ(slot.carry, 0.0f);
    EXPECT_EQ(apply_step(65535, 100.0f, slot), 65535);
    EXPECT_EQ(apply_step(65535, -2.0f, slot), 65533);
    EXPECT_EQ(apply_step(100, -1e6f, slot), 0);
    EXPECT_EQ(slot.carry, 0.0f);
    EXPECT_EQ(apply_step(0, -0.25f, slot), 0);
    EXPECT_EQ(apply_step(0, 3.0f, slot), 3);
}

TEST(ApplyStep, carries_what_rounding_left_over) {
    AdamSlot slot;
    EXPECT_EQ(apply_step(1'000, 12.75f, slot), 1'013);
    EXPECT_EQ(slot.carry, -0.25f);
    EXPECT_EQ(apply_step(1'013, 0.25f, slot), 1'013);
    EXPECT_EQ(slot.carry, 0.0f);
    EXPECT_EQ(apply_step(1'013, 0.5f, slot), 1'014);  // half a unit goes up ...
    EXPECT_EQ(slot.carry, -0.5f);
    EXPECT_EQ(apply_step(1'014, 0.0f, slot), 1'014);  // ... and is owed
}

// What --jump-limit relies on.
TEST(Adam, no_gradients_whatsoever_make_a_step_longer_than_7_3_rates) {
    const Corrections corrections;
    constexpr float rate = 0.2f;
    float longest = 0;
    const auto note = [&](AdamSlot& slot, float gradient) {
        longest = std::max(longest, std::abs(adam_step(slot, gradient, rate, *corrections)));
    };
    // Cauchy and Schwarz: worst are gradients that grow by beta2 / beta1 after many that were none.
    AdamSlot slot;
    for (int i = 0; i < 20'000; ++i)
        note(slot, 0);
    for (int i = 200; i >= 0; --i)
        note(slot, static_cast<float>(std::pow(0.9 / 0.999, i)));
    EXPECT_GT(longest, 7.2f * rate);
    EXPECT_LT(longest, 7.3f * rate);
    longest = 0;
    slot = AdamSlot();
    for (int i = 200; i >= 0; --i)  // nor early, when corrections are large
        note(slot, static_cast<float>(std::pow(0.9 / 0.999, i)));
    EXPECT_LT(longest, 7.3f * rate);
}

}  // namespace
}  // namespace kiln

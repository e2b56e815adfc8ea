#include "core/router/metrics.hpp"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

namespace kiln::router {
namespace {

Metrics of(std::uint32_t outputs, const std::vector<float>& logits,
           const std::vector<float>& labels, LossKind kind = LossKind::cross_entropy) {
    std::vector<RankedScore> scratch(labels.size());
    return measure(kind, outputs, logits, labels, scratch);
}

TEST(Metrics, all_right_is_exactly_one) {
    std::vector<float> logits;
    std::vector<float> labels;
    for (int i = 0; i < 1000; ++i) {
        labels.push_back(static_cast<float>(i % 2));
        logits.push_back(i % 2 == 0 ? -9.0f : 9.0f);
    }
    const Metrics metrics = of(1, logits, labels);
    EXPECT_EQ(metrics.accuracy, 1);
    EXPECT_EQ(metrics.auc, 1);
    EXPECT_NEAR(metrics.loss, std::log1p(std::exp(-9)), 1e-9);
}

TEST(Metrics, area_is_the_share_of_pairs_in_order_and_ties_count_half) {
    // Pairs of a 1 and a 0: (2, 1) right, (2, 2) tied, (0, 1) and (0, 2) wrong.
    EXPECT_DOUBLE_EQ(of(1, {2, 0, 1, 2}, {1, 1, 0, 0}).auc, 1.5 / 4);
    EXPECT_DOUBLE_EQ(of(1, {3, 3, 3, 3}, {1, 1, 0, 0}).auc, 0.5);
    EXPECT_DOUBLE_EQ(of(1, {1, 2}, {1, 1}).auc, 0.5);  // nothing to compare
}

TEST(Metrics, calibration_is_the_distance_of_what_was_said_from_what_was_so) {
    const auto logit = [](double p) { return static_cast<float>(std::log(p / (1 - p))); };
    std::vector<float> logits(10, logit(0.75));
    std::vector<float> labels = {1, 1, 1, 1, 1, 0, 0, 0, 0, 0};  // said 75 %, was 50 %
    EXPECT_NEAR(of(1, logits, labels).calibration_error, 0.25, 1e-6);
    labels = {1, 1, 1, 1, 1, 1, 1, 1, 0, 0};
    EXPECT_NEAR(of(1, logits, labels).calibration_error, 0.05, 1e-6);
}

TEST(Metrics, classes_are_told_by_the_highest_logit) {
    const Metrics metrics = of(3, {5, 0, 0, 0, 5, 0, 0, 5, 0}, {0, 1, 2});
    EXPECT_DOUBLE_EQ(metrics.accuracy, 2.0 / 3);
}

TEST(Metrics, a_task_that_asks_for_a_number_has_a_squared_error_and_no_accuracy) {
    const Metrics metrics = of(1, {1, 3}, {2, 3}, LossKind::squared_error);
    EXPECT_DOUBLE_EQ(metrics.loss, 0.5);
    EXPECT_EQ(metrics.accuracy, 0);
}

TEST(Metrics, no_samples_are_no_error) {
    EXPECT_EQ(of(1, {}, {}).samples, 0u);
}

TEST(Metrics, a_tenth_of_the_range_is_calibrated_by_itself) {
    // Too sure between 0.9 and 1, not sure enough between 0.8 and 0.9: one does not excuse the
    // other.
    const auto logit = [](double p) { return static_cast<float>(std::log(p / (1 - p))); };
    const std::vector<float> logits = {logit(0.95), logit(0.95), logit(0.85), logit(0.85)};
    EXPECT_NEAR(of(1, logits, {1, 0, 1, 1}).calibration_error, (0.9 + 0.3) / 4, 1e-6);
}

TEST(Metrics, of_several_classes_the_one_that_was_said_is_calibrated) {
    const double said = std::exp(5) / (std::exp(5) + 2);
    EXPECT_NEAR(of(3, {0, 5, 0, 0, 0, 5}, {1, 2}).calibration_error, 1 - said, 1e-6);
}

TEST(Metrics, area_of_several_classes_is_their_mean) {
    EXPECT_DOUBLE_EQ(of(3, {5, 0, 0, 0, 5, 0, 0, 0, 5}, {0, 1, 2}).auc, 1);
}

TEST(Metrics, one_logit_says_class_one_above_zero) {
    EXPECT_EQ(of(1, {0.01f, 0, -0.01f}, {1, 0, 0}).accuracy, 1);
}

TEST(Metrics, scores_that_are_not_numbers_come_below_all_others) {
    EXPECT_DOUBLE_EQ(of(1, {NAN, 1}, {0, 1}).auc, 1);
    EXPECT_DOUBLE_EQ(of(1, {NAN, 1}, {1, 0}).auc, 0);
}

}  // namespace
}  // namespace kiln::router

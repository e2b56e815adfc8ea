// How good a router's logits are, set beside the labels.
#pragma once

#include <cstdint>
#include <span>

#include "core/router/loss.hpp"

namespace kiln::router {

struct Metrics {
    std::uint64_t samples = 0;
    double loss = 0;      // mean: log-loss, or the squared error of tasks that ask for a number
    double accuracy = 0;  // share; 0 for tasks that ask for a number
    // Area under the receiver's operating curve: the chance that of two samples of different
    // classes the right one has the higher score, ties half. More than two classes: the mean over
    // each class against the others. 0.5 if there is nothing to compare.
    double auc = 0;
    // Expected calibration error in ten bins of equal width (Guo et al., "On Calibration of Modern
    // Neural Networks", ICML 2017, section 2): of the probability of class 1, or of the class that
    // is predicted.
    double calibration_error = 0;
};

struct RankedScore {
    float score;
    std::uint32_t is_positive;
};

// scratch: as many as samples.
Metrics measure(LossKind kind, std::uint32_t outputs, std::span<const float> logits,
                std::span<const float> labels, std::span<RankedScore> scratch);

// The class with the highest logit (the first of equal ones); for one output 1 above 0.
std::uint32_t predicted_class(std::span<const float> logits);

}  // namespace kiln::router

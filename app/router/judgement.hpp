// What a trained router is worth on data, and what it decides: metrics, calibrated probabilities,
// a threshold by cost or by risk, uncertainty.
//
// What was chosen on validation data is kept with the model, as notes. Failures are thrown.
#pragma once

#include <cmath>
#include <cstddef>
#include <span>

#include "core/router/metrics.hpp"

#include "app/router/dataset.hpp"
#include "app/router/model.hpp"

namespace kiln::app {

// logits: [n, K], as logits_of() gives them or divided.
router::Metrics measured(const RouterModel& model, const Dataset& data,
                         std::span<const float> logits);
double majority_share(const Dataset& data);

// By what logits are divided before they become probabilities; 1 where nothing was fitted.
double calibration_of(const RouterModel& model);
void set_calibration(RouterModel& model, double temperature);
void divide(std::span<float> logits, double temperature);
// The temperature with the least log-loss (Guo et al., ICML 2017, section 4.2), by golden section
// over its logarithm.
double best_temperature(const RouterModel& model, const Dataset& data,
                        std::span<const float> logits);

// Two classes: class 1 (the light path) is decided for from this probability on; 0.5 where nothing
// was chosen.
double threshold_of(const RouterModel& model);
void set_threshold(RouterModel& model, double threshold);

struct Decision {
    // Class 1 from this probability on; beyond 1, so that no sample reaches it, unless one is
    // found.
    double threshold = std::nextafter(1.0, 2.0);
    std::size_t light = 0;  // samples decided for class 1 ...
    std::size_t wrong = 0;  // ... and of them those of class 0
    double cost = 0;        // mean a sample
    double always_light = 0;
    double always_strong = 0;
};

// The threshold of least cost on these samples: a sample that is decided for class 1 costs
// cost_wrong if its label is 0 and nothing else; one that is decided for class 0 cost_strong.
Decision cheapest(std::span<const float> logits, std::span<const float> labels, double cost_wrong,
                  double cost_strong);

// The threshold with the most decisions for class 1 of which at most that share is wrong.
Decision within_risk(std::span<const float> logits, std::span<const float> labels, double risk);

// The probability of each class, or with one output that of class 1, in `probabilities`.
void probabilities_of(std::span<const float> logits, std::span<double> probabilities);
// 0 where nothing is in doubt, 1 where all classes are as likely: entropy over its largest value.
// From probabilities as above.
double uncertainty_of(std::span<const double> probabilities);

// The largest share of each of the cell's matrices kept and the rest zeroed, without learning
// again. Throws usage for a quantised model.
RouterModel pruned(const RouterModel& model, double keep_share);

}  // namespace kiln::app

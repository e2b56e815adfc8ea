// What training a router reports about itself.
#pragma once

#include <cstdint>

#include "core/train/event.hpp"

namespace kiln::router {

constexpr EventKind event_pass = static_cast<EventKind>(200);  // PassReport, after every epoch
constexpr EventKind event_end = static_cast<EventKind>(201);   // EndReport, once

struct PassReport {
    std::uint32_t pass;  // epochs of the settings that are over
    std::uint32_t is_best;
    double training_loss;  // mean over the batches, as they were before each step; with its teacher
    double training_accuracy;
    double rate;
    double gradient_norm;  // mean, before clipping
    // On the validation samples, if there are any.
    std::uint64_t validation_samples;
    double loss;
    double accuracy;
    double auc;
    double calibration_error;
};

struct EndReport {
    std::uint32_t passes;
    std::uint32_t is_early;      // the validation loss got no better for as long as patience lasts
    std::uint32_t best_pass;     // whose weights are kept; 0: the last ones
    std::uint32_t kept_weights;  // that are not zero
    double best_loss;
};

}  // namespace kiln::router

// RouterSettings: everything besides the data that decides how a router's training goes.
//
// Two runs with equal settings and equal data have equal checkpoints.
#pragma once

#include <cstdint>

#include "core/base/random.hpp"
#include "core/router/adam_step.hpp"
#include "core/router/loss.hpp"
#include "core/router/regularise.hpp"
#include "core/router/shape.hpp"

namespace kiln::router {

// Random streams of this workload; never renumber.
constexpr auto stream_initial = static_cast<StreamPurpose>(100);   // weights before training
constexpr auto stream_order = static_cast<StreamPurpose>(101);     // samples of an epoch
constexpr auto stream_split = static_cast<StreamPurpose>(102);     // training and validation
constexpr auto stream_generate = static_cast<StreamPurpose>(103);  // generated tasks

// Weights before training. With a horizon the gates are spread so that some remember for that many
// steps (Tallec and Ollivier, "Can recurrent neural networks warp time?", ICLR 2018: bias ln(1 + u
// (T - 2)), u uniform); without one they are those of the authors' code, with which nothing is
// remembered for a hundred steps.
struct InitialSettings {
    double deviation = 0;       // of the matrices; 0: 1 / square root of a row's length
    std::uint32_t horizon = 0;  // steps; 0 to 2: none
    double gate_bias = 1;       // without a horizon
    double update_bias = 1;     // without a horizon
    double zeta = 1;            // before the logistic function; with a horizon 6 ...
    double nu = -4;             // ... and -6: nothing leaks
};

// Iterative hard thresholding in three stages of a third of the epochs each (the paper's section
// 3.2.2 and the authors' code): dense; the largest weights of each matrix chosen anew every few
// batches; the last choice kept.
struct PruneSettings {
    double keep = 1;                   // share of each of the cell's matrices; 1: dense
    std::uint32_t every_batches = 15;  // in the second stage

    bool is_on() const { return keep < 1; }
};

struct RouterSettings {
    std::uint64_t seed = 1;
    Shape shape;
    std::uint32_t steps = 1;  // T
    std::uint32_t training_samples = 0;
    std::uint32_t validation_samples = 0;  // the last ones of the data; 0: none

    std::uint32_t epochs = 100;
    std::uint32_t batch = 32;
    double rate = 0.001;
    double decay_factor = 0.5;       // of the rate ...
    std::uint32_t decay_every = 20;  // ... each so many epochs; 0: the rate is constant
    std::uint32_t patience = 10;  // epochs without a better validation loss; 0: never stops early
    LossSettings loss = {.alpha = 0, .temperature = 3, .l2 = 1e-5};
    ClipSettings clipping;
    AdamRates adam;
    InitialSettings initial;
    PruneSettings pruning;
};

constexpr std::uint32_t samples_per_ticket = 16;
constexpr std::uint32_t batch_max = 4096;

// An epoch of Kiln is a batch of training, or as many samples of validation; an epoch of the
// settings is a pass over all of them.
struct Schedule {
    std::uint32_t tickets_per_batch = 1;
    std::uint32_t training_batches = 0;  // a pass
    std::uint32_t validation_batches = 0;

    explicit Schedule(const RouterSettings& settings)
        : tickets_per_batch((settings.batch + samples_per_ticket - 1) / samples_per_ticket),
          training_batches((settings.training_samples + settings.batch - 1) / settings.batch),
          validation_batches(
              (settings.validation_samples + tickets_per_batch * samples_per_ticket - 1) /
              (tickets_per_batch * samples_per_ticket)) {}

    std::uint32_t batches() const { return training_batches + validation_batches; }
    std::uint64_t tickets_per_pass() const { return std::uint64_t{batches()} * tickets_per_batch; }
};

inline std::uint64_t tickets_of(const RouterSettings& settings) {
    return settings.epochs * Schedule(settings).tickets_per_pass();
}

}  // namespace kiln::router

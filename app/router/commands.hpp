// `kiln router ...`: train a FastGRNN classifier, measure it, make it smaller, use it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "app/commands/commands.hpp"
#include "app/router/dataset.hpp"

namespace kiln::app {

enum class RouterAction { train, evaluate, predict, quantize, prune, inspect, gradients };

struct RouterOptions {
    RouterAction action = RouterAction::inspect;
    std::string model;
    DataSource data;
    std::string out;
    bool json = false;

    // train and distill
    RunOptions run;
    double validation = 0.2;
    bool normalise = true;
    std::string teacher;

    // evaluate
    std::optional<double> cost_wrong;  // of a wrong decision for class 1 (the light path) ...
    double cost_strong = 1;            // ... against that of deciding for class 0
    std::optional<double> risk;        // share of wrong decisions for class 1 that is borne
    bool calibrate = false;

    double keep_share = 0.3;  // prune

    // gradients
    bool in_double = false;
    double alpha = 0;
    double temperature = 3;
    double l2 = 0;
    std::string clip_by = "none";
    double clip = 5;
};

ExitCode run_router(const RouterOptions& options);

ExitCode run_router_train(const RouterOptions& options);
ExitCode run_router_gradients(const RouterOptions& options);

}  // namespace kiln::app

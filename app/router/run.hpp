// A router's run, from its data to its settings and from its last checkpoint to its model.
//
// What `kiln router train` does around a run of any workload, and a program that trains in its own
// process (app/python). In this order: prepare_run(), whatever may still refuse it, keep_data(),
// the run, trained_model(). Prints nothing. Failures are thrown.
#pragma once

#include <string>
#include <vector>

#include "app/commands/commands.hpp"
#include "app/router/dataset.hpp"
#include "app/router/model.hpp"
#include "app/router/prepared.hpp"

namespace kiln::app {

struct PreparedRun {
    PreparedSamples samples;
    std::vector<Assignment> facts;  // the settings that follow from the data
};

// Splits the data, then fits the normalisation to what is learned from and to nothing else. `run`:
// what was asked for. Writes nothing.
PreparedRun prepare_run(const RunOptions& run, Dataset data, double validation, bool normalise);

// Puts the data into the state directory, where no run may be yet, and their checksum to the facts.
void keep_data(PreparedRun& prepared, const std::string& state);

// The length of the run in tickets, which follows from all the rest.
void add_length(RunOptions& run);

// What a run has learned, by its newest checkpoint.
RouterModel trained_model(const std::string& state);

}  // namespace kiln::app

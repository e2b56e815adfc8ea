// Where a run begins: fresh, or with the newest checkpoint of its state directory.
//
// The same for the command and for programs that train without it. In this order: find_start(), the
// settings over those found, check_workload(), and claim_for_writing() once nothing else can be
// refused. Failures are thrown.
#pragma once

#include <cstdint>
#include <optional>

#include "app/settings.hpp"
#include "app/state_directory.hpp"

namespace kiln::app {

// The settings a run has been following, and its checkpoint if there is one.
struct StartingPoint {
    RunSettings settings;
    std::optional<OpenCheckpoint> checkpoint;
    bool is_claimed = false;  // the state directory was there, and is ours now

    std::uint64_t games = 0;
};

// Of the settings only `resume` and `on_corrupt` matter. A damaged checkpoint that on_corrupt lets
// go is renamed.
StartingPoint find_start(StateDirectory& directory, const RunSettings& asked);
// Throws bad_data if the checkpoint belongs to another workload.
void check_workload(const StartingPoint& start, const RunSettings& settings);
// Nothing is left behind by a run that was refused, so the directory is made only here.
void claim_for_writing(StateDirectory& directory, const StartingPoint& start);

}  // namespace kiln::app

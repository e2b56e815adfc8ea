// Where a run begins: fresh, or with the newest checkpoint of its state directory.
//
// The same for the command and for programs that train without it. In this order: find_start(), the
// settings over those found, check_workload(), and claim_for_writing() once nothing else can be
// refused. Failures are thrown.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/settings.hpp"
#include "app/state_directory.hpp"

namespace kiln::app {

// A checkpoint that is gone around.
struct DamagedFile {
    FileName name;
    std::string text;  // what is wrong with it and how it is called from now on, for people
};

// The settings a run has been following, and its checkpoint if there is one.
struct StartingPoint {
    RunSettings settings;
    std::optional<OpenCheckpoint> checkpoint;
    bool is_claimed = false;  // the state directory was there, and is ours now

    std::uint64_t games = 0;
    std::vector<DamagedFile> damaged;  // newer than the checkpoint
};

// How much of a checkpoint is read for damage. A trainer process reads the rest while it loads.
enum class Scrutiny {
    header,  // and the settings
    whole,
};

// Of the settings only `resume` and `on_corrupt` matter. Throws DamagedCheckpoint if it is not to
// go around the damage, or nothing whole is left to go on from: only OnCorrupt::fresh begins from
// nothing where there was something.
StartingPoint find_start(StateDirectory& directory, const RunSettings& asked,
                         Scrutiny scrutiny = Scrutiny::header);
// Throws bad_data if the checkpoint belongs to another workload.
void check_workload(const StartingPoint& start, const RunSettings& settings);
// Nothing is changed by a run that was refused: the directory is made only here, and what is
// damaged renamed.
void claim_for_writing(StateDirectory& directory, const StartingPoint& start);

}  // namespace kiln::app

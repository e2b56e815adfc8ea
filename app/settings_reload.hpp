// Reading the configuration file again while a run goes on.
//
// What the file names, and the flags over it, is what the run follows from then on, as if it were
// started again; what it does not name stays as it is. What cannot change in a run is left alone
// and told, with the reason.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "app/settings.hpp"

namespace kiln::app {

struct SettingsReload {
    RunSettings settings;              // to go on with
    std::vector<std::string> changed;  // "learning-rate 0.12 -> 0.1"
    std::vector<std::string>
        postponed;  // "memory 600000000 -> 2000000000: ... planned at the start"
};

// running: what the run follows now, with nothing automatic left; asked: what it was started with.
// Throws what assign_all() throws.
SettingsReload reload_settings(const RunSettings& running, const RunSettings& asked,
                               std::span<const Assignment> from_file,
                               std::span<const Assignment> from_flags);

}  // namespace kiln::app

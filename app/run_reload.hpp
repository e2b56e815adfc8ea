// What a run does when it is asked to read its configuration again, or to follow other settings.
#pragma once

#include "app/commands/commands.hpp"
#include "app/reporter.hpp"
#include "app/run_log.hpp"
#include "app/settings.hpp"
#include "app/supervisor.hpp"

namespace kiln::app {

// Makes the run follow them. Throws bad_configuration if their plan does not fit the budget, usage
// if the run is beyond their target; `what` begins the complaint. Then nothing has changed.
void follow_settings(Supervisor& supervisor, const RunSettings& settings, const char* what);

// Reads the configuration file again and applies what can be: see settings_reload.hpp. Whatever
// comes of it, also of a wrong file, is told as a note, and the run goes on. asked: the settings
// the run was started with, before anything automatic was decided.
void reload_configuration(const RunOptions& options, const RunSettings& asked,
                          Supervisor& supervisor, Reporter& reporter, RunLog& log);

}  // namespace kiln::app

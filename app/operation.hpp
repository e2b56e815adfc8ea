// Operation: how a run is run, beside what it learns: workers, budget, checkpoints, what is served.
//
// No checkpoint keeps these settings, because they decide nothing of the result. So the log has
// them of every start, and a run that answers has them as they are now. Values are texts as they
// would be typed; what another process wrote is bounded by the table of settings.
#pragma once

#include <map>
#include <string>

#include "app/log_entry.hpp"
#include "app/settings.hpp"

namespace kiln::app {

class Trainer;

// Whether a setting is one of them. Another way to say what other settings say is none.
bool is_operational(const Setting& setting);

using SettingTexts = std::map<std::string, std::string>;  // by name

// {"workers": "2", ...}: those that mean something to the run's workload.
Json operation_json(const RunSettings& settings);
// Of the field "operation" of an answer or a line; what this kiln does not know is left out.
SettingTexts read_operation(const Json& json);

// What the log has of a start.
LogEntry started_entry(const Trainer& trainer, std::uint64_t games, const std::string& text);

}  // namespace kiln::app

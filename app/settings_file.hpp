// The configuration file of `kiln train`: its settings in TOML, all at the top level.
//
//     games = 100_000
//     nodes = 2000
//     memory = "600MB"
//     epsilon = [0.15, 0.05, 0]
#pragma once

#include <string>
#include <vector>

#include "app/settings.hpp"

namespace kiln::app {

// What the file sets. Throws no_input, permission, io_failed when it cannot be read and
// bad_configuration, with file and line, when it is wrong.
std::vector<Assignment> read_settings_file(const std::string& path);
// The same for contents that are already here; `path` is for messages.
std::vector<Assignment> parse_settings_file(const std::string& contents, const std::string& path);

}  // namespace kiln::app

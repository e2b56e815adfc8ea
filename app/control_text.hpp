// What a running trainer answers, as text for people.
//
// Whatever is missing in an answer, or of another type than expected, is left out: the run may be
// of another version than the client.
#pragma once

#include <string>

#include "app/log_entry.hpp"

namespace kiln::app {

// For somebody who looks once a day: how it is and how far, then what may need attention.
std::string format_status(const Json& status, const std::string& state);
// The table of regions with their use, beside what the kernel says.
std::string format_memory(const Json& memory);
// Of every other command.
std::string format_done(const Json& reply, const std::string& command);

}  // namespace kiln::app

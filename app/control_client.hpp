// The other end of control_server.hpp: asks the run in a state directory.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "app/control_protocol.hpp"

namespace kiln::app {

// The answer; nothing if no run is there. Throws no_input when there is no such directory,
// permission when the run is another user's, try_again when it does not answer within
// `patience_seconds`, and what the run itself answers if it refuses. Calls `waiting` once if the
// answer takes longer than a second.
std::optional<Json> ask_run(const std::string& state, const Request& request,
                            double patience_seconds, const std::function<void()>& waiting = {});

}  // namespace kiln::app

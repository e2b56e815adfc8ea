// Settings that may change while a run goes on.
//
// What a resumed run may be given anew, a running one may be given too, except what would make it
// another run (seed, workload), another plan of memory, or belongs to the process that was started.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/settings.hpp"

namespace kiln::app {

bool may_change(std::string_view name);
std::vector<std::string_view> changeable_settings();

// The settings with this one value changed, checked by the table of settings. Throws usage, with
// what is allowed.
RunSettings apply_change(const RunSettings& settings, const std::string& key,
                         const std::string& value);

}  // namespace kiln::app

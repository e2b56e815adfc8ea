#include "app/settings_change.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "app/failure.hpp"
#include "app/text.hpp"

namespace kiln::app {
namespace {

constexpr std::array<std::string_view, 29> changeable = {"games",
                                                         "depth",
                                                         "nodes",
                                                         "time-ms",
                                                         "exact-empties",
                                                         "selectivity",
                                                         "deep-from",
                                                         "deep-depth",
                                                         "deep-exact-empties",
                                                         "random-plies",
                                                         "epsilon",
                                                         "epsilon-early",
                                                         "epsilon-middle",
                                                         "epsilon-late",
                                                         "middle-from",
                                                         "late-from",
                                                         "epsilon-solved",
                                                         "sparring",
                                                         "lambda",
                                                         "learning-rate",
                                                         "learning-rate-final",
                                                         "weight-decay",
                                                         "error-clip",
                                                         "stop-after",
                                                         "checkpoint-every",
                                                         "keep",
                                                         "trials-every",
                                                         "workers",
                                                         "log-level"};

}  // namespace

bool may_change(std::string_view name) {
    return std::find(changeable.begin(), changeable.end(), name) != changeable.end();
}

std::vector<std::string_view> changeable_settings() {
    return {changeable.begin(), changeable.end()};
}

RunSettings apply_change(const RunSettings& settings, const std::string& key,
                         const std::string& value) {
    const Setting* const setting = find_setting(key);
    if (setting == nullptr) {
        const std::string_view nearest = nearest_name(key, changeable);
        throw Failure(
            ExitCode::usage,
            fmt::format("set: there is no setting '{}'; {}these may change in a run: {}", key,
                        nearest.empty() ? "" : fmt::format("did you mean '{}'? ", nearest),
                        fmt::join(changeable, ", ")));
    }
    if (!may_change(key))
        throw Failure(ExitCode::usage,
                      fmt::format("set: {} cannot change while a run goes on; these can: {}", key,
                                  fmt::join(changeable, ", ")));
    if (!means_something(*setting, settings.workload))
        throw Failure(ExitCode::usage, fmt::format("set: {} means nothing to workload '{}'", key,
                                                   settings.workload));
    const Assignment assignment = {setting, value, "set: " + key, ExitCode::usage};
    return assign_all(settings, std::span(&assignment, 1));
}

}  // namespace kiln::app

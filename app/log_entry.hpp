// LogEntry: one thing that happened, as people read it and as programs do.
//
// The console, the log file and its JSON lines all print the same entry, so that they cannot tell
// different stories.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace kiln::app {

// Keeps the order in which keys were added.
using Json = nlohmann::ordered_json;

// On one line. Bytes that are not UTF-8, which a path may hold, are replaced.
inline std::string dump_line(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

enum class Severity { debug, info, warning, error };

const char* name_of(Severity severity);
std::optional<Severity> parse_severity(std::string_view name);

struct LogEntry {
    Severity severity = Severity::info;
    std::string event;  // what kind, for programs: "window", "checkpoint_saved"
    std::string text;   // one line for people, without time and severity
    Json fields = Json::object();
};

}  // namespace kiln::app

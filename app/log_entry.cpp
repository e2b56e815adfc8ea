#include "app/log_entry.hpp"

#include <algorithm>
#include <array>

namespace kiln::app {
namespace {

constexpr std::array<const char*, 4> severities = {"debug", "info", "warning", "error"};

}  // namespace

const char* name_of(Severity severity) {
    return severities[static_cast<std::size_t>(severity)];
}

std::optional<Severity> parse_severity(std::string_view name) {
    const auto* const found = std::find(severities.begin(), severities.end(), name);
    if (found == severities.end())
        return std::nullopt;
    return static_cast<Severity>(found - severities.begin());
}

}  // namespace kiln::app

#include "app/settings_reload.hpp"

#include <string_view>
#include <variant>

#include <fmt/format.h>

#include "app/settings_change.hpp"

namespace kiln::app {
namespace {

const char* reason_to_wait(std::string_view name) {
    if (name == "workload")
        return "a run keeps its workload; choose another --state for another one";
    if (name == "memory" || name == "table-mib" || name == "compress")
        return "memory is planned at the start";
    return "only a start reads it";
}

// A short form says what other settings say as well.
bool is_short_form(const Setting& setting) {
    return std::holds_alternative<EpsilonSchedule>(setting.allowed);
}

}  // namespace

SettingsReload reload_settings(const RunSettings& running, const RunSettings& asked,
                               std::span<const Assignment> from_file,
                               std::span<const Assignment> from_flags) {
    const auto over = [&](const RunSettings& base) {
        return assign_all(assign_all(base, from_file), from_flags);
    };
    SettingsReload reload;
    std::vector<Assignment> fixed;
    const RunSettings wanted = over(asked);
    for (const Setting& setting : all_settings()) {
        if (may_change(setting.name))
            continue;
        fixed.push_back(
            {&setting, format_value(setting, running), setting.name, ExitCode::internal});
        const std::string before = format_value(setting, asked);
        const std::string after = format_value(setting, wanted);
        if (before != after && setting.kept != Kept::in_checkpoint_only)
            reload.postponed.push_back(fmt::format("{} {} -> {}: {}", setting.name, before, after,
                                                   reason_to_wait(setting.name)));
    }
    reload.settings = assign_all(over(running), fixed);
    reload.changed = differences(running, reload.settings);
    for (const Setting& setting : all_settings()) {
        const std::string before = format_value(setting, running);
        const std::string after = format_value(setting, reload.settings);
        if (setting.kept == Kept::nowhere && !is_short_form(setting) && before != after)
            reload.changed.push_back(fmt::format("{} {} -> {}", setting.name, before, after));
    }
    return reload;
}

}  // namespace kiln::app

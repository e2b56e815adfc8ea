#include "app/operation.hpp"

#include "app/json_fields.hpp"
#include "app/trainer.hpp"

namespace kiln::app {

bool is_operational(const Setting& setting) {
    const std::string_view name = setting.name;
    return setting.kept == Kept::nowhere && name != "epsilon" && name != "table-mib";
}

Json operation_json(const RunSettings& settings) {
    Json json = Json::object();
    for (const Setting& setting : all_settings())
        if (is_operational(setting) && means_something(setting, settings.workload))
            json[setting.name] = format_value(setting, settings);
    return json;
}

SettingTexts read_operation(const Json& json) {
    SettingTexts texts;
    for (const Setting& setting : all_settings()) {
        const std::string text = text_field(json, {"operation", setting.name});
        if (is_operational(setting) && !text.empty())
            texts[setting.name] = text;
    }
    return texts;
}

LogEntry started_entry(const Trainer& trainer, std::uint64_t games, const std::string& text) {
    const RunSettings& settings = trainer.settings();
    return {Severity::info,
            "started",
            text,
            {{"games", games},
             {"workload", settings.workload},
             {"workers", settings.workers},
             {"memory_bytes", settings.memory_bytes},
             {"planned_bytes", trainer.plan().planned_bytes},
             {"operation", operation_json(settings)}}};
}

}  // namespace kiln::app

#include "app/control_text.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "app/json_fields.hpp"
#include "app/settings.hpp"
#include "app/text.hpp"

namespace kiln::app {
namespace {

std::uint64_t count(double value) {
    return static_cast<std::uint64_t>(std::clamp(std::round(value), 0.0, 0x1p63));
}

std::string count_text(const Json& json, FieldPath path) {
    const auto value = number_field(json, path);
    return value ? format_count(count(*value)) : "";
}
std::string bytes_text(const Json& json, FieldPath path) {
    const auto value = number_field(json, path);
    return value ? format_bytes(count(*value)) : "";
}
std::string duration_text(const Json& json, FieldPath path) {
    const auto value = number_field(json, path);
    return value ? format_duration(std::clamp(*value, 0.0, 1e15)) : "";
}

// A line's parts between commas; parts about what is unknown are left out.
class Parts {
  public:
    // `shape` has one {} for the value.
    Parts& add(const char* shape, const std::string& value) {
        if (!value.empty())
            line_ += (line_.empty() ? "" : ", ") + fmt::format(fmt::runtime(shape), value);
        return *this;
    }
    const std::string& line() const { return line_; }

  private:
    std::string line_;
};

// Anything else, as "key value, key value".
std::string flat_text(const Json& json) {
    if (json.is_string())
        return on_one_line(json.get<std::string>());
    if (json.is_number_float())
        return fmt::format("{:.4g}", json.get<double>());
    if (!json.is_structured())
        return json.dump();
    std::string line;
    for (const auto& [key, value] : json.items()) {
        std::string name = json.is_object() ? on_one_line(key) + " " : "";
        std::replace(name.begin(), name.end(), '_', ' ');
        line += (line.empty() ? "" : ", ") + name + flat_text(value);
    }
    return line;
}

// A report: its own line where it has one.
std::string report_text(const Json& json, const char* name) {
    const Json* const found = find_field(json, {name});
    if (found == nullptr)
        return "";
    const std::string line = text_field(*found, {"text"});
    return line.empty() ? flat_text(*found) : line;
}

std::string row(const char* label, const std::string& value) {
    return value.empty() ? "" : fmt::format("  {:<12} {}\n", label, value);
}

std::string progress_text(const Json& status) {
    Parts parts;
    const char* const unit = unit_of(text_field(status, {"workload"}));
    const auto games = number_field(status, {"games"});
    const auto target = number_field(status, {"target_games"});
    if (games && target && *target > 0)
        parts.add("{}", fmt::format("{} of {} {}s ({})", format_count(count(*games)),
                                    format_count(count(*target)), unit,
                                    format_percent(*games / *target)));
    else
        parts.add(fmt::format("{{}} {}s", unit).c_str(), count_text(status, {"games"}));
    if (const auto rate = number_field(status, {"games_per_second"}); rate && *rate > 0)
        parts.add("{}", fmt::format("{} {}s/s", format_rate(*rate), unit));
    return parts.add("{} left", duration_text(status, {"seconds_left"})).line();
}

std::string process_text(const Json& status) {
    return Parts()
        .add("workload {}", text_field(status, {"workload"}))
        .add("up {}", duration_text(status, {"uptime_seconds"}))
        .add("supervisor {}", flat_text(status.value("pid", Json(""))))
        .add("trainer {}", flat_text(status.value("trainer_pid", Json(""))))
        .line();
}

std::string checkpoint_text(const Json& status) {
    constexpr const char* newest = "newest_checkpoint";
    if (find_field(status, {newest, "name"}) == nullptr)
        return "none yet";
    return Parts()
        .add("{}", text_field(status, {newest, "name"}))
        .add("{} old", duration_text(status, {newest, "age_seconds"}))
        .add("{}", bytes_text(status, {newest, "bytes"}))
        .add("saved in {}", duration_text(status, {newest, "duration_seconds"}))
        .add("workers waited {}", duration_text(status, {newest, "pause_seconds"}))
        .line();
}

std::string restarts_text(const Json& status) {
    const auto total = number_field(status, {"restarts", "total"});
    if (!total || *total == 0)
        return total ? "none" : "";
    return Parts()
        .add("{}", format_count(count(*total)))
        .add("the last {}", text_field(status, {"restarts", "last", "when"}))
        .add("because {}", text_field(status, {"restarts", "last", "why"}))
        .line();
}

std::string errors_text(const Json& status) {
    Parts parts;
    const char* const unit = unit_of(text_field(status, {"workload"}));
    parts
        .add(fmt::format("{{}} in the last 10,000 {}s", unit).c_str(),
             count_text(status, {"errors", "last_10000_games"}))
        .add("pauses above {}", count_text(status, {"errors", "limit"}));
    if (const Json* const skipped = find_field(status, {"errors", "skipped_tickets"});
        skipped != nullptr && !skipped->empty())
        parts.add(fmt::format("{}s skipped: {{}}", unit).c_str(), flat_text(*skipped));
    return parts.line();
}

// How many do what, and who has been at it longest.
std::string workers_text(const Json& status) {
    const Json* const workers = find_field(status, {"workers"});
    if (workers == nullptr || !workers->is_array())
        return "";
    std::map<std::string, std::uint64_t> phases;
    const Json* longest = nullptr;
    for (const Json& worker : *workers) {
        const std::string phase = text_field(worker, {"phase"});
        ++phases[phase.empty() ? "unknown" : phase];
        if (number_field(worker, {"seconds"}).value_or(0) >
            (longest == nullptr ? 0 : number_field(*longest, {"seconds"}).value_or(0)))
            longest = &worker;
    }
    Parts parts;
    for (const auto& [phase, number_of] : phases)
        parts.add("{}", fmt::format("{} {}", number_of, phase));
    if (longest != nullptr)
        parts.add(
            "longest: {}",
            fmt::format("worker {} for {} on game {}", count_text(*longest, {"worker"}),
                        duration_text(*longest, {"seconds"}), count_text(*longest, {"ticket"})));
    return parts.line();
}

std::string memory_text(const Json& status) {
    return Parts()
        .add("{} resident", bytes_text(status, {"memory", "resident_bytes"}))
        .add("peak {}", bytes_text(status, {"memory", "peak_resident_bytes"}))
        .add("{} planned", bytes_text(status, {"memory", "planned_bytes"}))
        .add("budget {}", bytes_text(status, {"memory", "budget_bytes"}))
        .line();
}

std::string warnings_text(const Json& status) {
    const Json* const warnings = find_field(status, {"warnings"});
    std::string lines;
    if (warnings != nullptr && warnings->is_array())
        for (const Json& warning : *warnings)
            lines += row(lines.empty() ? "warnings" : "", flat_text(warning));
    return lines;
}

std::string memory_row(const std::string& name, const std::string& owner,
                       const std::array<std::string, 4>& columns, const char* note = "") {
    std::string line = fmt::format("  {:<25} {:<10} {:>12} {:>12} {:>12} {:>12}  {}", name, owner,
                                   columns[0], columns[1], columns[2], columns[3], note);
    line.erase(line.find_last_not_of(' ') + 1);
    return line + "\n";
}

std::string region_row(const Json& region) {
    const Json* const outside = find_field(region, {"outside"});
    return memory_row(text_field(region, {"name"}), text_field(region, {"owner"}),
                      {count_text(region, {"planned_bytes"}), count_text(region, {"used_bytes"}),
                       count_text(region, {"peak_bytes"}), count_text(region, {"resident_bytes"})},
                      outside != nullptr && *outside == true ? "outside the arena" : "");
}

std::string process_memory_text(const Json& memory, const char* process) {
    return Parts()
        .add("{} resident", bytes_text(memory, {"kernel", process, "resident_bytes"}))
        .add("peak {}", bytes_text(memory, {"kernel", process, "peak_resident_bytes"}))
        .add("{} its share of shared pages",
             bytes_text(memory, {"kernel", process, "proportional_bytes"}))
        .line();
}

}  // namespace

std::string format_status(const Json& status, const std::string& state) {
    const std::string phase = text_field(status, {"state"});
    std::string lines = on_one_line(state) + ": " +
                        Parts()
                            .add("{}", phase.empty() ? "running" : phase)
                            .add("{}", progress_text(status))
                            .line() +
                        "\n";
    lines += row("reason", text_field(status, {"reason"}));
    lines += row("checkpoint", checkpoint_text(status));
    lines += row("window", report_text(status, "window"));
    lines += row("summary", report_text(status, "summary"));
    lines += row("strength", report_text(status, "strength"));
    lines += row("solved", report_text(status, "held_out"));
    lines += row("convergence", report_text(status, "convergence"));
    lines += row("workers", workers_text(status));
    lines += row("memory", memory_text(status));
    lines += row("errors", errors_text(status));
    lines += row("restarts", restarts_text(status));
    lines += row("process", process_text(status));
    return lines + warnings_text(status);
}

std::string format_memory(const Json& memory) {
    std::string lines = memory_row("region", "owner", {"planned", "used", "peak", "resident"});
    if (const Json* const regions = find_field(memory, {"regions"});
        regions != nullptr && regions->is_array())
        for (const Json& region : *regions)
            lines += region_row(region);
    const auto add_sum = [&](const char* name, std::array<std::string, 4> columns) {
        if (columns != std::array<std::string, 4>())
            lines += memory_row(name, "", columns);
    };
    add_sum("planned", {count_text(memory, {"planned_bytes"})});
    add_sum("budget", {count_text(memory, {"budget_bytes"})});
    add_sum("accounted for", {"", "", "", count_text(memory, {"accounted_bytes"})});
    add_sum("resident, says the kernel",
            {"", "", "", count_text(memory, {"kernel", "resident_bytes"})});
    const auto difference = number_field(memory, {"difference_percent"});
    lines += row("difference", difference ? fmt::format("{:+.2f} %", *difference) : "");
    lines += row("supervisor", process_memory_text(memory, "supervisor"));
    lines += row("trainer", process_memory_text(memory, "trainer"));
    lines += row("kernel",
                 Parts()
                     .add("peak {}", bytes_text(memory, {"kernel", "peak_resident_bytes"}))
                     .add("huge pages {}", bytes_text(memory, {"kernel", "huge_page_bytes"}))
                     .add("{} minor faults", count_text(memory, {"kernel", "minor_faults"}))
                     .add("{} major", count_text(memory, {"kernel", "major_faults"}))
                     .add("{} since the seal", count_text(memory, {"kernel", "faults_since_seal"}))
                     .line());
    lines += row("fragments", report_text(memory, "fragmentation"));
    return lines +
           row("measured", Parts().add("{} ago", duration_text(memory, {"age_seconds"})).line());
}

std::string format_done(const Json& reply, const std::string& command) {
    const std::string line = text_field(reply, {"text"});
    return (line.empty() ? command + ": done" : line) + "\n";
}

}  // namespace kiln::app

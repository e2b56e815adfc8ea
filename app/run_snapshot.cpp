#include "app/run_snapshot.hpp"

#include <algorithm>
#include <span>

#include "app/json_fields.hpp"
#include "app/text.hpp"

namespace kiln::app {
namespace {

// Times that anybody waits for or looks back on.
std::optional<double> seconds_field(const Json& json, FieldPath path) {
    const auto seconds = number_field(json, path);
    return seconds ? std::optional(std::clamp(*seconds, 0.0, 1e12)) : std::nullopt;
}

std::uint64_t count_or_zero(const Json& json, FieldPath path) {
    return count_field(json, path).value_or(0);
}

// At most so many elements of a list, the newest of them; none if it is no list.
std::vector<const Json*> list_field(const Json& json, FieldPath path, std::size_t elements_max) {
    std::vector<const Json*> elements;
    const Json* const list = find_field(json, path);
    if (list == nullptr || !list->is_array())
        return elements;
    const std::size_t first = list->size() - std::min(list->size(), elements_max);
    for (std::size_t at = first; at < list->size(); ++at)
        elements.push_back(&(*list)[at]);
    return elements;
}

}  // namespace

RunSnapshot read_run_snapshot(const Json& status) {
    RunSnapshot run;
    run.state = text_field(status, {"state"});
    run.reason = text_field(status, {"reason"});
    run.workload = text_field(status, {"workload"});
    run.pid = count_or_zero(status, {"pid"});
    run.trainer_pid = count_or_zero(status, {"trainer_pid"});
    run.uptime_seconds = seconds_field(status, {"uptime_seconds"}).value_or(0);
    run.games = count_or_zero(status, {"games"});
    run.target_games = count_or_zero(status, {"target_games"});
    run.games_per_second = number_field(status, {"games_per_second"});
    if (run.games_per_second)
        run.games_per_second = std::clamp(*run.games_per_second, 0.0, 1e9);
    run.seconds_left = seconds_field(status, {"seconds_left"});
    run.restarts = count_or_zero(status, {"restarts", "total"});
    run.last_restart = text_field(status, {"restarts", "last", "why"});
    run.last_restart_time = text_field(status, {"restarts", "last", "when"});
    run.recent_errors = count_or_zero(status, {"errors", "last_10000_games"});
    run.errors_limit = count_or_zero(status, {"errors", "limit"});
    if (const Json* const skipped = find_field(status, {"errors", "skipped_tickets"});
        skipped != nullptr && skipped->is_array())
        run.skipped_tickets = skipped->size();
    for (const Json* worker : list_field(status, {"workers"}, RunSnapshot::workers_max))
        run.workers.push_back({count_or_zero(*worker, {"worker"}), text_field(*worker, {"phase"}),
                               count_field(*worker, {"ticket"}),
                               seconds_field(*worker, {"seconds"}),
                               seconds_field(*worker, {"beat_seconds"})});
    for (const Json* warning : list_field(status, {"warnings"}, RunSnapshot::warnings_max))
        run.warnings.push_back(text_field(*warning, {}));
    run.budget_bytes = count_or_zero(status, {"memory", "budget_bytes"});
    run.planned_bytes = count_or_zero(status, {"memory", "planned_bytes"});
    run.resident_bytes = count_or_zero(status, {"memory", "resident_bytes"});
    run.peak_resident_bytes = count_or_zero(status, {"memory", "peak_resident_bytes"});
    run.operation = read_operation(status);
    return run;
}

MemorySnapshot read_memory_snapshot(const Json& answer) {
    MemorySnapshot memory;
    memory.budget_bytes = count_or_zero(answer, {"budget_bytes"});
    memory.planned_bytes = count_or_zero(answer, {"planned_bytes"});
    for (const Json* region : list_field(answer, {"regions"}, MemorySnapshot::regions_max)) {
        const Json* const outside = find_field(*region, {"outside"});
        memory.regions.push_back(
            {text_field(*region, {"name"}), text_field(*region, {"owner"}),
             count_or_zero(*region, {"planned_bytes"}), count_field(*region, {"used_bytes"}),
             count_field(*region, {"peak_bytes"}), outside != nullptr && *outside == true});
    }
    memory.accounted_bytes = count_field(answer, {"accounted_bytes"});
    memory.resident_bytes = count_field(answer, {"kernel", "resident_bytes"});
    memory.peak_resident_bytes = count_field(answer, {"kernel", "peak_resident_bytes"});
    memory.huge_page_bytes = count_field(answer, {"kernel", "huge_page_bytes"});
    memory.minor_faults = count_field(answer, {"kernel", "minor_faults"});
    memory.major_faults = count_field(answer, {"kernel", "major_faults"});
    memory.faults_since_seal = count_field(answer, {"kernel", "faults_since_seal"});
    memory.group_bytes = count_field(answer, {"kernel", "control_group", "current_bytes"});
    memory.group_limit_bytes = count_field(answer, {"kernel", "control_group", "limit_bytes"});
    memory.difference_percent = number_field(answer, {"difference_percent"});
    if (memory.difference_percent)
        memory.difference_percent = std::clamp(*memory.difference_percent, -1e6, 1e6);
    return memory;
}

}  // namespace kiln::app

#include "app/run_counts.hpp"

#include <algorithm>

#include "app/json_fields.hpp"
#include "app/restart_policy.hpp"

namespace kiln::app {

RunCounts::RunCounts() {
    for (const IncidentKind kind :
         {IncidentKind::abandoned, IncidentKind::crashed, IncidentKind::hung, IncidentKind::killed})
        incidents_[name_of(kind)] = 0;
    for (const char* const kind :
         {"few_weights_touched", "stagnation", "few_updates", "invalid_values"})
        convergence_warnings_[kind] = 0;
    for (const Severity level : {Severity::warning, Severity::error})
        log_entries_[name_of(level)] = 0;
}

void RunCounts::Distance::move_to(std::uint64_t now) {
    total += now - std::min(now, position);
    position = now;
}

void RunCounts::begin(std::uint64_t games) {
    if (has_begun_) {
        // Further than was seen last: the end of the trainer before it came between two looks.
        played_.move_to(games);
        absorbed_.move_to(games);
    }
    has_begun_ = true;
    played_.position = absorbed_.position = games;
}

void RunCounts::advance(std::uint64_t games_played, std::uint64_t games_absorbed) {
    played_.move_to(games_played);
    absorbed_.move_to(games_absorbed);
}

void RunCounts::add(const LogEntry& entry) {
    if (entry.severity >= Severity::warning)
        ++log_entries_[name_of(entry.severity)];
    const std::string kind = text_field(entry.fields, {"kind"});
    if (entry.event == "checkpoint_saved")
        ++checkpoints_saved_;
    else if (entry.event == "checkpoint_failed")
        ++checkpoints_failed_;
    else if (entry.event == "values_healed")
        values_healed_ += entry.fields.value("values", std::uint64_t{0});
    else if (entry.event == "ticket_abandoned")
        ++incidents_[name_of(IncidentKind::abandoned)];
    else if (entry.event == "convergence_warning")
        ++convergence_warnings_[kind];
    else if (incident_kind(kind))  // of the notes that tell how a trainer ended
        ++incidents_[kind];
}

Json RunCounts::json() const {
    return {{"games_played", played_.total},
            {"games_absorbed", absorbed_.total},
            {"checkpoints_saved", checkpoints_saved_},
            {"checkpoints_failed", checkpoints_failed_},
            {"values_healed", values_healed_},
            {"incidents", incidents_},
            {"convergence_warnings", convergence_warnings_},
            {"log_entries", log_entries_}};
}

}  // namespace kiln::app

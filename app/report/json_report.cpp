// The report as JSON, for programs. Names have their units at the end; what is not known is left
// out. What is called games is counted in "unit".
#include "app/report/run_report.hpp"
#include "app/settings.hpp"

namespace kiln::app {
namespace {

void add(Json& json, const char* name, const std::optional<std::uint64_t>& value) {
    if (value)
        json[name] = *value;
}
void add(Json& json, const char* name, const std::optional<double>& value) {
    if (value)
        json[name] = *value;
}

Json memory_json(const RunReport& report) {
    const MemorySnapshot& memory = report.memory;
    const char* const source = report.memory_source == MemorySource::live   ? "live"
                               : report.memory_source == MemorySource::plan ? "plan"
                                                                            : "none";
    Json json = {{"source", source}, {"note", report.memory_note}};
    if (report.memory_source == MemorySource::none)
        return json;
    json["budget_bytes"] = memory.budget_bytes;
    json["planned_bytes"] = memory.planned_bytes;
    json["regions"] = Json::array();
    for (const RegionSnapshot& region : memory.regions) {
        Json row = {{"name", region.name},
                    {"owner", region.owner},
                    {"planned_bytes", region.planned_bytes}};
        add(row, "used_bytes", region.used_bytes);
        add(row, "peak_bytes", region.peak_bytes);
        row["outside"] = region.is_outside;
        json["regions"].push_back(std::move(row));
    }
    add(json, "accounted_bytes", memory.accounted_bytes);
    add(json, "resident_bytes", memory.resident_bytes);
    add(json, "peak_resident_bytes", memory.peak_resident_bytes);
    add(json, "huge_page_bytes", memory.huge_page_bytes);
    add(json, "minor_faults", memory.minor_faults);
    add(json, "major_faults", memory.major_faults);
    add(json, "faults_since_seal", memory.faults_since_seal);
    add(json, "control_group_bytes", memory.group_bytes);
    add(json, "control_group_limit_bytes", memory.group_limit_bytes);
    add(json, "difference_percent", memory.difference_percent);
    return json;
}

Json training_json(const RunHistory& history) {
    Json points = Json::array();
    for (const GamesPoint& point : history.games().points()) {
        Json row = {{"games", point.games},
                    {"of_games", point.count},
                    {"stone_difference", point.stone_difference()},
                    {"black_share", point.black_wins / point.count},
                    {"white_share", point.white_wins / point.count},
                    {"draw_share", point.draws / point.count},
                    {"prediction_error", point.prediction_error()}};
        add(row, "games_per_second", point.games_per_second());
        points.push_back(std::move(row));
    }
    return points;
}

Json epochs_json(const std::vector<EpochPoint>& points) {
    Json rows = Json::array();
    for (const EpochPoint& point : points) {
        Json row = {{"epoch", point.epoch}, {"games", point.games}, {"rate", point.rate}};
        add(row, "training_loss", point.training_loss);
        add(row, "training_accuracy", point.training_accuracy);
        add(row, "gradient_norm", point.gradient_norm);
        if (point.validation) {
            row["loss"] = point.validation->loss;
            add(row, "accuracy", point.validation->accuracy);
            add(row, "auc", point.validation->auc);
            add(row, "calibration_error", point.validation->calibration_error);
        }
        if (point.best_epoch > 0) {
            row["best_epoch"] = point.best_epoch;
            row["best_loss"] = point.best_loss;
        }
        add(row, "tickets_per_second", point.tickets_per_second());
        rows.push_back(std::move(row));
    }
    return rows;
}

Json estimate_json(const Estimate& estimate) {
    return {{"value", estimate.value}, {"lower", estimate.lower}, {"upper", estimate.upper}};
}

Json scores_json(const std::vector<ScorePoint>& points) {
    Json rows = Json::array();
    for (const ScorePoint& point : points) {
        Json row = {{"games", point.games},
                    {"score", estimate_json(point.score)},
                    {"stone_difference", point.stone_difference}};
        if (point.chained_elo) {
            row["opponent_games"] = point.opponent_games;
            row["chained_elo"] = estimate_json(*point.chained_elo);
        }
        rows.push_back(std::move(row));
    }
    return rows;
}

Json strength_json(const RunHistory& history) {
    Json held_out = Json::array();
    for (const HeldOutPoint& point : history.held_out().points())
        held_out.push_back({{"games", point.games},
                            {"error", point.error},
                            {"error_by_empties", point.error_by_empties},
                            {"mobility_error", point.mobility_error},
                            {"winner_share", point.winner_share}});
    Json convergence = Json::array();
    for (const ConvergencePoint& point : history.convergence().points())
        convergence.push_back({{"games", point.games},
                               {"touched_share", point.touched_share},
                               {"updates_per_weight", point.updates_per_weight},
                               {"expected_updates_per_weight", point.expected_updates},
                               {"stone_deviation", point.stone_deviation}});
    return {{"held_out", std::move(held_out)},
            {"random", scores_json(history.against(othello::Opponent::random).points())},
            {"corner", scores_json(history.against(othello::Opponent::corner_edge).points())},
            {"self", scores_json(history.against(othello::Opponent::model).points())},
            {"convergence", std::move(convergence)}};
}

Json happenings_json(const Recent<Happening>& happenings) {
    Json newest = Json::array();
    for (const Happening& one : happenings.items) {
        Json row = {{"time", format_time(one.time)},
                    {"level", name_of(one.severity)},
                    {"event", one.event},
                    {"text", one.text}};
        add(row, "games", one.games);
        newest.push_back(std::move(row));
    }
    return {{"total", happenings.total}, {"newest", std::move(newest)}};
}

Json checkpoints_json(const RunReport& report) {
    Json rows = Json::array();
    for (const CheckpointRow& checkpoint : report.checkpoints) {
        Json row = {{"name", checkpoint.name},
                    {"games", checkpoint.games},
                    {"bytes", checkpoint.bytes},
                    {"time", format_time(checkpoint.time)},
                    {"age_seconds", report.now - checkpoint.time},
                    {"header_is_whole", checkpoint.damage.empty()}};
        if (!checkpoint.damage.empty())
            row["damage"] = checkpoint.damage;
        rows.push_back(std::move(row));
    }
    return rows;
}

}  // namespace

std::string report_as_json(const RunReport& report) {
    Json settings = Json::array();
    for (const SettingRow& row : report.settings)
        settings.push_back({{"name", row.name},
                            {"value", row.value},
                            {"default", row.standard},
                            {"is_default", row.is_default}});
    const RunHistory& history = report.history;
    Json json = {{"kiln", report.version},
                 {"time", format_time(report.now)},
                 {"state_directory", report.state_directory},
                 {"state", report.state()},
                 {"live", report.run.has_value()},
                 {"why_not_live", report.why_not},
                 {"workload", report.workload()},
                 {"unit", unit_of(report.workload())},
                 {"games", report.games()},
                 {"target_games", report.target_games()}};
    if (report.run) {
        json["uptime_seconds"] = report.run->uptime_seconds;
        add(json, "games_per_second", report.run->games_per_second);
        add(json, "seconds_left", report.run->seconds_left);
    }
    json["settings_note"] = report.settings_note;
    json["settings"] = std::move(settings);
    json["operation_note"] = report.operation_note;
    json["operation"] = Json::array();
    for (const SettingRow& row : report.operation)
        json["operation"].push_back(
            {{"name", row.name}, {"value", row.value}, {"default", row.standard}});
    json["memory"] = memory_json(report);
    if (report.workload() == "othello") {
        json["training"] = training_json(history);
        json["strength"] = strength_json(history);
    } else if (report.workload() == "router") {
        json["epochs"] = epochs_json(history.router().epochs().points());
    }
    if (const auto end = report.end())
        json["training_ended"] = {{"time", format_time(end->time)},
                                  {"games", end->games},
                                  {"epochs", end->epochs},
                                  {"is_early", end->is_early},
                                  {"best_epoch", end->best_epoch},
                                  {"best_loss", end->best_loss},
                                  {"weights_kept", end->weights_kept}};
    json["checkpoints"] = checkpoints_json(report);
    json["starts"] = history.starts();
    json["restarts"] = history.restarts();
    json["lives"] = happenings_json(history.lives());
    json["incidents"] = happenings_json(history.incidents());
    json["warnings"] = happenings_json(history.warnings());
    json["warning_counts"] = history.warning_counts();
    json["logs"] = {{"files", report.log_files},
                    {"bytes", report.log_bytes},
                    {"skipped_lines", report.skipped_lines},
                    {"problem", report.log_problem}};
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace kiln::app

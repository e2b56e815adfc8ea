#include "app/metrics_text.hpp"

#include <array>
#include <cmath>
#include <initializer_list>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "app/json_fields.hpp"
#include "app/supervisor.hpp"

namespace kiln::app {
namespace {

using Labels = std::initializer_list<std::pair<const char*, std::string>>;

struct Family {
    const char* name;
    const char* type;
    const char* help;
};

// A label's value: UTF-8, with backslash, quote and line feed escaped.
std::string escape(const std::string& value) {
    std::string text;
    // The JSON writer replaces what is not UTF-8; its quotes and escapes are not ours.
    const std::string clean =
        Json::parse(Json(value).dump(-1, ' ', false, Json::error_handler_t::replace))
            .get<std::string>();
    for (const char character : clean) {
        if (character == '\n')
            text += "\\n";
        else if (character == '\\' || character == '"')
            (text += '\\') += character;
        else
            text += character;
    }
    return text;
}

// One family after the other; a family without samples leaves no trace.
class Exposition {
  public:
    void begin(const Family& family) {
        family_ = family;
        is_announced_ = false;
    }

    void add(const Labels& labels, const Json* value) {
        if (value == nullptr || !value->is_number())
            return;
        if (value->is_number_float() && !std::isfinite(value->get<double>()))
            return;
        // Whole numbers as such, others with as many digits as tell them apart.
        sample(labels, value->is_number_unsigned()  ? fmt::format("{}", value->get<std::uint64_t>())
                       : value->is_number_integer() ? fmt::format("{}", value->get<std::int64_t>())
                                                    : fmt::format("{}", value->get<double>()));
    }

    void add(const Labels& labels, bool value) { sample(labels, value ? "1" : "0"); }
    void add(const Labels& labels, std::uint64_t value) {
        sample(labels, fmt::format("{}", value));
    }

    std::string text() && { return std::move(text_); }

  private:
    void sample(const Labels& labels, const std::string& value) {
        if (!is_announced_)
            text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", family_.name, family_.help,
                                 family_.name, family_.type);
        is_announced_ = true;
        text_ += family_.name;
        std::string list;
        for (const auto& [name, label] : labels)
            list += fmt::format("{}{}=\"{}\"", list.empty() ? "" : ",", name, escape(label));
        if (!list.empty())
            text_ += "{" + list + "}";
        text_ += " " + value + "\n";
    }

    std::string text_;
    Family family_{};
    bool is_announced_ = false;
};

// A figure that stands in one place of a document.
struct Row {
    Family family;
    std::array<const char*, 3> path;  // up to the first nullptr
};

const Json* find_row(const Json& json, const Row& row) {
    const Json* at = &json;
    for (const char* const key : row.path)
        if (key != nullptr && at != nullptr)
            at = find_field(*at, {key});
    return at;
}

constexpr const char* gauge = "gauge";
constexpr const char* counter = "counter";

constexpr Row status_rows[] = {
    {{"kiln_start_time_seconds", gauge, "When the supervisor started, in seconds since 1970."},
     {"started"}},
    {{"kiln_run_games", gauge,
      "Games that the state has learned from; goes back to the newest checkpoint after a crash."},
     {"games"}},
    {{"kiln_run_target_games", gauge, "Games after which the run ends."}, {"target_games"}},
    {{"kiln_run_remaining_seconds", gauge, "Until the target, at the speed of the last seconds."},
     {"seconds_left"}},
    {{"kiln_games_played_total", counter,
      "Games played since the supervisor started, those played again after a restart included."},
     {"counts", "games_played"}},
    {{"kiln_games_absorbed_total", counter,
      "Games learned from since the supervisor started, repeated ones included."},
     {"counts", "games_absorbed"}},
    {{"kiln_trainer_restarts_total", counter, "Times the trainer was started again after a fault."},
     {"restarts", "total"}},
    {{"kiln_recent_errors", gauge, "Games that failed among the last 10,000."},
     {"errors", "last_10000_games"}},
    {{"kiln_recent_errors_limit", gauge, "The run pauses when more games than this failed."},
     {"errors", "limit"}},
    {{"kiln_checkpoints_saved_total", counter, "Checkpoints made durable."},
     {"counts", "checkpoints_saved"}},
    {{"kiln_checkpoint_failures_total", counter, "Attempts to save a checkpoint that failed."},
     {"counts", "checkpoints_failed"}},
    {{"kiln_checkpoint_timestamp_seconds", gauge,
      "When the newest checkpoint was written, in seconds since 1970."},
     {"newest_checkpoint", "time"}},
    {{"kiln_checkpoint_games", gauge, "Games in the newest checkpoint."},
     {"newest_checkpoint", "games"}},
    {{"kiln_checkpoint_size_bytes", gauge, "Size of the newest checkpoint."},
     {"newest_checkpoint", "bytes"}},
    {{"kiln_checkpoint_save_duration_seconds", gauge, "From its beginning until it was durable."},
     {"newest_checkpoint", "duration_seconds"}},
    {{"kiln_checkpoint_pause_seconds", gauge, "Of which workers waited."},
     {"newest_checkpoint", "pause_seconds"}},
    {{"kiln_values_healed_total", counter,
      "Values that were not finite or out of range and were put back to neutral."},
     {"counts", "values_healed"}},
    {{"kiln_log_lines_dropped_total", counter, "Log lines lost because they could not be written."},
     {"counts", "log_lines_dropped"}},
    {{"kiln_stone_difference_discs", gauge, "Mean of the last 100 games, black minus white."},
     {"window", "stone_difference"}},
    {{"kiln_game_moves", gauge, "Mean number of moves in the last 100 games."},
     {"window", "moves"}},
    {{"kiln_prediction_error_discs", gauge,
      "Mean error of the evaluation where solving began, last 100 games, before learning them."},
     {"window", "prediction_error"}},
    {{"kiln_exploration_ratio", gauge, "Share of random moves in force."}, {"window", "epsilon"}},
    {{"kiln_learning_rate_discs", gauge, "Step of a weight and update in force."},
     {"window", "learning_rate"}},
    {{"kiln_updates_per_weight", gauge, "Errors learned from so far, mean of all weights."},
     {"window", "updates_per_weight"}},
    {{"kiln_search_depth_plies", gauge, "Mean finished depth of searches, last 10,000 games."},
     {"summary", "depth"}},
    {{"kiln_search_nodes_per_game", gauge, "Positions searched a game, last 10,000 games."},
     {"summary", "nodes_per_game"}},
    {{"kiln_transposition_table_hit_ratio", gauge, "Hits among look-ups, last 10,000 games."},
     {"summary", "table_hit_rate"}},
    {{"kiln_value_mean_discs", gauge, "Mean of searched values, last 10,000 games."},
     {"summary", "value_mean"}},
    {{"kiln_value_deviation_discs", gauge, "Their standard deviation."},
     {"summary", "value_deviation"}},
    {{"kiln_rolling_stone_difference_discs", gauge,
      "Mean of up to 10,000 games, black minus white."},
     {"convergence", "stone_difference"}},
    {{"kiln_rolling_stone_deviation_discs", gauge, "Their standard deviation."},
     {"convergence", "stone_deviation"}},
    {{"kiln_probe_change_discs", gauge,
      "How far values of fixed positions moved between the last two windows of 10,000 games."},
     {"convergence", "probe_change"}},
    {{"kiln_touched_weights_ratio", gauge,
      "Weights updated at least once, of those that a game can reach."},
     {"convergence", "touched_share"}},
    {{"kiln_held_out_error_discs", gauge,
      "Mean error of the evaluation on exactly solved positions that nothing trains on."},
     {"held_out", "error"}},
    {{"kiln_held_out_winner_ratio", gauge, "Of those, positions whose winner it predicts."},
     {"held_out", "winner_share"}},
    {{"kiln_held_out_positions", gauge, "How many they are."}, {"held_out", "positions"}},
    {{"kiln_strength_chained_elo", gauge,
      "Elo over the first earlier self, added up over the matches on the way."},
     {"strengths", "self", "chained_elo"}},
};

constexpr Row memory_rows[] = {
    {{"kiln_memory_budget_bytes", gauge, "What the run may take altogether."}, {"budget_bytes"}},
    {{"kiln_memory_planned_bytes", gauge, "What was planned of the budget."}, {"planned_bytes"}},
    {{"kiln_memory_accounted_bytes", gauge, "Resident by the program's own books."},
     {"accounted_bytes"}},
    {{"kiln_memory_huge_page_bytes", gauge, "Of the trainer's memory, what huge pages back."},
     {"kernel", "huge_page_bytes"}},
    {{"kiln_trainer_faults_since_seal", gauge,
      "Page faults of the present trainer since its memory was sealed."},
     {"kernel", "faults_since_seal"}},
    {{"kiln_control_group_memory_bytes", gauge, "Charged to the control group by the kernel."},
     {"kernel", "control_group", "current_bytes"}},
    {{"kiln_cold_heap_unused_ratio", gauge, "Share of the held cold heap that is not used."},
     {"fragmentation", "cold_heap_unused_share"}},
};

void add_rows(Exposition& out, const Json& json, std::span<const Row> rows) {
    for (const Row& row : rows) {
        out.begin(row.family);
        out.add({}, find_row(json, row));
    }
}

// One sample for each entry of an object, its key as the label.
void add_kinds(Exposition& out, const Family& family, const char* label, const Json* kinds) {
    out.begin(family);
    if (kinds == nullptr || !kinds->is_object())
        return;
    for (const auto& [kind, value] : kinds->items())
        out.add({{label, kind}}, &value);
}

void add_run(Exposition& out, const Json& status) {
    out.begin({"kiln_build_info", gauge, "Always 1; the labels tell the program."});
    out.add({{"version", KILN_VERSION}, {"compiler", __VERSION__}}, true);
    out.begin({"kiln_run_info", gauge, "Always 1; the labels tell the run."});
    if (find_field(status, {"workload"}) != nullptr)
        out.add({{"workload", text_field(status, {"workload"})},
                 {"directory", text_field(status, {"directory"})}},
                true);
    out.begin({"kiln_run_state", gauge, "1 for the state that the run is in, else 0."});
    const std::string state = text_field(status, {"state"});
    if (state.empty())
        return;
    for (int at = 0; at <= static_cast<int>(RunState::ended); ++at) {
        const char* const name = name_of(static_cast<RunState>(at));
        out.add({{"state", name}}, state == name);
    }
}

void add_counts(Exposition& out, const Json& status) {
    const auto find = [&](const char* name) { return find_field(status, {"counts", name}); };
    add_kinds(out,
              {"kiln_incidents_total", counter,
               "Faults of the trainer, and games given up, by kind; see incidents.jsonl."},
              "kind", find("incidents"));
    add_kinds(out,
              {"kiln_convergence_warnings_total", counter,
               "Warnings that learning does not get on as expected, by kind."},
              "kind", find("convergence_warnings"));
    add_kinds(out, {"kiln_log_entries_total", counter, "Warnings and errors told, by level."},
              "level", find("log_entries"));
    add_kinds(
        out,
        {"kiln_results_total", counter, "Self-play games by who won, as far as they were told of."},
        "result", find("results"));
    out.begin({"kiln_skipped_tickets", gauge, "Games left out of the run for failing twice."});
    if (const Json* const skipped = find_field(status, {"errors", "skipped_tickets"});
        skipped != nullptr && skipped->is_array())
        out.add({}, std::uint64_t{skipped->size()});
}

void add_workers(Exposition& out, const Json& status) {
    const Json* const workers = find_field(status, {"workers"});
    const bool is_training = find_field(status, {"trainer_pid"}) != nullptr &&
                             count_field(status, {"trainer_pid"}).value_or(0) != 0;
    if (workers == nullptr || !workers->is_array() || !is_training)
        return;
    std::map<std::string, std::uint64_t> phases;
    for (const Json& worker : *workers)
        ++phases[text_field(worker, {"phase"})];
    out.begin({"kiln_workers", gauge, "Threads that play and learn, by what they do."});
    for (const char* const phase :
         {"idle", "loading", "playing", "absorbing", "trial", "finishing", "saving"})
        out.add({{"phase", phase}}, phases[phase]);
    const auto add_each = [&](const Family& family, const char* field) {
        out.begin(family);
        for (const Json& worker : *workers)
            if (const auto number = count_field(worker, {"worker"}))
                out.add({{"worker", fmt::format("{}", *number)}}, find_field(worker, {field}));
    };
    add_each({"kiln_worker_heartbeat_age_seconds", gauge,
              "Since a worker that has work was last seen to get on."},
             "beat_seconds");
    add_each({"kiln_worker_task_age_seconds", gauge,
              "Since a worker began the game, shard or trial that it is at."},
             "seconds");
}

void add_strength(Exposition& out, const Json& status) {
    constexpr std::array<const char*, 3> opponents = {"random", "corner", "self"};
    const auto add_each = [&](const Family& family, const char* field) {
        out.begin(family);
        for (const char* const opponent : opponents)
            out.add({{"opponent", opponent}}, find_field(status, {"strengths", opponent, field}));
    };
    add_each({"kiln_strength_score_ratio", gauge,
              "Points won in the newest match against each opponent."},
             "score");
    add_each({"kiln_strength_score_lower_ratio", gauge, "Where its 95 % interval begins."},
             "score_lower");
    add_each({"kiln_strength_score_upper_ratio", gauge, "Where its 95 % interval ends."},
             "score_upper");
    add_each({"kiln_strength_stone_difference_discs", gauge,
              "Mean difference in discs of that match, model minus opponent."},
             "stone_difference");
    out.begin({"kiln_strength_games", gauge, "Games of that match, by how they ended."});
    for (const char* const opponent : opponents)
        for (const auto& [result, field] :
             {std::pair{"win", "wins"}, {"draw", "draws"}, {"loss", "losses"}})
            out.add({{"opponent", opponent}, {"result", result}},
                    find_field(status, {"strengths", opponent, field}));
    add_each({"kiln_strength_elo", gauge, "Elo over an opponent that a match in pairs measured."},
             "elo");
}

void add_held_out(Exposition& out, const Json& status) {
    const Json* const empties = find_field(status, {"held_out", "empties"});
    const Json* const errors = find_field(status, {"held_out", "error_by_empties"});
    out.begin({"kiln_held_out_error_by_empties_discs", gauge,
               "That error, by the number of empty squares."});
    if (empties != nullptr && errors != nullptr && empties->is_array() && errors->is_array())
        for (std::size_t i = 0; i < empties->size() && i < errors->size(); ++i)
            out.add({{"empties", (*empties)[i].dump()}}, &(*errors)[i]);
    out.begin({"kiln_held_out_baseline_error_discs", gauge,
               "The error on them of predictors that take no learning."});
    for (const auto& [predictor, field] : {std::pair{"zero", "zero_error"},
                                           {"discs", "discs_error"},
                                           {"mobility", "mobility_error"}})
        out.add({{"predictor", predictor}}, find_field(status, {"held_out", field}));
}

void add_regions(Exposition& out, const Json& memory) {
    const Json* const regions = find_field(memory, {"regions"});
    if (regions == nullptr || !regions->is_array())
        return;
    const auto add_each = [&](const Family& family, const char* field) {
        out.begin(family);
        for (const Json& region : *regions)
            out.add({{"region", text_field(region, {"name"})},
                     {"owner", text_field(region, {"owner"})}},
                    find_field(region, {field}));
    };
    add_each({"kiln_memory_region_planned_bytes", gauge, "What a region of the plan may take."},
             "planned_bytes");
    add_each({"kiln_memory_region_used_bytes", gauge, "What of it holds something."}, "used_bytes");
    add_each({"kiln_memory_region_resident_bytes", gauge, "What of it is resident."},
             "resident_bytes");
}

void add_processes(Exposition& out, const Json& memory) {
    const auto add_each = [&](const Family& family, const char* field) {
        out.begin(family);
        for (const char* const process : {"supervisor", "trainer"})
            out.add({{"process", process}}, find_field(memory, {"kernel", process, field}));
    };
    add_each({"kiln_process_resident_memory_bytes", gauge,
              "Resident memory of a process (VmRSS), says the kernel."},
             "resident_bytes");
    add_each({"kiln_process_resident_memory_peak_bytes", gauge, "The most there ever was (VmHWM)."},
             "peak_resident_bytes");
    add_each({"kiln_process_minor_page_faults_total", counter, "Pages mapped without I/O."},
             "minor_faults");
    add_each({"kiln_process_major_page_faults_total", counter, "Pages that had to be read."},
             "major_faults");
}

}  // namespace

std::string format_metrics(const Json& status, const Json& memory) {
    Exposition out;
    add_run(out, status);
    add_rows(out, status, status_rows);
    add_counts(out, status);
    add_workers(out, status);
    add_strength(out, status);
    add_held_out(out, status);
    add_rows(out, memory, memory_rows);
    add_regions(out, memory);
    add_processes(out, memory);
    return std::move(out).text();
}

}  // namespace kiln::app

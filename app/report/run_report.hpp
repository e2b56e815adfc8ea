// RunReport: all that can be found out about the run in a state directory, running or not.
//
// Live figures come from the run if it answers; what is missing then is said, with the reason.
// Failures are thrown only when there is nothing to report on: no such directory, no permission,
// nothing of a run in it. What is told of learning is what the run's workload measures; the null
// workload learns nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/run_history.hpp"
#include "app/run_snapshot.hpp"

namespace kiln::app {

struct SettingRow {
    std::string name;
    std::string value;
    std::string standard;  // the default
    bool is_default = false;
    std::string help;
};

struct CheckpointRow {
    std::string name;
    std::uint64_t games = 0;
    std::uint64_t bytes = 0;
    double time = 0;     // when it was written, seconds since 1970
    std::string damage;  // of header, length or table of checksums; empty: they are whole
};

enum class MemorySource {
    none,  // and `memory_note` says why
    live,  // measured now
    plan,  // computed from the settings
};

struct RunReport {
    std::string state_directory;
    double now = 0;  // seconds since 1970
    std::string version;

    std::optional<RunSnapshot> run;  // nothing: it does not answer
    std::string why_not;

    MemorySource memory_source = MemorySource::none;
    std::string memory_note;
    MemorySnapshot memory;

    std::vector<SettingRow> settings;
    std::string settings_note;  // where they are from, or why there are none

    // How it is run, beside what it learns: no checkpoint keeps that.
    std::vector<SettingRow> operation;
    std::string operation_note;  // the same

    std::vector<CheckpointRow> checkpoints;  // newest first
    std::string checkpoints_note;            // why they could not be listed

    RunHistory history;
    std::uint64_t log_files = 0;
    std::uint64_t log_bytes = 0;
    std::uint64_t skipped_lines = 0;  // too long, cut off, or not what they say
    std::string log_problem;

    // Of the run itself, or by the newest checkpoint and the log.
    std::string workload() const;
    std::string unit() const;  // what it counts, many: "games"
    std::uint64_t games() const;
    std::uint64_t target_games() const;  // 0: not known
    // "training", "paused", "not training", "finished".
    std::string state() const;
    // How a router's training ended, if it has.
    std::optional<TrainingEnd> end() const;
};

void gather_report(const std::string& state, RunReport& report);

// The report as text for people, as JSON, and as a page that stands alone.
std::string report_as_text(const RunReport& report);
std::string report_as_json(const RunReport& report);
std::string report_as_html(const RunReport& report);

}  // namespace kiln::app

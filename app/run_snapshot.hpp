// What a running trainer answers to `status` and `memory`, as values.
//
// For those who draw it; control_text.hpp has the words. Whatever is missing in an answer, or is of
// another type than expected, stays at its default: the run may be of another version. Text is on
// one line, but may hold any characters. Lists are bounded.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/log_entry.hpp"
#include "app/operation.hpp"

namespace kiln::app {

struct WorkerSnapshot {
    std::uint64_t worker = 0;
    std::string phase;
    std::optional<std::uint64_t> ticket;  // the game it is at ...
    std::optional<double> seconds;        // ... for so long
    std::optional<double> beat_seconds;   // since it last gave a sign of life
};

struct RunSnapshot {
    static constexpr std::size_t workers_max = 64;
    static constexpr std::size_t warnings_max = 20;

    std::string state;  // "training"
    std::string reason;
    std::string workload;
    std::uint64_t pid = 0;
    std::uint64_t trainer_pid = 0;
    double uptime_seconds = 0;
    std::uint64_t games = 0;
    std::uint64_t target_games = 0;
    std::optional<double> games_per_second;
    std::optional<double> seconds_left;
    std::uint64_t restarts = 0;
    std::string last_restart;       // why
    std::string last_restart_time;  // UTC
    std::uint64_t recent_errors = 0;
    std::uint64_t errors_limit = 0;
    std::uint64_t skipped_tickets = 0;
    std::vector<WorkerSnapshot> workers;
    std::vector<std::string> warnings;  // oldest first
    std::uint64_t budget_bytes = 0;
    std::uint64_t planned_bytes = 0;
    std::uint64_t resident_bytes = 0;  // of both processes, says the kernel
    std::uint64_t peak_resident_bytes = 0;
    SettingTexts operation;  // how it is run
};

struct RegionSnapshot {
    std::string name;
    std::string owner;
    std::uint64_t planned_bytes = 0;
    std::optional<std::uint64_t> used_bytes;  // nothing: this is only a plan
    std::optional<std::uint64_t> peak_bytes;
    bool is_outside = false;  // of the arena
};

struct MemorySnapshot {
    static constexpr std::size_t regions_max = 64;

    std::uint64_t budget_bytes = 0;
    std::uint64_t planned_bytes = 0;
    std::vector<RegionSnapshot> regions;
    // Nothing in a plan.
    std::optional<std::uint64_t> accounted_bytes;
    std::optional<std::uint64_t> resident_bytes;
    std::optional<std::uint64_t> peak_resident_bytes;
    std::optional<std::uint64_t> huge_page_bytes;
    std::optional<std::uint64_t> minor_faults;
    std::optional<std::uint64_t> major_faults;
    std::optional<std::uint64_t> faults_since_seal;
    std::optional<std::uint64_t> group_bytes;  // the control group's
    std::optional<std::uint64_t> group_limit_bytes;
    std::optional<double> difference_percent;  // resident against accounted for
};

RunSnapshot read_run_snapshot(const Json& status);
MemorySnapshot read_memory_snapshot(const Json& memory);

}  // namespace kiln::app

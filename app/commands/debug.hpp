// The commands under `kiln debug`, for looking into a model and into single games.
//
// They work on a copy of a checkpoint's state and write nothing but standard output. What goes
// wrong is thrown as a Failure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "app/exit_code.hpp"

namespace kiln::app {

enum class DebugAction { board, patterns, trace, replay, updates, csv };
enum class CsvSection { weights, games };

struct DebugOptions {
    DebugAction action = DebugAction::board;
    std::string position = "start";
    std::string moves;
    std::string model;                  // checkpoint or state directory
    std::optional<std::uint64_t> game;  // standard: the model's next
    std::uint64_t games = 1;
    bool json = false;
    bool weights = false;  // list every weight that an error is charged to
    bool verify = false;
    double threshold_discs = 0.5;  // a larger change of a weight is an anomaly
    std::string against;           // a later checkpoint of the same run
    CsvSection section = CsvSection::weights;
    std::optional<int> stage;
    std::string shape;
    bool touched = false;  // only weights that were updated at least once
};

ExitCode run_debug(const DebugOptions& options);

// Of run_debug().
ExitCode debug_patterns(const DebugOptions& options);
ExitCode debug_trace(const DebugOptions& options);
ExitCode debug_replay(const DebugOptions& options);
ExitCode debug_updates(const DebugOptions& options);
ExitCode debug_csv(const DebugOptions& options);

}  // namespace kiln::app

// The command line: which command, and what it was told.
#pragma once

#include <string>
#include <variant>

#include "app/commands/commands.hpp"
#include "app/commands/debug.hpp"
#include "app/commands/play.hpp"
#include "app/commands/watching.hpp"
#include "app/router/commands.hpp"

namespace kiln::app {

struct TrainCommand {
    RunOptions options;
};
struct MemoryPlanCommand {
    RunOptions options;
};
struct PrintCommand {
    std::string text;  // help or the version
};
using Command =
    std::variant<PrintCommand, TrainCommand, MemoryPlanCommand, EvaluateOptions, PerftOptions,
                 BoardOptions, CheckpointOptions, BenchOptions, ControlOptions, DebugOptions,
                 SolveOptions, PositionsOptions, MatchOptions, PlayOptions, MonitorOptions,
                 ReportOptions, RouterOptions>;

// Throws usage for what the command line gets wrong, and what read_settings_file throws.
Command parse_command_line(int argument_count, const char* const* arguments);

}  // namespace kiln::app

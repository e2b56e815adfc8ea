#include <fmt/format.h>

#include "app/commands/commands.hpp"
#include "app/memory_table.hpp"
#include "app/trainer.hpp"

namespace kiln::app {

ExitCode run_memory_plan(const RunOptions& options) {
    const Trainer trainer(options.over(RunSettings()));
    fmt::print("{}", format_plan(trainer.requests(), trainer.plan()));
    if (!trainer.plan().fits)
        throw budget_too_small(trainer.plan());
    fmt::print("a service is held to this budget by MemoryMax={}\n", trainer.plan().budget_bytes);
    return ExitCode::ok;
}

}  // namespace kiln::app

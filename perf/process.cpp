// Figures of whole processes: what the kernel says a training run took at its peak.
#include <cstdio>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "perf/suites.hpp"

namespace kiln::perf {
namespace {

// Peak resident megabytes of a short training run under a budget; negative if it failed.
double peak_resident_mb(const Options& options, const char* budget) {
    const ScratchDirectory scratch(options.directory);
    const char* arguments[] = {options.executable,   "train",    "--games", "2000",      "--state",
                               scratch.path(),       "--memory", budget,    "--workers", "2",
                               "--checkpoint-every", "500",      nullptr};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    pid_t child = -1;
    const int spawned = posix_spawn(&child, options.executable, &actions, nullptr,
                                    const_cast<char* const*>(arguments), environ);
    posix_spawn_file_actions_destroy(&actions);
    int status = -1;
    rusage usage = {};
    if (spawned != 0 || wait4(child, &status, 0, &usage) != child || status != 0)
        return -1;
    return static_cast<double>(usage.ru_maxrss) * 1024 / 1e6;
}

}  // namespace

void bench_processes(Table& table, const Options& options) {
    const struct {
        const char* name;
        const char* budget;
        double target_mb;
    } cases[] = {
        {"peak resident, budget 600 MB", "600MB", 600},
        {"peak resident, budget 400 MB", "400MB", 400},
    };
    for (const auto& at : cases) {
        if (options.executable == nullptr || !table.wants(at.name))
            continue;
        const double peak = peak_resident_mb(options, at.budget);
        if (peak < 0)
            std::fprintf(stderr, "kiln: bench: a training run with --memory %s failed\n",
                         at.budget);
        else
            table.row(at.name, {peak}, "MB", Goal::at_most, at.target_mb);
    }
}

}  // namespace kiln::perf

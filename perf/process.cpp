// Figures of whole processes: what the kernel says a training run took at its peak.
#include <cstdio>

#include "perf/suites.hpp"
#include "perf/training_run.hpp"

namespace kiln::perf {
namespace {

// Peak resident megabytes of a short training run under a budget; negative if it failed.
double peak_resident_mb(const Options& options, const char* budget) {
    TrainingRun run(options, {"--games", "2000", "--memory", budget, "--workers", "2",
                              "--checkpoint-every", "500"});
    if (!run.finish())
        return -1;
    return static_cast<double>(run.usage().ru_maxrss) * 1024 / 1e6;
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

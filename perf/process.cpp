// Figures of whole processes: what the kernel says a training run took at its peak.
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "perf/suites.hpp"
#include "perf/training_run.hpp"

namespace kiln::perf {
namespace {

constexpr int run_games = 6'000;
constexpr double group_games = 1'000;
constexpr double patience_seconds = 120;

// Games a second of each group of games but the first, in which the run began, from the log's
// window reports.
std::vector<double> games_per_second(const TrainingRun& run) {
    std::vector<double> rates;
    double last = -1;
    for (const std::string& line : run.log()) {
        const double games = number_in(line, "games", 0);
        if (line.find("\"event\":\"window\"") == std::string::npos ||
            std::fmod(games, group_games) != 0)
            continue;
        const double seconds = number_in(line, "seconds", 0);
        if (last >= 0 && seconds > last)
            rates.push_back(group_games / (seconds - last));
        last = seconds;
    }
    return rates;
}

// A whole run under a budget with two workers, measurements of strength left out. Under the name
// for memory, if there is one, what the run says of its regions is kept too.
void bench_run(Table& table, const Options& options, const char* budget, const char* peak_name,
               double target_mb, const char* rate_name, const char* memory_name) {
    const bool wants_memory = memory_name != nullptr && table.wants(memory_name);
    if (!table.wants(peak_name) && !table.wants(rate_name) && !wants_memory)
        return;
    TrainingRun run(options, {"--games", std::to_string(run_games), "--memory", budget, "--workers",
                              "2", "--checkpoint-every", "3000", "--trials-every", "0"});
    std::string memory;
    if (wants_memory)
        (void)run.wait_for(patience_seconds, [&](const std::string& status) {
            if (number_in(status, "games", 0) < group_games)
                return false;
            memory = run.ask("memory");
            return true;
        });
    if (!run.finish()) {
        if (!table.is_stopped())
            std::fprintf(stderr, "kiln: bench: a training run with --memory %s failed\n", budget);
        return;
    }
    table.row(peak_name, {static_cast<double>(run.usage().ru_maxrss) * 1024 / 1e6}, "MB",
              at_most(target_mb));
    if (const auto rates = games_per_second(run); !rates.empty())
        table.row(rate_name, rates, "games/s", higher());
    if (wants_memory)
        table.set_memory_answer(memory);
}

}  // namespace

void bench_processes(Table& table, const Options& options) {
    if (options.executable == nullptr)
        return;
    bench_run(table, options, "400MB", "peak resident, budget 400 MB", 400,
              "training, 2 workers, budget 400 MB", nullptr);
    // The default budget: the memory of its run is what is reported.
    bench_run(table, options, "600MB", "peak resident, budget 600 MB", 600,
              "training, 2 workers, budget 600 MB", "memory by component");
}

}  // namespace kiln::perf

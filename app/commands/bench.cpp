#include "app/commands/commands.hpp"
#include "perf/benchmarks.hpp"

namespace kiln::app {

ExitCode run_bench(const BenchOptions& options) {
    perf::Options bench;
    bench.filter = options.filter.c_str();
    bench.directory = options.directory.c_str();
    bench.executable = "/proc/self/exe";
    // A missed target is a finding, not a failure of the command.
    (void)perf::run_benchmarks(bench);
    return ExitCode::ok;
}

}  // namespace kiln::app

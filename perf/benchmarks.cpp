#include "perf/benchmarks.hpp"

#include <cstdio>

#include "perf/machine.hpp"
#include "perf/suites.hpp"

namespace kiln::perf {
Report run_benchmarks(const Options& options) {
    Table table(options);
    table.report().machine = this_machine();
    const Machine& machine = table.report().machine;
    std::fprintf(options.out, "%s, %u CPUs, %s; %s, %s; one thread unless said otherwise\n",
                 machine.cpu.c_str(), machine.cpus, machine.kind.c_str(), machine.compiler.c_str(),
                 machine.build.c_str());
    table.header();
    bench_rules(table);

    bench_evaluation(table);
    {
        TrainedRig trained(options);
        bench_engine(table, trained);
        bench_training(table, trained);
        bench_checkpoints(table, trained, options.directory);
        bench_page_cache(table, trained, options.directory);
        bench_heartbeat(table, trained);
    }
    bench_router(table);
    bench_processor_use(table, options);
    bench_reliability(table, options);
    bench_processes(table, options);
    table.report().is_partial = table.is_stopped();
    return table.report();
}

}  // namespace kiln::perf

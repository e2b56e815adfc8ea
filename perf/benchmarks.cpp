#include "perf/benchmarks.hpp"

#include <cstdio>

#include "perf/suites.hpp"
#include "platform/linux/process_info.hpp"

namespace kiln::perf {
namespace {

constexpr std::uint64_t warm_up_games = 20000;

}  // namespace

int run_benchmarks(const Options& options) {
    char cpu[128];
    platform::read_cpu_model(cpu);
    std::printf("%s, %u CPUs; one thread unless said otherwise\n", cpu,
                platform::allowed_cpu_count());
    std::printf("model: trained here on %llu games at one ply, seed 1\n",
                static_cast<unsigned long long>(warm_up_games));

    Table table(options.filter);
    table.header();
    bench_rules(table);

    othello::OthelloSettings settings;
    settings.target_games = warm_up_games;
    SessionSettings session;
    session.target_games = warm_up_games;
    Rig rig(settings, session);
    {
        const ScratchDirectory scratch(options.directory);
        platform::FileStore store;
        if (!store.open_directory(scratch.path(), false)) {
            std::fprintf(stderr, "kiln: bench: cannot use %s\n", scratch.path());
            return 1;
        }
        rig.train(store);
    }
    bench_engine(table, rig);
    bench_training(table, rig);
    bench_checkpoints(table, rig, options.directory);
    bench_page_cache(table, rig, options.directory);
    bench_heartbeat(table, rig);
    bench_reliability(table, options);
    bench_processes(table, options);
    return table.missed();
}

}  // namespace kiln::perf

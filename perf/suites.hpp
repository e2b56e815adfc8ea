// The groups of benchmarks. Each prints its rows.
#pragma once

#include "perf/benchmarks.hpp"
#include "perf/rig.hpp"
#include "perf/table.hpp"

namespace kiln::perf {

void bench_rules(Table& table);
void bench_router(Table& table);
void bench_evaluation(Table& table);
void bench_engine(Table& table, TrainedRig& trained);
void bench_training(Table& table, TrainedRig& trained);
void bench_checkpoints(Table& table, TrainedRig& trained, const char* directory);
// Sessions of their own.
void bench_processor_use(Table& table, const Options& options);
void bench_page_cache(Table& table, TrainedRig& trained, const char* directory);
void bench_heartbeat(Table& table, TrainedRig& trained);
void bench_reliability(Table& table, const Options& options);
void bench_processes(Table& table, const Options& options);

}  // namespace kiln::perf

// The groups of benchmarks. Each prints its rows.
#pragma once

#include "perf/benchmarks.hpp"
#include "perf/rig.hpp"
#include "perf/table.hpp"

namespace kiln::perf {

void bench_rules(Table& table);
// `trained`: a rig that has finished a short training, so that the search orders moves sensibly.
void bench_engine(Table& table, Rig& trained);
void bench_training(Table& table, Rig& trained);
void bench_checkpoints(Table& table, Rig& trained, const char* directory);
// `trained`: its state is what is saved, its searcher what plays.
void bench_page_cache(Table& table, Rig& trained, const char* directory);
void bench_heartbeat(Table& table, Rig& trained);
void bench_reliability(Table& table, const Options& options);
void bench_processes(Table& table, const Options& options);

}  // namespace kiln::perf

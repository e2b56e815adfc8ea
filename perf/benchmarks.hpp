// What `kiln bench` measures, and against which figures.
//
// Every figure is the median of several repetitions in CPU time of the thread that does the work,
// so that a busy machine disturbs it little; saves and loads are wall time, because a device is
// what they measure, and so are figures of whole runs. Prints a table as it goes; a figure that
// misses its target is marked, not hidden.
#pragma once

#include <atomic>
#include <cstdio>

#include "core/port/store.hpp"

#include "perf/figure.hpp"

namespace kiln::perf {

struct Options {
    const char* filter = "";             // only figures whose name contains this
    const char* executable = nullptr;    // the kiln program, for figures of whole processes
    const char* directory = "/var/tmp";  // for saves; should be a real disk
    // The model that searches and plays: a checkpoint. Without a store a short training makes one.
    Store* model_store = nullptr;
    FileName model_file = {};
    std::FILE* out = stdout;                  // the table
    const std::atomic<bool>* stop = nullptr;  // raised: no further figure is begun
};

// Ends the process with a message where the machine gives no memory, threads or files.
Report run_benchmarks(const Options& options);

}  // namespace kiln::perf

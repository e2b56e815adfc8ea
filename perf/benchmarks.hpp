// What `kiln bench` measures, and against which figures.
//
// Every figure is the median of several repetitions in CPU time of the thread that does the work,
// so that a busy machine disturbs it little; saves and loads are wall time, because a device is
// what they measure. Prints a table as it goes; a figure below its target is marked, not hidden.
#pragma once

namespace kiln::perf {

struct Options {
    const char* filter = "";             // only benchmarks whose name contains this
    const char* executable = nullptr;    // the kiln program, for figures of whole processes
    const char* directory = "/var/tmp";  // for saves; should be a real disk
};

// Returns how many figures missed their target.
int run_benchmarks(const Options& options);

}  // namespace kiln::perf

// Table: prints measured figures beside their targets and keeps them for the report; and the
// clocks behind them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "perf/benchmarks.hpp"
#include "perf/figure.hpp"

namespace kiln::perf {

// CPU time of the calling thread, and wall time, in seconds.
double thread_seconds();
double wall_seconds();

class Table {
  public:
    explicit Table(const Options& options) : options_(options) {}

    // Whether a figure of that name is wanted; print nothing and skip the work otherwise.
    bool wants(const char* name) const;
    bool is_stopped() const;
    void header() const;
    // A measured figure. It is dropped if the run was interrupted meanwhile: it may be wrong.
    void row(const char* name, const std::vector<double>& samples, const char* unit,
             const Goal& goal);
    void breakdown(const Breakdown& breakdown);
    void set_memory_answer(const std::string& answer) { report_.memory_answer = answer; }
    std::FILE* out() const { return options_.out; }

    Report& report() { return report_; }

  private:
    const Options& options_;
    Report report_;
};

// Runs `work` (returning units of work done) `repetitions` times; units per CPU second of each.
template <typename Work>
std::vector<double> rates(int repetitions, Work&& work) {
    std::vector<double> samples;
    for (int i = 0; i < repetitions; ++i) {
        const double before = thread_seconds();
        const double units = work();
        samples.push_back(units / std::max(1e-9, thread_seconds() - before));
    }
    return samples;
}

}  // namespace kiln::perf

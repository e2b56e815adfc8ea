// Table: prints measured figures beside their targets; and the clocks and medians behind them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace kiln::perf {

// CPU time of the calling thread, and wall time, in seconds.
double thread_seconds();
double wall_seconds();

enum class Goal { at_least, at_most, none };

class Table {
  public:
    explicit Table(const char* filter) : filter_(filter) {}

    // Whether any of a benchmark's figures is wanted; print nothing and skip the work otherwise.
    bool wants(const char* name) const;
    void header() const;
    // value and target in the same unit. samples: the repetitions the median was taken from.
    void row(const char* name, const std::vector<double>& samples, const char* unit, Goal goal,
             double target);
    int missed() const { return missed_; }

  private:
    const char* filter_;
    int missed_ = 0;
};

double median(std::vector<double> samples);

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

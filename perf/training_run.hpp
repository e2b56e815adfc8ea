// TrainingRun: `kiln train` as a child, in a directory of its own, for figures of whole runs.
//
// It is watched from outside as a user would: by its answers, its log and what it prints. Whatever
// fails is a run that does not work, which the benchmark says instead of a figure.
#pragma once

#include <atomic>
#include <initializer_list>
#include <string>
#include <vector>

#include <sys/resource.h>
#include <sys/types.h>

#include "perf/benchmarks.hpp"
#include "perf/rig.hpp"
#include "perf/table.hpp"

namespace kiln::perf {

class TrainingRun {
  public:
    // With these arguments behind `train --state <a new directory>`.
    TrainingRun(const Options& options, std::initializer_list<std::string> arguments);
    ~TrainingRun();  // kills it and removes its directory

    // Waits for it to end by itself; whether it did so in order.
    bool finish();
    // Asks it to end, and waits.
    bool stop();

    // One line of JSON to its socket, the answer back; empty if there is none.
    std::string ask(const char* command) const;
    // Repeats `status` until the condition holds for an answer. False after the patience is over,
    // or when the benchmark is interrupted.
    template <typename Condition>
    bool wait_for(double patience_seconds, Condition&& condition) const;

    // After its end: what it printed, all lines of JSON in its log, and what it cost.
    std::string output() const;
    std::vector<std::string> log() const;
    const rusage& usage() const { return usage_; }

    const char* directory() const { return scratch_.path(); }

  private:
    ScratchDirectory scratch_;
    const std::atomic<bool>* stop_;
    pid_t pid_ = -1;
    rusage usage_ = {};
};

// Runs the program with arguments to its end; whether it said that all is well.
bool run_program(const Options& options, std::initializer_list<std::string> arguments);

// The number behind "key": in a line of JSON; `absent` if there is none.
double number_in(const std::string& json, const char* key, double absent);

void sleep_seconds(double seconds);

template <typename Condition>
bool TrainingRun::wait_for(double patience_seconds, Condition&& condition) const {
    constexpr double poll_seconds = 0.01;
    for (const double begin = wall_seconds(); wall_seconds() - begin < patience_seconds;) {
        if (stop_ != nullptr && stop_->load(std::memory_order_relaxed))
            return false;
        if (const std::string status = ask("status"); !status.empty() && condition(status))
            return true;
        sleep_seconds(poll_seconds);
    }
    return false;
}

}  // namespace kiln::perf

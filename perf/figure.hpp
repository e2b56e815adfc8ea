// Figure: a measured number with its samples and what it should be; and the machine, the shares of
// time and the components of memory that stand beside it. Plain data: what `kiln bench --json`
// prints and what baselines hold.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace kiln::perf {

enum class Better { higher, lower };

// Which way a figure should go, and how far at least.
struct Goal {
    Better better = Better::higher;
    std::optional<double> target;
};

constexpr Goal at_least(double target) {
    return {Better::higher, target};
}
constexpr Goal at_most(double target) {
    return {Better::lower, target};
}
constexpr Goal higher() {
    return {Better::higher, {}};
}
constexpr Goal lower() {
    return {Better::lower, {}};
}

struct Figure {
    std::string name;
    std::string unit;  // of samples and target
    Goal goal;
    std::vector<double> samples;  // of each repetition; at least one

    double median() const;
    double lowest() const;
    double highest() const;
    bool is_met() const;  // true without a target
};

// Where the time of some work went, as shares of (workers x wall time). They sum to 1.
struct TimeShare {
    std::string name;
    double share = 0;
    bool is_ours = true;  // false: other programs had the processor
};
struct Breakdown {
    std::string work;
    unsigned workers = 0;
    double seconds = 0;
    std::vector<TimeShare> shares;

    // The largest share of what Kiln itself spends. There is at least one.
    const TimeShare& bottleneck() const;
};

struct Machine {
    std::string kind;  // of machines whose figures are comparable: instruction set and processor
    std::string isa;   // architecture and vector instructions, like x86-64-avx2
    std::string cpu;   // as the machine calls itself
    unsigned cpus = 0;
    std::string compiler;
    std::string build;  // optimised how, checked or not
};

struct Report {
    Machine machine;
    std::vector<Figure> figures;
    std::vector<Breakdown> breakdowns;
    std::string memory_answer;  // what a training run said to `memory`: JSON; empty: not asked
    bool is_partial = false;    // interrupted
};

}  // namespace kiln::perf

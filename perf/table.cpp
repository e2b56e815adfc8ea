#include "perf/table.hpp"

#include <cstdio>
#include <cstring>

#include <time.h>

namespace kiln::perf {
namespace {

double read_clock(clockid_t clock) {
    timespec now = {};
    clock_gettime(clock, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

}  // namespace

double thread_seconds() {
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

double wall_seconds() {
    return read_clock(CLOCK_MONOTONIC);
}

double median(std::vector<double> samples) {
    std::sort(samples.begin(), samples.end());
    const std::size_t middle = samples.size() / 2;
    if (samples.empty())
        return 0;
    return samples.size() % 2 == 1 ? samples[middle] : (samples[middle - 1] + samples[middle]) / 2;
}

bool Table::wants(const char* name) const {
    return std::strstr(name, filter_) != nullptr;
}

void Table::header() const {
    std::printf("%-44s %12s %12s %12s  %-10s %s\n", "figure", "median", "lowest", "highest", "unit",
                "target");
}

void Table::row(const char* name, const std::vector<double>& samples, const char* unit, Goal goal,
                double target) {
    const auto [lowest, highest] = std::minmax_element(samples.begin(), samples.end());
    const double value = median(samples);
    std::printf("%-44s %12.4g %12.4g %12.4g  %-10s ", name, value, *lowest, *highest, unit);
    if (goal == Goal::none) {
        std::printf("-\n");
    } else {
        const bool met = goal == Goal::at_least ? value >= target : value <= target;
        missed_ += met ? 0 : 1;
        std::printf("%s %.4g%s\n", goal == Goal::at_least ? "at least" : "at most", target,
                    met ? "" : "   MISSED");
    }
    std::fflush(stdout);
}

}  // namespace kiln::perf

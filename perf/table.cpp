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

bool Table::wants(const char* name) const {
    return !is_stopped() && std::strstr(name, options_.filter) != nullptr;
}

bool Table::is_stopped() const {
    return options_.stop != nullptr && options_.stop->load(std::memory_order_relaxed);
}

void Table::header() const {
    std::fprintf(options_.out, "%-44s %12s %12s %12s  %-10s %s\n", "figure", "median", "lowest",
                 "highest", "unit", "target");
}

void Table::row(const char* name, const std::vector<double>& samples, const char* unit,
                const Goal& goal) {
    if (is_stopped())
        return;
    const Figure figure = {name, unit, goal, samples};
    std::fprintf(options_.out, "%-44s %12.4g %12.4g %12.4g  %-10s ", name, figure.median(),
                 figure.lowest(), figure.highest(), unit);
    if (goal.target)
        std::fprintf(options_.out, "%s %.4g%s\n",
                     goal.better == Better::higher ? "at least" : "at most", *goal.target,
                     figure.is_met() ? "" : "   MISSED");
    else
        std::fprintf(options_.out, "-\n");
    std::fflush(options_.out);
    report_.figures.push_back(figure);
}

void Table::breakdown(const Breakdown& breakdown) {
    if (is_stopped())
        return;
    std::fprintf(options_.out, "  time of %s, %u workers:", breakdown.work.c_str(),
                 breakdown.workers);
    for (const TimeShare& share : breakdown.shares)
        std::fprintf(options_.out, " %s %.1f %%,", share.name.c_str(), 100 * share.share);
    std::fprintf(options_.out, " bottleneck: %s\n", breakdown.bottleneck().name.c_str());
    std::fflush(options_.out);
    report_.breakdowns.push_back(breakdown);
}

}  // namespace kiln::perf

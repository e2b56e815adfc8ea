#include "perf/figure.hpp"

#include <algorithm>

namespace kiln::perf {

double Figure::median() const {
    std::vector<double> sorted = samples;
    std::sort(sorted.begin(), sorted.end());
    const std::size_t middle = sorted.size() / 2;
    return sorted.size() % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

double Figure::lowest() const {
    return *std::min_element(samples.begin(), samples.end());
}

double Figure::highest() const {
    return *std::max_element(samples.begin(), samples.end());
}

bool Figure::is_met() const {
    if (!goal.target)
        return true;
    return goal.better == Better::higher ? median() >= *goal.target : median() <= *goal.target;
}

const TimeShare& Breakdown::bottleneck() const {
    return *std::max_element(
        shares.begin(), shares.end(), [](const TimeShare& left, const TimeShare& right) {
            return (left.is_ours ? left.share : -1) < (right.is_ours ? right.share : -1);
        });
}

}  // namespace kiln::perf

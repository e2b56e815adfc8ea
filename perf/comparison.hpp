// Comparison: figures beside those of a baseline, and which of them are worse than chance explains.
//
// A figure regressed if its median is worse by more than the threshold and, beyond that, even its
// best sample is worse than the baseline's worst: two samples of the same thing rarely lie apart.
// A figure improved if the same holds the other way round. Figures with one sample, like peak
// memory, have no spread, so that the threshold alone decides. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "perf/figure.hpp"

namespace kiln::perf {

enum class Change { same, regressed, improved, appeared, missing };

struct ComparedFigure {
    std::string name;
    std::string unit;
    Change change = Change::same;
    double before = 0;  // medians
    double now = 0;
    std::optional<double> ratio;  // now / before; nothing where there is no such number
};

// All figures that were measured, in their order, then those of the baseline that were not though
// the filter wanted them. threshold: as a share, 0.05 is 5 %.
std::vector<ComparedFigure> compare(const std::vector<Figure>& baseline,
                                    const std::vector<Figure>& measured, const std::string& filter,
                                    double threshold);

}  // namespace kiln::perf

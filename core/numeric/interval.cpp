#include "core/numeric/interval.hpp"

#include <algorithm>
#include <cmath>

namespace kiln {

Interval wilson_interval(double score, std::uint64_t games) {
    if (games == 0)
        return {0, 1};
    constexpr double z = 1.959964;
    const auto n = static_cast<double>(games);
    const double rate = score / n;
    const double scale = 1 / (1 + z * z / n);
    const double centre = scale * (rate + z * z / (2 * n));
    const double half_width = scale * z * std::sqrt(rate * (1 - rate) / n + z * z / (4 * n * n));
    return {std::max(0.0, centre - half_width), std::min(1.0, centre + half_width)};
}

}  // namespace kiln

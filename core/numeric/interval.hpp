// Confidence intervals for scores of matches.
#pragma once

#include <cstdint>

namespace kiln {

struct Interval {
    double lower;
    double upper;
};

// Wilson's score interval at 95 % (Wilson 1927; z = 1.959964) for `score` points out of `games`, a
// draw counting half. Valid for a number of games fixed beforehand. games = 0 gives [0, 1].
Interval wilson_interval(double score, std::uint64_t games);

}  // namespace kiln

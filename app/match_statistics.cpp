#include "app/match_statistics.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "core/base/check.hpp"
#include "core/numeric/interval.hpp"

#include "app/text.hpp"

namespace kiln::app {
namespace {

constexpr double z = 1.959964;  // 95 % of a normal distribution lie within so many deviations
constexpr double empty_cell = 1e-3;
constexpr double score_margin = 1e-3;
constexpr std::size_t cells_max = 5;

using Cells = std::array<double, cells_max>;  // those in use come first; the others are zero

double nelo_unit() {
    return 800 / std::log(10.0);
}

// Outcomes and how probable they are.
struct Distribution {
    std::size_t size = 0;
    Cells outcome = {};
    Cells share = {};

    double mean() const {
        double sum = 0;
        for (std::size_t i = 0; i < size; ++i)
            sum += share[i] * outcome[i];
        return sum;
    }
    double variance() const {
        const double middle = mean();
        double sum = 0;
        for (std::size_t i = 0; i < size; ++i)
            sum += share[i] * (outcome[i] - middle) * (outcome[i] - middle);
        return sum;
    }
};

struct Sample {
    Distribution seen;
    double count = 0;  // empty cells included
    // A pair is two games, and its deviation 1/sqrt(2) of theirs if they were independent.
    double games_per_outcome = 1;
};

Sample take_sample(OutcomeCounts counts) {
    CHECK(counts.size() == 3 || counts.size() == 5);
    Sample sample;
    sample.games_per_outcome = counts.size() == 5 ? 2 : 1;
    sample.seen.size = counts.size();
    for (std::size_t i = 0; i < counts.size(); ++i) {
        sample.seen.outcome[i] = static_cast<double>(i) / static_cast<double>(counts.size() - 1);
        sample.seen.share[i] = counts[i] == 0 ? empty_cell : static_cast<double>(counts[i]);
        sample.count += sample.seen.share[i];
    }
    for (double& share : sample.seen.share)
        share /= sample.count;
    return sample;
}

double total(OutcomeCounts counts) {
    double sum = 0;
    for (const std::uint64_t count : counts)
        sum += static_cast<double>(count);
    return sum;
}

// Among all distributions over `values` with mean 0 the one under which `shares` are likeliest:
// shares / (1 + x value), with the x that makes the mean 0. The mean falls with x, from +inf to
// -inf between the poles at the largest and the least value.
Cells likeliest_with_mean_zero(const Distribution& seen, const Cells& values) {
    const auto end = values.begin() + static_cast<std::ptrdiff_t>(seen.size);
    double low = -1 / *std::max_element(values.begin(), end);
    double high = -1 / *std::min_element(values.begin(), end);
    for (;;) {
        const double x = low + (high - low) / 2;
        if (x <= low || x >= high)
            break;  // no number lies between them
        double mean = 0;
        for (std::size_t i = 0; i < seen.size; ++i)
            mean += seen.share[i] * values[i] / (1 + x * values[i]);
        (mean > 0 ? low : high) = x;
    }
    const double x = low + (high - low) / 2;
    Cells shares = {};
    for (std::size_t i = 0; i < seen.size; ++i)
        shares[i] = seen.share[i] / (1 + x * values[i]);
    return shares;
}

// Among all distributions with (mean - 1/2) / deviation = target the one under which what was seen
// is likeliest. That is not linear in the shares; linearised around the last answer it is, and a
// handful of rounds settle it.
Cells likeliest_with_t_value(const Distribution& seen, double target) {
    constexpr int rounds = 50;
    constexpr double settled = 1e-12;
    Distribution found = seen;
    for (std::size_t i = 0; i < seen.size; ++i)
        found.share[i] = 1 / static_cast<double>(seen.size);
    for (int round = 0; round < rounds; ++round) {
        const double mean = found.mean();
        const double deviation = std::sqrt(found.variance());
        Cells values = {};
        for (std::size_t i = 0; i < seen.size; ++i) {
            const double off = (mean - seen.outcome[i]) / deviation;
            values[i] = seen.outcome[i] - 0.5 - target * deviation * (1 + off * off) / 2;
        }
        const Cells before = found.share;
        found.share = likeliest_with_mean_zero(seen, values);
        double change = 0;
        for (std::size_t i = 0; i < seen.size; ++i)
            change = std::max(change, std::abs(found.share[i] - before[i]));
        if (change < settled)
            break;
    }
    return found.share;
}

Estimate elo_of(double score, double error) {
    return {elo_of_score(score), elo_of_score(score - error), elo_of_score(score + error)};
}

}  // namespace

double elo_of_score(double score) {
    const double kept = std::clamp(score, score_margin, 1 - score_margin);
    return -400 * std::log10(1 / kept - 1);
}

std::optional<MatchStatistics> match_statistics(OutcomeCounts counts) {
    const Sample sample = take_sample(counts);
    const double outcomes = total(counts);
    if (outcomes == 0)
        return std::nullopt;
    double points = 0;
    for (std::size_t i = 0; i < counts.size(); ++i)
        points += static_cast<double>(counts[i]) * sample.seen.outcome[i];
    const double score = points / outcomes;
    const double mean = sample.seen.mean();
    const double deviation = std::sqrt(sample.seen.variance());
    const double error = deviation / std::sqrt(sample.count);

    MatchStatistics statistics;
    statistics.superiority = std::erfc(-(mean - 0.5) / error / std::sqrt(2.0)) / 2;
    const bool is_all_alike = std::count(counts.begin(), counts.end(), 0u) + 1 ==
                              static_cast<std::ptrdiff_t>(counts.size());
    if (is_all_alike) {
        const Interval wilson = wilson_interval(points, static_cast<std::uint64_t>(outcomes));
        statistics.score = {score, wilson.lower, wilson.upper};
        statistics.elo = {elo_of_score(score), elo_of_score(wilson.lower),
                          elo_of_score(wilson.upper)};
        return statistics;
    }
    statistics.score = {score, std::max(0.0, score - z * error), std::min(1.0, score + z * error)};
    statistics.elo = elo_of(mean, z * error);
    const double unit = nelo_unit();
    const double value = unit * (mean - 0.5) / (deviation * std::sqrt(sample.games_per_outcome));
    const double half_width = unit * z / std::sqrt(sample.games_per_outcome * sample.count);
    statistics.normalized_elo = {value, value - half_width, value + half_width};
    return statistics;
}

std::string format_score(const Estimate& score) {
    return fmt::format("{} [{:.1f}, {:.1f}]", format_percent(score.value), score.lower * 100,
                       score.upper * 100);
}

std::string format_elo(const Estimate& elo) {
    return fmt::format("{:+.0f} [{:+.0f}, {:+.0f}]", elo.value, elo.lower, elo.upper);
}

double Sprt::bound() {
    return std::log((1 - error_rate) / error_rate);
}

double Sprt::log_likelihood_ratio(OutcomeCounts counts) const {
    if (total(counts) == 0)
        return 0;
    const Sample sample = take_sample(counts);
    const double scale = std::sqrt(sample.games_per_outcome) / nelo_unit();
    const Cells low = likeliest_with_t_value(sample.seen, low_nelo * scale);
    const Cells high = likeliest_with_t_value(sample.seen, high_nelo * scale);
    double sum = 0;
    for (std::size_t i = 0; i < sample.seen.size; ++i)
        sum += sample.seen.share[i] * std::log(high[i] / low[i]);
    return sample.count * sum;
}

SprtVerdict verdict_of(double log_likelihood_ratio) {
    if (log_likelihood_ratio >= Sprt::bound())
        return SprtVerdict::high;
    return log_likelihood_ratio <= -Sprt::bound() ? SprtVerdict::low : SprtVerdict::undecided;
}

}  // namespace kiln::app

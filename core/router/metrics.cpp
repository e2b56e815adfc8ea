#include "core/router/metrics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/base/check.hpp"

namespace kiln::router {
namespace {

constexpr std::size_t bins = 10;

// Mann-Whitney's statistic over sorted scores; negative if only one class is there.
double area_under_curve(std::span<RankedScore> scores) {
    std::sort(scores.begin(), scores.end(), [](const RankedScore& one, const RankedScore& other) {
        return one.score < other.score;
    });
    double positives = 0;
    double negatives = 0;
    double pairs = 0;  // a positive above a negative; ties half
    for (std::size_t first = 0; first < scores.size();) {
        std::size_t end = first;
        double tied_positives = 0;
        for (; end < scores.size() && scores[end].score == scores[first].score; ++end)
            tied_positives += scores[end].is_positive;
        const double tied_negatives = static_cast<double>(end - first) - tied_positives;
        pairs += tied_positives * (negatives + 0.5 * tied_negatives);
        positives += tied_positives;
        negatives += tied_negatives;
        first = end;
    }
    return positives > 0 && negatives > 0 ? pairs / (positives * negatives) : -1;
}

double mean_area(std::uint32_t outputs, std::span<const float> logits,
                 std::span<const float> labels, std::span<RankedScore> scratch) {
    double sum = 0;
    double classes = 0;
    for (std::uint32_t k = 0; k < outputs; ++k) {
        for (std::size_t b = 0; b < labels.size(); ++b) {
            const bool is_positive =
                outputs == 1 ? labels[b] > 0.5f : labels[b] == static_cast<float>(k);
            // What is not a number has no place in an order: below all others.
            const float logit = logits[b * outputs + k];
            scratch[b] = {std::isnan(logit) ? -std::numeric_limits<float>::infinity() : logit,
                          is_positive ? 1u : 0u};
        }
        const double area = area_under_curve(scratch.first(labels.size()));
        if (area < 0)
            continue;
        sum += area;
        ++classes;
    }
    return classes > 0 ? sum / classes : 0.5;
}

// Sums of what was said and what was so, by bin of what was said.
struct Calibration {
    double said[bins] = {};
    double was[bins] = {};

    void add(double probability, double outcome) {
        const auto bin = std::min(static_cast<std::size_t>(probability * bins), bins - 1);
        said[bin] += probability;
        was[bin] += outcome;
    }
    double error(double samples) const {
        double sum = 0;
        for (std::size_t bin = 0; bin < bins; ++bin)
            sum += std::abs(said[bin] - was[bin]);
        return sum / samples;
    }
};

}  // namespace

std::uint32_t predicted_class(std::span<const float> logits) {
    if (logits.size() == 1)
        return logits[0] > 0 ? 1 : 0;
    return static_cast<std::uint32_t>(std::max_element(logits.begin(), logits.end()) -
                                      logits.begin());
}

Metrics measure(LossKind kind, std::uint32_t outputs, std::span<const float> logits,
                std::span<const float> labels, std::span<RankedScore> scratch) {
    CHECK(logits.size() == labels.size() * outputs && scratch.size() >= labels.size());
    Metrics metrics;
    metrics.samples = labels.size();
    if (labels.empty())
        return metrics;
    const LossSettings settings = {.kind = kind};
    const auto samples = static_cast<double>(labels.size());
    Calibration calibration;
    double values[outputs_capacity];
    double ignored[outputs_capacity];
    for (std::size_t b = 0; b < labels.size(); ++b) {
        const std::span<const float> of_sample = logits.subspan(b * outputs, outputs);
        std::copy(of_sample.begin(), of_sample.end(), values);
        metrics.loss += sample_loss(settings, {values, outputs}, static_cast<double>(labels[b]), {},
                                    {ignored, outputs_capacity});
        if (kind == LossKind::squared_error)
            continue;
        const std::uint32_t predicted = predicted_class(of_sample);
        const bool is_right = outputs == 1 ? (labels[b] > 0.5f) == (predicted == 1)
                                           : labels[b] == static_cast<float>(predicted);
        metrics.accuracy += is_right ? 1 : 0;
        probabilities_of({values, outputs}, {ignored, outputs_capacity});
        if (outputs == 1)
            calibration.add(ignored[0], static_cast<double>(labels[b]));
        else
            calibration.add(ignored[predicted], is_right ? 1 : 0);
    }
    metrics.loss /= samples;
    metrics.accuracy /= samples;
    if (kind == LossKind::squared_error)
        return metrics;
    metrics.auc = mean_area(outputs, logits, labels, scratch);
    metrics.calibration_error = calibration.error(samples);
    return metrics;
}

}  // namespace kiln::router

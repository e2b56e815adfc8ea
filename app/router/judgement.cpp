#include "app/router/judgement.hpp"

#include <algorithm>
#include <map>
#include <numeric>

#include <fmt/format.h>

#include "core/numeric/elementary.hpp"
#include "core/router/pruning.hpp"

#include "app/failure.hpp"
#include "app/text.hpp"

namespace kiln::app {
namespace {

constexpr const char* threshold_note = "threshold";
constexpr const char* calibration_note = "calibration_temperature";

double note_or(const RouterModel& model, const char* name, double otherwise) {
    const auto found = model.notes.find(name);
    if (found == model.notes.end())
        return otherwise;
    const auto value = parse_real(found->second);
    if (!value || !(*value > 0))
        throw Failure(ExitCode::bad_data, fmt::format("the model's {} is '{}'; it takes a number "
                                                      "above 0",
                                                      name, found->second));
    return *value;
}

// Tells `consider` of every threshold, from the highest on: the samples decided for class 1 and the
// wrong ones of them. Where it says yes, that is the decision.
template <typename Consider>
Decision choose_threshold(std::span<const float> logits, std::span<const float> labels,
                          const Consider& consider) {
    const BlockOf<std::uint32_t> sorted(labels.size());
    const std::span<std::uint32_t> order = sorted.span();
    std::iota(order.begin(), order.end(), 0u);
    std::sort(order.begin(), order.end(),
              [&](std::uint32_t a, std::uint32_t b) { return logits[a] > logits[b]; });
    Decision best;
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
        wrong += labels[order[i]] > 0.5f ? 0u : 1u;
        const bool is_tied = i + 1 < order.size() && logits[order[i + 1]] == logits[order[i]];
        if (is_tied || !consider(i + 1, wrong))
            continue;
        best.light = i + 1;
        best.wrong = wrong;
        best.threshold = logistic_of(static_cast<double>(logits[order[i]]));
    }
    return best;
}

}  // namespace

router::Metrics measured(const RouterModel& model, const Dataset& data,
                         std::span<const float> logits) {
    const BlockOf<router::RankedScore> scratch(data.samples);
    return router::measure(model.kind, model.shape.outputs, logits, data.y.floats(),
                           scratch.span());
}

double majority_share(const Dataset& data) {
    std::map<float, std::uint64_t> counts;
    std::uint64_t most = 0;
    for (const float label : data.y.floats())
        most = std::max(most, ++counts[label]);
    return static_cast<double>(most) / data.samples;
}

double calibration_of(const RouterModel& model) {
    return note_or(model, calibration_note, 1);
}

void set_calibration(RouterModel& model, double temperature) {
    model.notes[calibration_note] = fmt::format("{}", temperature);
}

void divide(std::span<float> logits, double temperature) {
    for (float& logit : logits)
        logit = static_cast<float>(static_cast<double>(logit) / temperature);
}

double best_temperature(const RouterModel& model, const Dataset& data,
                        std::span<const float> logits) {
    const Block scaled(logits.size_bytes());
    const auto loss = [&](double exponent) {
        std::copy(logits.begin(), logits.end(), scaled.floats().begin());
        divide(scaled.floats(), exp_of(exponent));
        return measured(model, data, scaled.floats()).loss;
    };
    constexpr double ratio = 0.6180339887498949;
    double low = -3;
    double high = 3;
    for (int i = 0; i < 40; ++i) {
        const double left = high - ratio * (high - low);
        const double right = low + ratio * (high - low);
        if (loss(left) < loss(right))
            high = right;
        else
            low = left;
    }
    return exp_of((low + high) / 2);
}

double threshold_of(const RouterModel& model) {
    return note_or(model, threshold_note, 0.5);
}

void set_threshold(RouterModel& model, double threshold) {
    model.notes[threshold_note] = fmt::format("{}", threshold);
}

Decision cheapest(std::span<const float> logits, std::span<const float> labels, double cost_wrong,
                  double cost_strong) {
    const auto samples = static_cast<double>(labels.size());
    const auto cost_of = [&](std::size_t light, std::size_t wrong) {
        return (static_cast<double>(wrong) * cost_wrong +
                (samples - static_cast<double>(light)) * cost_strong) /
               samples;
    };
    double least = cost_strong;
    Decision best = choose_threshold(logits, labels, [&](std::size_t light, std::size_t wrong) {
        const bool is_cheaper = cost_of(light, wrong) < least;
        least = std::min(least, cost_of(light, wrong));
        return is_cheaper;
    });
    best.cost = least;
    best.always_light =
        cost_of(labels.size(),
                static_cast<std::size_t>(std::count_if(labels.begin(), labels.end(),
                                                       [](float label) { return label <= 0.5f; })));
    best.always_strong = cost_strong;
    return best;
}

Decision within_risk(std::span<const float> logits, std::span<const float> labels, double risk) {
    return choose_threshold(logits, labels, [risk](std::size_t light, std::size_t wrong) {
        return static_cast<double>(wrong) <= risk * static_cast<double>(light);
    });
}

void probabilities_of(std::span<const float> logits, std::span<double> probabilities) {
    double values[router::outputs_capacity];
    std::copy(logits.begin(), logits.end(), values);
    router::probabilities_of({values, logits.size()}, probabilities);
}

double uncertainty_of(std::span<const double> probabilities) {
    const double both[] = {probabilities[0], 1 - probabilities[0]};
    if (probabilities.size() == 1)
        probabilities = both;
    double entropy = 0;
    for (const double p : probabilities)
        if (p > 1e-300)
            entropy -= p * log_of(p);
    return entropy / log_of(static_cast<double>(probabilities.size()));
}

RouterModel pruned(const RouterModel& model, double keep_share) {
    if (model.is_int8)
        throw Failure(ExitCode::usage,
                      "router prune: the model is quantised; prune, then quantize");
    RouterModel made = model;
    const router::Layout layout(model.shape);
    std::vector<float> scratch(router::pruning_scratch(layout));
    std::vector<std::uint8_t> support(layout.size());
    router::choose_support(layout, keep_share, made.parameters, scratch, support);
    router::apply_support(support, made.parameters);
    for (std::size_t i = 0; i < support.size(); ++i)
        if (support[i] == 0)
            made.exact[i] = 0;
    return made;
}

}  // namespace kiln::app

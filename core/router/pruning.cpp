#include "core/router/pruning.hpp"

#include <algorithm>
#include <cmath>

#include "core/base/check.hpp"

namespace kiln::router {

bool is_pruned(TensorId id) {
    switch (id) {
        case TensorId::W:
        case TensorId::W1:
        case TensorId::W2:
        case TensorId::U:
        case TensorId::U1:
        case TensorId::U2:
            return true;
        default:
            return false;
    }
}

std::size_t pruning_scratch(const Layout& layout) {
    std::size_t most = 0;
    for (const Tensor& tensor : layout.tensors())
        if (is_pruned(tensor.id))
            most = std::max(most, tensor.size());
    return most;
}

namespace {

void choose(double keep, std::span<const float> weights, std::span<float> scratch,
            std::span<std::uint8_t> support) {
    const auto kept = static_cast<std::size_t>(keep * static_cast<double>(weights.size()) + 0.5);
    std::fill(support.begin(), support.end(), std::uint8_t{0});
    if (kept == 0)
        return;
    for (std::size_t i = 0; i < weights.size(); ++i)
        scratch[i] = std::abs(weights[i]);
    const auto last = scratch.begin() + static_cast<std::ptrdiff_t>(kept - 1);
    std::nth_element(scratch.begin(), last,
                     scratch.begin() + static_cast<std::ptrdiff_t>(weights.size()),
                     [](float one, float other) { return one > other; });
    const float threshold = *last;
    std::size_t count = 0;
    for (std::size_t i = 0; i < weights.size(); ++i)
        if (std::abs(weights[i]) > threshold) {
            support[i] = 1;
            ++count;
        }
    for (std::size_t i = 0; i < weights.size() && count < kept; ++i)
        if (std::abs(weights[i]) == threshold) {
            support[i] = 1;
            ++count;
        }
}

}  // namespace

void choose_support(const Layout& layout, double keep, std::span<const float> parameters,
                    std::span<float> scratch, std::span<std::uint8_t> support) {
    CHECK(scratch.size() >= pruning_scratch(layout) && support.size() == layout.size());
    std::fill(support.begin(), support.end(), std::uint8_t{1});
    for (const Tensor& tensor : layout.tensors())
        if (is_pruned(tensor.id))
            choose(keep, parameters.subspan(tensor.offset, tensor.size()), scratch,
                   support.subspan(tensor.offset, tensor.size()));
}

void apply_support(std::span<const std::uint8_t> support, std::span<float> parameters) {
    for (std::size_t i = 0; i < support.size(); ++i)
        if (support[i] == 0)
            parameters[i] = 0;
}

}  // namespace kiln::router

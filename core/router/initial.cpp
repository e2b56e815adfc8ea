#include "core/router/initial.hpp"

#include <cmath>

#include "core/numeric/elementary.hpp"

namespace kiln::router {
namespace {

// Close to normal with deviation 1: the sum of twelve uniform numbers, which needs no logarithm.
double normal(RandomStream& random) {
    double sum = -6;
    for (int i = 0; i < 12; ++i)
        sum += random.unit();
    return sum;
}

void fill_matrix(const Tensor& tensor, double deviation, std::uint64_t seed,
                 std::span<float> parameters) {
    RandomStream random(seed, stream_initial, static_cast<std::uint64_t>(tensor.id));
    if (deviation == 0)
        deviation = 1 / std::sqrt(static_cast<double>(tensor.columns));
    for (std::size_t i = tensor.offset; i < tensor.offset + tensor.size(); ++i)
        parameters[i] = static_cast<float>(deviation * normal(random));
}

}  // namespace

void set_initial_weights(const Shape& shape, const InitialSettings& settings, std::uint64_t seed,
                         std::span<float> parameters) {
    const Layout layout(shape);
    const bool has_horizon = settings.horizon > 2;
    const auto fill = [&](TensorId id, double value) {
        for (float& element : layout.part(id, parameters))
            element = static_cast<float>(value);
    };
    for (const Tensor& tensor : layout.tensors())
        if (tensor.is_matrix())
            fill_matrix(tensor, settings.deviation, seed, parameters);
    fill(TensorId::head_bias, 0);
    fill(TensorId::b_update, has_horizon ? 0 : settings.update_bias);
    fill(TensorId::b_gate, settings.gate_bias);
    fill(TensorId::zeta, has_horizon ? 6 : settings.zeta);
    fill(TensorId::nu, has_horizon ? -6 : settings.nu);
    if (!has_horizon)
        return;
    RandomStream random(seed, stream_initial, static_cast<std::uint64_t>(TensorId::b_gate));
    for (float& element : layout.part(TensorId::b_gate, parameters))
        element = static_cast<float>(
            log_of(1 + random.unit() * static_cast<double>(settings.horizon - 2)));
}

}  // namespace kiln::router

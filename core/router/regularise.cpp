#include "core/router/regularise.hpp"

#include <algorithm>
#include <cmath>

namespace kiln::router {

template <typename Real>
double l2_loss(const Layout& layout, double l2, std::span<const Real> parameters) {
    double squares = 0;
    for (const Tensor& tensor : layout.tensors())
        if (tensor.is_matrix())
            for (const Real weight : parameters.subspan(tensor.offset, tensor.size()))
                squares += static_cast<double>(weight) * static_cast<double>(weight);
    return l2 * squares;
}

template <typename Real>
void add_l2(const Layout& layout, double l2, std::span<const Real> parameters,
            std::span<Real> gradient) {
    if (l2 == 0)
        return;
    const Real slope = static_cast<Real>(2 * l2);
    for (const Tensor& tensor : layout.tensors())
        if (tensor.is_matrix())
            for (std::size_t i = tensor.offset; i < tensor.offset + tensor.size(); ++i)
                gradient[i] = std::fma(slope, parameters[i], gradient[i]);
}

template <typename Real>
double clip(const ClipSettings& settings, std::span<Real> gradient) {
    // Eight sums, so that one addition need not wait for the one before.
    constexpr std::size_t lanes = 8;
    double sums[lanes] = {};
    const auto add = [&](std::size_t i, std::size_t lane) {
        const auto element = static_cast<double>(gradient[i + lane]);
        sums[lane] += element * element;
    };
    std::size_t first = 0;
    for (; first + lanes <= gradient.size(); first += lanes)
        for (std::size_t lane = 0; lane < lanes; ++lane)
            add(first, lane);
    for (std::size_t lane = 0; first + lane < gradient.size(); ++lane)
        add(first, lane);
    double squares = 0;
    for (const double sum : sums)
        squares += sum;
    const double norm = std::sqrt(squares);
    if (settings.kind == Clipping::norm && norm > settings.limit) {
        const Real share = static_cast<Real>(settings.limit / norm);
        for (Real& element : gradient)
            element *= share;
    } else if (settings.kind == Clipping::value) {
        const Real limit = static_cast<Real>(settings.limit);
        for (Real& element : gradient)
            element = std::clamp(element, -limit, limit);
    }
    return norm;
}

template double l2_loss<float>(const Layout&, double, std::span<const float>);
template double l2_loss<double>(const Layout&, double, std::span<const double>);
template void add_l2<float>(const Layout&, double, std::span<const float>, std::span<float>);
template void add_l2<double>(const Layout&, double, std::span<const double>, std::span<double>);
template double clip<float>(const ClipSettings&, std::span<float>);
template double clip<double>(const ClipSettings&, std::span<double>);

}  // namespace kiln::router

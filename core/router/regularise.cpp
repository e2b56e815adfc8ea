#include "core/router/regularise.hpp"

#include <algorithm>
#include <cmath>

namespace kiln::router {

template <typename Real>
double add_l2(const Layout& layout, double l2, std::span<const Real> parameters,
              std::span<Real> gradient) {
    if (l2 == 0)
        return 0;
    const Real slope = static_cast<Real>(2 * l2);
    double squares = 0;
    for (const Tensor& tensor : layout.tensors()) {
        if (!tensor.is_matrix())
            continue;
        for (std::size_t i = tensor.offset; i < tensor.offset + tensor.size(); ++i) {
            gradient[i] = std::fma(slope, parameters[i], gradient[i]);
            squares += static_cast<double>(parameters[i]) * static_cast<double>(parameters[i]);
        }
    }
    return l2 * squares;
}

template <typename Real>
double clip(const ClipSettings& settings, std::span<Real> gradient) {
    // Eight sums, so that one addition need not wait for the one before.
    double sums[8] = {};
    for (std::size_t i = 0; i < gradient.size(); ++i)
        sums[i % 8] += static_cast<double>(gradient[i]) * static_cast<double>(gradient[i]);
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

template double add_l2<float>(const Layout&, double, std::span<const float>, std::span<float>);
template double add_l2<double>(const Layout&, double, std::span<const double>, std::span<double>);
template double clip<float>(const ClipSettings&, std::span<float>);
template double clip<double>(const ClipSettings&, std::span<double>);

}  // namespace kiln::router

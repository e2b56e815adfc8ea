// What happens to the gradient of a batch between back-propagation and the optimiser: the
// derivative of the regulariser is added, then it is clipped.
#pragma once

#include <cstdint>
#include <span>

#include "core/router/shape.hpp"

namespace kiln::router {

enum class Clipping : std::uint32_t {
    none = 0,
    norm = 1,   // the whole gradient is scaled down to that norm (Pascanu et al. 2013, section 3.2)
    value = 2,  // each element is put back into +-limit
};

struct ClipSettings {
    Clipping kind = Clipping::norm;
    double limit = 5;
};

// l2 times the sum of the squares of every matrix.
template <typename Real>
double l2_loss(const Layout& layout, double l2, std::span<const Real> parameters);
// Adds its derivative.
template <typename Real>
void add_l2(const Layout& layout, double l2, std::span<const Real> parameters,
            std::span<Real> gradient);

// Gives back the norm before clipping (of the whole gradient, summed in double).
template <typename Real>
double clip(const ClipSettings& settings, std::span<Real> gradient);

extern template double l2_loss<float>(const Layout&, double, std::span<const float>);
extern template double l2_loss<double>(const Layout&, double, std::span<const double>);
extern template void add_l2<float>(const Layout&, double, std::span<const float>, std::span<float>);
extern template void add_l2<double>(const Layout&, double, std::span<const double>,
                                    std::span<double>);
extern template double clip<float>(const ClipSettings&, std::span<float>);
extern template double clip<double>(const ClipSettings&, std::span<double>);

}  // namespace kiln::router

// The gradient of a model's loss on a batch, for comparison with other frameworks: in double by the
// reference, or in float by the kernel that trains. Inputs are taken as they are.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/router/loss.hpp"
#include "core/router/reference.hpp"
#include "core/router/regularise.hpp"

#include "app/router/model.hpp"

namespace kiln::app {

template <typename Real>
struct Gradients {
    double loss = 0;             // mean over the batch, regulariser included
    std::vector<Real> logits;    // [n, K]
    std::vector<Real> gradient;  // laid out like the parameters
};

// l2 is loss.l2; what it adds is in the loss and, before clipping, in the gradient.
Gradients<double> gradients_in_double(const RouterModel& model, const router::Batch<double>& batch,
                                      const router::LossSettings& loss,
                                      const router::ClipSettings& clipping);
Gradients<float> gradients_in_float(const RouterModel& model, const router::Batch<float>& batch,
                                    const router::LossSettings& loss,
                                    const router::ClipSettings& clipping);

}  // namespace kiln::app

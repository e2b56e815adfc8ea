#include "app/router/gradients.hpp"

#include <numeric>

#include "core/router/low_rank.hpp"

#include "app/router/block.hpp"

namespace kiln::app {
namespace {

template <typename Real>
void finish(const RouterModel& model, std::span<const Real> parameters, double l2,
            const router::ClipSettings& clipping, Gradients<Real>& outcome) {
    const router::Layout layout(model.shape);
    outcome.loss += router::l2_loss<Real>(layout, l2, parameters);
    router::add_l2<Real>(layout, l2, parameters, outcome.gradient);
    (void)router::clip<Real>(clipping, outcome.gradient);
}

}  // namespace

Gradients<double> gradients_in_double(const RouterModel& model, const router::Batch<double>& batch,
                                      const router::LossSettings& loss,
                                      const router::ClipSettings& clipping) {
    Gradients<double> outcome;
    outcome.gradient.resize(model.exact.size());
    outcome.logits.resize(std::size_t{batch.samples} * model.shape.outputs);
    std::vector<double> room(router::reference_workspace(model.shape, batch.samples, batch.steps));
    outcome.loss = router::reference_gradient<double>(model.shape, model.exact, batch, loss,
                                                      1.0 / batch.samples, outcome.gradient,
                                                      outcome.logits, room);
    finish<double>(model, model.exact, loss.l2, clipping, outcome);
    return outcome;
}

Gradients<float> gradients_in_float(const RouterModel& model, const router::Batch<float>& batch,
                                    const router::LossSettings& loss,
                                    const router::ClipSettings& clipping) {
    const router::Kernel kernel(model.shape, batch.samples, batch.steps);
    const Block packed(kernel.model_size() * sizeof(float));
    const Block room(kernel.workspace_size() * sizeof(float));
    const Block packed_gradient(kernel.gradient_size() * sizeof(float));
    std::vector<float> dense(router::Layout(model.shape.dense()).size());
    router::multiply_out<float>(model.shape, model.parameters, dense);
    kernel.pack(dense, packed.floats());
    std::vector<std::uint32_t> all(batch.samples);
    std::iota(all.begin(), all.end(), 0u);
    Gradients<float> outcome;
    outcome.gradient.resize(model.parameters.size());
    outcome.logits.resize(std::size_t{batch.samples} * model.shape.outputs);
    outcome.loss = kernel.gradient(packed.floats(), {&batch, all}, loss,
                                   1.0f / static_cast<float>(batch.samples),
                                   packed_gradient.floats(), outcome.logits, room.floats());
    kernel.unpack(packed_gradient.floats(), dense);
    router::add_factor_gradients<float>(model.shape, model.parameters, dense, outcome.gradient);
    finish<float>(model, model.parameters, loss.l2, clipping, outcome);
    return outcome;
}

}  // namespace kiln::app

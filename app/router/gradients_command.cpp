// `kiln router gradients`: loss, logits and the gradient of every tensor, for comparison with other
// frameworks. In double by the reference, or in float by the kernel that trains.
#include <numeric>

#include <fmt/format.h>

#include "core/router/low_rank.hpp"
#include "core/router/reference.hpp"
#include "core/router/regularise.hpp"

#include "app/failure.hpp"
#include "app/router/commands.hpp"
#include "app/router/model.hpp"
#include "app/router/npy.hpp"

namespace kiln::app {
namespace {

template <typename Real>
struct Outcome {
    double loss = 0;
    std::vector<Real> logits, gradient;
};

std::vector<double> array_of(const std::vector<NpyArray>& arrays, const std::string& name) {
    for (const NpyArray& array : arrays)
        if (array.name == name) {
            std::vector<double> values(array.size());
            copy_values(array, std::span<double>(values));
            return values;
        }
    return {};
}

Outcome<double> in_double(const RouterModel& model, const RouterOptions& options,
                          const Dataset& data, const router::LossSettings& loss) {
    // The inputs as the file has them, not as floats.
    const Block file = read_block(options.data.path, options.data.path);
    const std::vector<NpyArray> arrays = parse_npz(file.bytes(), options.data.path);
    const std::vector<double> x = array_of(arrays, "x");
    const std::vector<double> y = array_of(arrays, "y");
    const std::vector<double> teacher = array_of(arrays, "teacher_logits");
    Outcome<double> outcome;
    outcome.gradient.resize(model.exact.size());
    outcome.logits.resize(std::size_t{data.samples} * model.shape.outputs);
    std::vector<double> room(router::reference_workspace(model.shape, data.samples, data.steps));
    outcome.loss = router::reference_gradient<double>(
        model.shape, model.exact, {data.samples, data.steps, x, y, teacher}, loss,
        1.0 / data.samples, outcome.gradient, outcome.logits, room);
    return outcome;
}

Outcome<float> in_float(const RouterModel& model, const Dataset& data,
                        const router::LossSettings& loss) {
    const router::Kernel kernel(model.shape, data.samples, data.steps);
    const Block packed(kernel.model_size() * sizeof(float));
    const Block room(kernel.workspace_size() * sizeof(float));
    const Block packed_gradient(kernel.gradient_size() * sizeof(float));
    std::vector<float> dense(router::Layout(model.shape.dense()).size());
    router::multiply_out<float>(model.shape, model.parameters, dense);
    kernel.pack(dense, packed.floats());
    std::vector<std::uint32_t> all(data.samples);
    std::iota(all.begin(), all.end(), 0u);
    const router::Batch<float> batch = data.batch();
    Outcome<float> outcome;
    outcome.gradient.resize(model.parameters.size());
    outcome.logits.resize(std::size_t{data.samples} * model.shape.outputs);
    outcome.loss = kernel.gradient(packed.floats(), {&batch, all}, loss,
                                   1.0f / static_cast<float>(data.samples),
                                   packed_gradient.floats(), outcome.logits, room.floats());
    kernel.unpack(packed_gradient.floats(), dense);
    router::add_factor_gradients<float>(model.shape, model.parameters, dense, outcome.gradient);
    return outcome;
}

template <typename Real>
void finish(const RouterModel& model, const RouterOptions& options,
            std::span<const Real> parameters, std::uint32_t samples, Outcome<Real> outcome,
            const char* dtype) {
    const router::Layout layout(model.shape);
    outcome.loss += router::add_l2<Real>(layout, options.l2, parameters, outcome.gradient);
    const auto kind = options.clip_by == "norm"    ? router::Clipping::norm
                      : options.clip_by == "value" ? router::Clipping::value
                                                   : router::Clipping::none;
    (void)router::clip<Real>({kind, options.clip}, outcome.gradient);
    SafeTensors contents;
    const double loss[] = {outcome.loss};
    contents.tensors.push_back({"loss", "F64", {1}, std::as_bytes(std::span(loss))});
    contents.tensors.push_back({"logits",
                                dtype,
                                {samples, model.shape.outputs},
                                std::as_bytes(std::span<const Real>(outcome.logits))});
    for (const router::Tensor& tensor : layout.tensors()) {
        std::vector<std::uint64_t> shape = {tensor.rows};
        if (tensor.is_matrix())
            shape.push_back(tensor.columns);
        contents.tensors.push_back(
            {tensor.name, dtype, shape,
             std::as_bytes(
                 std::span<const Real>(outcome.gradient).subspan(tensor.offset, tensor.size()))});
    }
    write_whole(options.out, to_safetensors(std::move(contents)));
    fmt::print("loss {}; gradients of {} parameters in {}\n", outcome.loss, layout.size(),
               options.out);
}

}  // namespace

ExitCode run_router_gradients(const RouterOptions& options) {
    if (options.out.empty() || options.data.path.empty())
        throw Failure(ExitCode::usage, "router gradients: it takes --data FILE.npz and --out FILE");
    const RouterModel model = load_model(options.model);
    const Dataset data = load_dataset(options.data);
    if (data.inputs != model.shape.inputs || data.outputs > model.shape.outputs ||
        (data.has_teacher() &&
         data.teacher.floats().size() != std::size_t{data.samples} * model.shape.outputs))
        throw Failure(
            ExitCode::usage,
            fmt::format("{}: has {} numbers a step and {} outputs, and the model takes {} "
                        "and {}",
                        data.origin, data.inputs, data.outputs, model.shape.inputs,
                        model.shape.outputs));
    if (options.alpha > 0 && !data.has_teacher())
        throw Failure(ExitCode::usage, "--alpha: the data have no teacher_logits");
    const router::LossSettings loss = {
        .kind = model.kind, .alpha = options.alpha, .temperature = options.temperature};
    if (options.in_double)
        finish<double>(model, options, model.exact, data.samples,
                       in_double(model, options, data, loss), "F64");
    else
        finish<float>(model, options, model.parameters, data.samples, in_float(model, data, loss),
                      "F32");
    return ExitCode::ok;
}

}  // namespace kiln::app

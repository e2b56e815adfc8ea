// `kiln router gradients`: loss, logits and the gradient of every tensor as a file.
#include <fmt/format.h>

#include "app/failure.hpp"
#include "app/router/commands.hpp"
#include "app/router/gradients.hpp"
#include "app/router/npy.hpp"

namespace kiln::app {
namespace {

std::vector<double> array_of(const std::vector<NpyArray>& arrays, const std::string& name) {
    for (const NpyArray& array : arrays)
        if (array.name == name) {
            std::vector<double> values(array.size());
            copy_values(array, std::span<double>(values));
            return values;
        }
    return {};
}

// The inputs as the file has them, not as floats.
Gradients<double> in_double(const RouterModel& model, const RouterOptions& options,
                            const Dataset& data, const router::LossSettings& loss,
                            const router::ClipSettings& clipping) {
    const Block file = read_block(options.data.path, options.data.path);
    const std::vector<NpyArray> arrays = parse_npz(file.bytes(), options.data.path);
    const std::vector<double> x = array_of(arrays, "x");
    const std::vector<double> y = array_of(arrays, "y");
    const std::vector<double> teacher = array_of(arrays, "teacher_logits");
    return gradients_in_double(model, {data.samples, data.steps, x, y, teacher}, loss, clipping);
}

template <typename Real>
void write(const RouterModel& model, const std::string& out, std::uint32_t samples,
           const Gradients<Real>& outcome, const char* dtype) {
    const router::Layout layout(model.shape);
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
    write_whole(out, to_safetensors(std::move(contents)));
    fmt::print("loss {}; gradients of {} parameters in {}\n", outcome.loss, layout.size(), out);
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
    const router::LossSettings loss = {.kind = model.kind,
                                       .alpha = options.alpha,
                                       .temperature = options.temperature,
                                       .l2 = options.l2};
    const router::ClipSettings clipping = {options.clip_by == "norm"    ? router::Clipping::norm
                                           : options.clip_by == "value" ? router::Clipping::value
                                                                        : router::Clipping::none,
                                           options.clip};
    if (options.in_double)
        write(model, options.out, data.samples, in_double(model, options, data, loss, clipping),
              "F64");
    else
        write(model, options.out, data.samples,
              gradients_in_float(model, data.batch(), loss, clipping), "F32");
    return ExitCode::ok;
}

}  // namespace kiln::app

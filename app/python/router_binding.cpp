// kiln._kiln.RouterModel, train_router and resume_router: what kiln.router is made of.
#include <memory>
#include <optional>

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include "app/memory_table.hpp"
#include "app/python/python_training.hpp"
#include "app/router/gradients.hpp"
#include "app/router/judgement.hpp"
#include "app/router/run.hpp"
#include "app/router/tasks.hpp"

namespace py = pybind11;

namespace kiln::app {
namespace {

// In C order and of that type: the Python layer has checked and converted them.
template <typename Real>
using Array = py::array_t<Real, py::array::c_style | py::array::forcecast>;
using Floats = Array<float>;

template <typename Real>
std::span<const Real> values_of(const Array<Real>& array) {
    return {array.data(), static_cast<std::size_t>(array.size())};
}

Block block_of(const Floats& array) {
    const std::span<const float> values = values_of(array);
    Block block(values.size_bytes());
    std::copy(values.begin(), values.end(), block.floats().begin());
    return block;
}

// What is to be learned: how many logits, or with none a number.
Dataset dataset_of(const Floats& x, const Floats& y, const std::optional<Floats>& teacher,
                   std::uint32_t outputs) {
    Dataset data;
    data.origin = "X";
    data.samples = static_cast<std::uint32_t>(x.shape(0));
    data.steps = static_cast<std::uint32_t>(x.shape(1));
    data.inputs = static_cast<std::uint32_t>(x.shape(2));
    data.outputs = std::max(outputs, 1u);
    data.kind = outputs == 0 ? router::LossKind::squared_error : router::LossKind::cross_entropy;
    data.x = block_of(x);
    data.y = block_of(y);
    if (teacher)
        data.teacher = block_of(*teacher);
    return data;
}

Dataset inputs_of(const Floats& x) {
    return dataset_of(x, Floats(x.shape(0)), std::nullopt, 1);
}

template <typename Real>
Array<Real> array_of(std::span<const Real> values, std::vector<py::ssize_t> shape) {
    Array<Real> array(std::move(shape));
    std::copy(values.begin(), values.end(), array.mutable_data());
    return array;
}

// One array a tensor, from a block laid out like the parameters.
template <typename Real>
py::dict tensors_of(const RouterModel& model, std::span<const Real> block) {
    py::dict tensors;
    const router::Layout layout(model.shape);
    for (const router::Tensor& tensor : layout.tensors()) {
        std::vector<py::ssize_t> shape = {static_cast<py::ssize_t>(tensor.rows)};
        if (tensor.is_matrix())
            shape.push_back(static_cast<py::ssize_t>(tensor.columns));
        tensors[tensor.name] =
            array_of<Real>(block.subspan(tensor.offset, tensor.size()), std::move(shape));
    }
    return tensors;
}

Block raw_logits(const RouterModel& model, const Dataset& data) {
    const py::gil_scoped_release without_lock;
    return logits_of(model, data);
}

Block calibrated_logits(const RouterModel& model, const Dataset& data) {
    Block logits = raw_logits(model, data);
    divide(logits.floats(), calibration_of(model));
    return logits;
}

Floats logits(const RouterModel& model, const Floats& x) {
    return array_of<float>(raw_logits(model, inputs_of(x)).floats(),
                           {x.shape(0), static_cast<py::ssize_t>(model.shape.outputs)});
}

// ([n, K] as probabilities_of() gives them, [n] uncertainties)
py::tuple probabilities(const RouterModel& model, const Floats& x) {
    const Block scores = calibrated_logits(model, inputs_of(x));
    const std::span<const float> all = scores.floats();
    const std::size_t K = model.shape.outputs;
    Array<double> shares({x.shape(0), static_cast<py::ssize_t>(K)});
    Array<double> uncertainties(x.shape(0));
    for (std::size_t i = 0; i < all.size() / K; ++i) {
        const std::span<double> of_sample(shares.mutable_data() + i * K, K);
        probabilities_of(all.subspan(i * K, K), of_sample);
        uncertainties.mutable_data()[i] = uncertainty_of(of_sample);
    }
    return py::make_tuple(shares, uncertainties);
}

py::tuple measure(const RouterModel& model, const Floats& x, const Floats& y) {
    const Dataset data = dataset_of(x, y, std::nullopt, 1);
    const router::Metrics metrics = measured(model, data, calibrated_logits(model, data).floats());
    return py::make_tuple(metrics.samples, metrics.loss, metrics.accuracy, metrics.auc,
                          metrics.calibration_error, majority_share(data));
}

double calibrate(RouterModel& model, const Floats& x, const Floats& y) {
    const Dataset data = dataset_of(x, y, std::nullopt, 1);
    const double temperature = best_temperature(model, data, raw_logits(model, data).floats());
    set_calibration(model, temperature);
    return temperature;
}

py::tuple choose_threshold(RouterModel& model, const Floats& x, const Floats& y, double cost_wrong,
                           double cost_strong) {
    const Block scores = calibrated_logits(model, inputs_of(x));
    const std::span<const float> all = scores.floats();
    const Decision decision = cheapest(all, values_of(y), cost_wrong, cost_strong);
    set_threshold(model, decision.threshold);
    return py::make_tuple(decision.threshold, decision.cost,
                          static_cast<double>(decision.light) / static_cast<double>(all.size()),
                          decision.always_light, decision.always_strong);
}

py::tuple choose_threshold_within(RouterModel& model, const Floats& x, const Floats& y,
                                  double risk) {
    const Block scores = calibrated_logits(model, inputs_of(x));
    const Decision decision = within_risk(scores.floats(), values_of(y), risk);
    set_threshold(model, decision.threshold);
    return py::make_tuple(decision.threshold, decision.light, decision.wrong);
}

router::ClipSettings clipping_of(const std::string& clip_by, double limit) {
    return {clip_by == "norm"    ? router::Clipping::norm
            : clip_by == "value" ? router::Clipping::value
                                 : router::Clipping::none,
            limit};
}

// (loss, logits [n, K], a dictionary of gradients); in the precision of x.
template <typename Real>
py::tuple gradients(const RouterModel& model, const Array<Real>& x, const Array<Real>& y,
                    const std::optional<Array<Real>>& teacher,
                    const std::tuple<double, double, double, std::string, double>& options) {
    const auto& [alpha, temperature, l2, clip_by, limit] = options;
    const router::LossSettings loss = {
        .kind = model.kind, .alpha = alpha, .temperature = temperature, .l2 = l2};
    const router::Batch<Real> batch = {
        static_cast<std::uint32_t>(x.shape(0)), static_cast<std::uint32_t>(x.shape(1)),
        values_of(x), values_of(y), teacher ? values_of(*teacher) : std::span<const Real>()};
    Gradients<Real> made;
    {
        const py::gil_scoped_release without_lock;
        if constexpr (std::is_same_v<Real, double>)
            made = gradients_in_double(model, batch, loss, clipping_of(clip_by, limit));
        else
            made = gradients_in_float(model, batch, loss, clipping_of(clip_by, limit));
    }
    return py::make_tuple(
        made.loss,
        array_of<Real>(made.logits, {x.shape(0), static_cast<py::ssize_t>(model.shape.outputs)}),
        tensors_of<Real>(model, made.gradient));
}

// Prepares the data, keeps them in the state directory and takes the memory of the run.
std::unique_ptr<PythonTraining> train(const NamedTexts& asked, const Floats& x, const Floats& y,
                                      const std::optional<Floats>& teacher, std::uint32_t outputs,
                                      double validation, bool normalise) {
    RunOptions run = {.config_path = "", .from_file = {}, .from_flags = assignments_of(asked)};
    Dataset data = dataset_of(x, y, teacher, outputs);
    const py::gil_scoped_release without_lock;
    const std::string state = run.over(RunSettings()).state;
    PreparedRun prepared = prepare_run(run, std::move(data), validation, normalise);
    const auto with_facts = [&] {
        RunOptions whole = run;
        whole.from_flags.insert(whole.from_flags.end(), prepared.facts.begin(),
                                prepared.facts.end());
        add_length(whole);
        return whole;
    };
    // A run that does not fit leaves nothing behind.
    if (const Trainer trainer(with_facts().over(RunSettings())); !trainer.plan().fits)
        throw budget_too_small(trainer.plan());
    keep_data(prepared, state);
    return std::make_unique<PythonTraining>(
        std::make_unique<Training>(with_facts().from_flags, "router"));
}

std::unique_ptr<PythonTraining> resume(const NamedTexts& asked) {
    const std::vector<Assignment> assignments = assignments_of(asked);
    const py::gil_scoped_release without_lock;
    (void)find_checkpoint(assign_all(RunSettings(), assignments).state, "state");
    return std::make_unique<PythonTraining>(std::make_unique<Training>(assignments, "router"));
}

// (x [n, T, D], y [n])
py::tuple make_task(const std::string& name, std::uint32_t samples, std::uint32_t steps,
                    std::uint64_t seed) {
    const Dataset data = generate({.path = "",
                                   .task = name == "adding"  ? Task::adding
                                           : name == "latch" ? Task::latch
                                                             : Task::parity,
                                   .samples = samples,
                                   .steps = steps,
                                   .seed = seed,
                                   .at_least = std::nullopt});
    return py::make_tuple(
        array_of<float>(data.x.floats(), {static_cast<py::ssize_t>(data.samples),
                                          static_cast<py::ssize_t>(data.steps),
                                          static_cast<py::ssize_t>(data.inputs)}),
        array_of<float>(data.y.floats(), {static_cast<py::ssize_t>(data.samples)}));
}

py::bytes file_of(const RouterModel& model) {
    const std::vector<std::byte> file = to_file(model);
    return {reinterpret_cast<const char*>(file.data()), file.size()};
}

void bind_model(py::module_& module) {
    using Model = RouterModel;
    py::class_<Model>(module, "RouterModel")
        .def_static("load", &load_model)
        .def_static("of_run", &trained_model)
        .def_static("parse",
                    [](const py::bytes& file) {
                        const auto text = static_cast<std::string_view>(file);
                        return parse_model(std::as_bytes(std::span(text)), "the model");
                    })
        .def("file", &file_of)
        .def("save",
             [](const Model& model, const std::string& path) {
                 const std::vector<std::byte> file = to_file(model);
                 const py::gil_scoped_release without_lock;
                 write_whole(path, file);
             })
        .def("logits", &logits)
        .def("probabilities", &probabilities)
        .def("measure", &measure)
        .def("calibrate", &calibrate)
        .def("choose_threshold", &choose_threshold)
        .def("choose_threshold_within", &choose_threshold_within)
        .def("quantized", &quantised)
        .def("pruned", &pruned)
        .def("gradients", &gradients<double>)
        .def("gradients_in_float", &gradients<float>)
        .def("weights",
             [](const Model& model) { return tensors_of<float>(model, model.parameters); })
        .def("note",
             [](const Model& model, const std::string& name) -> std::optional<std::string> {
                 const auto found = model.notes.find(name);
                 return found == model.notes.end() ? std::nullopt : std::optional(found->second);
             })
        .def("set_note", [](Model& model, const std::string& name,
                            const std::string& text) { model.notes[name] = text; })
        .def_property_readonly("inputs", [](const Model& model) { return model.shape.inputs; })
        .def_property_readonly("steps", [](const Model& model) { return model.steps; })
        .def_property_readonly("hidden", [](const Model& model) { return model.shape.hidden; })
        .def_property_readonly("outputs", [](const Model& model) { return model.shape.outputs; })
        .def_property_readonly("input_rank",
                               [](const Model& model) { return model.shape.input_rank; })
        .def_property_readonly("state_rank",
                               [](const Model& model) { return model.shape.state_rank; })
        .def_property_readonly(
            "is_number",
            [](const Model& model) { return model.kind == router::LossKind::squared_error; })
        .def_property_readonly("is_int8", [](const Model& model) { return model.is_int8; })
        .def_property_readonly("is_normalised",
                               [](const Model& model) { return !model.normaliser.mean.empty(); })
        .def_property_readonly("parameter_count",
                               [](const Model& model) { return model.parameters.size(); })
        .def_property_readonly("parameter_bytes", &parameter_bytes)
        .def_property_readonly("calibration", &calibration_of)
        .def_property_readonly("threshold", &threshold_of);
}

}  // namespace

void bind_router(py::module_& module) {
    bind_model(module);
    module.def("train_router", &train);
    module.def("resume_router", &resume);
    module.def("make_task", &make_task);
    module.attr("INPUTS_MAX") = router::inputs_max;
    module.attr("OUTPUTS_MAX") = router::outputs_max;
}

}  // namespace kiln::app

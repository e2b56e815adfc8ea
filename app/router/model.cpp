#include "app/router/model.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "core/router/low_rank.hpp"

#include "app/failure.hpp"
#include "app/text.hpp"

namespace kiln::app {
namespace {

using router::Layout;
using router::Shape;
using router::Tensor;
using router::TensorId;

constexpr const char* format_name = "kiln-router-1";
constexpr std::uint32_t samples_at_once = 64;

class ModelReader {
  public:
    ModelReader(const SafeTensors& file, const std::string& origin)
        : file_(file), origin_(origin) {}

    RouterModel read() {
        RouterModel model;
        model.shape = shape();
        const Layout layout(model.shape);
        model.parameters.resize(layout.size());
        model.exact.resize(layout.size());
        std::size_t known = 0;
        for (const Tensor& tensor : layout.tensors())
            known += take(tensor, model);
        for (const char* name : {"norm.mean", "norm.std"})
            if (const SafeTensor* const found = file_.find(name)) {
                ++known;
                auto& to = name[5] == 'm' ? model.normaliser.mean : model.normaliser.deviation;
                for (const double value : values(*found, {model.shape.inputs}))
                    to.push_back(static_cast<float>(value));
            }
        if (model.normaliser.mean.size() != model.normaliser.deviation.size())
            refuse("has one of norm.mean and norm.std and not the other");
        for (const float deviation : model.normaliser.deviation)
            if (!(deviation > 0))
                refuse("norm.std holds a deviation that is not above 0");
        if (known != file_.tensors.size())
            refuse_unknown(layout);
        read_metadata(model);
        return model;
    }

  private:
    [[noreturn]] void refuse(const std::string& what) const {
        throw Failure(ExitCode::bad_data, on_one_line(fmt::format("{}: {}", origin_, what)));
    }
    [[noreturn]] void refuse_unknown(const Layout& layout) const {
        for (const SafeTensor& tensor : file_.tensors) {
            const std::string_view name = tensor.name;
            const std::string_view base = name.substr(0, name.find(".scale"));
            if (layout.find(base) == nullptr && name != "norm.mean" && name != "norm.std")
                refuse(fmt::format("tensor '{}' is none of a router's", name));
        }
        refuse("has scales of tensors that are not I8");
    }

    const SafeTensor& matrix(const char* name) const {
        const SafeTensor* const tensor = file_.find(name);
        if (tensor == nullptr)
            refuse(fmt::format("has no tensor '{}'", name));
        if (tensor->shape.size() != 2)
            refuse(fmt::format("tensor '{}' has shape [{}]; it takes two dimensions", name,
                               fmt::join(tensor->shape, ", ")));
        return *tensor;
    }

    Shape shape() const {
        const auto narrow = [](std::uint64_t value) {
            return static_cast<std::uint32_t>(std::min<std::uint64_t>(value, UINT32_MAX));
        };
        Shape shape;
        const SafeTensor& head = matrix("head_weight");
        shape.outputs = narrow(head.shape[0]);
        shape.hidden = narrow(head.shape[1]);
        if (file_.find("W1") != nullptr) {
            shape.inputs = narrow(matrix("W2").shape[0]);
            shape.input_rank = narrow(matrix("W2").shape[1]);
        } else {
            shape.inputs = narrow(matrix("W").shape[1]);
        }
        if (file_.find("U1") != nullptr)
            shape.state_rank = narrow(matrix("U1").shape[1]);
        if (!is_allowed(shape) || (file_.find("W1") != nullptr && shape.input_rank == 0) ||
            (file_.find("U1") != nullptr && shape.state_rank == 0))
            refuse(
                fmt::format("is a router of {} inputs, {} units and {} outputs; 1 to {}, {} and "
                            "{} are allowed",
                            shape.inputs, shape.hidden, shape.outputs, router::inputs_max,
                            router::hidden_max, router::outputs_max));
        return shape;
    }

    std::vector<double> values(const SafeTensor& tensor,
                               const std::vector<std::uint64_t>& shape) const {
        if (tensor.shape != shape)
            refuse(fmt::format("tensor '{}' has shape [{}]; it takes [{}]", tensor.name,
                               fmt::join(tensor.shape, ", "), fmt::join(shape, ", ")));
        std::vector<double> values = real_values(tensor, origin_);
        for (const double value : values)
            if (!std::isfinite(static_cast<float>(value)))
                refuse(fmt::format("tensor '{}' holds a number that is not finite", tensor.name));
        return values;
    }

    // Gives back how many tensors of the file it took.
    std::size_t take(const Tensor& tensor, RouterModel& model) const {
        const SafeTensor* const found = file_.find(tensor.name);
        if (found == nullptr)
            refuse(fmt::format("has no tensor '{}'", tensor.name));
        std::vector<std::uint64_t> shape = {tensor.rows};
        if (tensor.is_matrix())
            shape.push_back(tensor.columns);
        std::vector<double> numbers;
        const bool is_int8 = found->dtype == "I8" && tensor.is_matrix();
        if (is_int8) {
            if (found->shape != shape)
                refuse(fmt::format("tensor '{}' has shape [{}]; it takes [{}]", tensor.name,
                                   fmt::join(found->shape, ", "), fmt::join(shape, ", ")));
            const SafeTensor* const scale = file_.find(std::string(tensor.name) + ".scale");
            if (scale == nullptr)
                refuse(fmt::format("tensor '{}' is I8 and has no '{}.scale'", tensor.name,
                                   tensor.name));
            const std::vector<double> scales = values(*scale, {tensor.rows});
            for (std::size_t i = 0; i < found->bytes.size(); ++i)
                numbers.push_back(static_cast<double>(static_cast<std::int8_t>(found->bytes[i])) *
                                  scales[i / tensor.columns]);
            model.is_int8 = true;
        } else {
            numbers = values(*found, shape);
        }
        for (std::size_t i = 0; i < numbers.size(); ++i) {
            model.exact[tensor.offset + i] = numbers[i];
            model.parameters[tensor.offset + i] = static_cast<float>(numbers[i]);
        }
        return is_int8 ? 2 : 1;
    }

    // All of ours under one name: packages write several names in any order.
    std::map<std::string, std::string> read_notes() const {
        const auto found = file_.metadata.find(format_name);
        if (found == file_.metadata.end())
            return {};
        try {
            return nlohmann::json::parse(found->second).get<std::map<std::string, std::string>>();
        } catch (const nlohmann::json::exception&) {
            refuse(fmt::format("metadata '{}' is no JSON object of strings", format_name));
        }
    }

    void read_metadata(RouterModel& model) const {
        model.notes = read_notes();
        const auto taken = [&](const char* name) {
            std::string text;
            if (const auto found = model.notes.find(name); found != model.notes.end()) {
                text = found->second;
                model.notes.erase(found);
            }
            return text;
        };
        if (const std::string steps = taken("steps"); !steps.empty()) {
            const auto count = parse_count(steps);
            if (!count || *count == 0 || *count > UINT16_MAX)
                refuse(fmt::format("metadata 'steps' is '{}'; it takes 1 to 65535", steps));
            model.steps = static_cast<std::uint32_t>(*count);
        }
        const std::string loss = taken("loss");
        if (!loss.empty() && loss != "cross_entropy" && loss != "squared_error")
            refuse(fmt::format("metadata 'loss' is '{}'; it takes cross_entropy or squared_error",
                               loss));
        if (loss == "squared_error")
            model.kind = router::LossKind::squared_error;
        for (const char* name : {"inputs", "hidden", "outputs"})
            (void)taken(name);  // for people: the shapes say it
    }

    const SafeTensors& file_;
    const std::string& origin_;
};

struct Int8Weights {
    std::vector<std::int8_t> values;
    std::vector<float> scales;
    router::Int8Matrix view() const { return {values, scales}; }
};

Int8Weights weights_of(const RouterModel& model, TensorId id) {
    const Layout layout(model.shape);
    const Tensor& tensor = *layout.find(id);
    Int8Weights weights = {std::vector<std::int8_t>(tensor.size()),
                           std::vector<float>(tensor.rows)};
    router::quantise_rows(layout.part(id, std::span<const float>(model.parameters)), tensor.columns,
                          weights.values, weights.scales);
    return weights;
}

// On a cache line.
Block aligned(std::size_t floats) {
    return Block(floats * sizeof(float));
}

// Normalises the samples some at a time and calls score(batch, logits of these samples).
template <typename Score>
Block each_piece(const RouterModel& model, const Dataset& data, const OnScored& on_scored,
                 const Score& score) {
    const std::size_t size = data.sample_size();
    const std::size_t K = model.shape.outputs;
    Block logits(data.samples * K * sizeof(float));
    std::vector<float> normalised(samples_at_once * size);
    for (std::uint32_t first = 0; first < data.samples; first += samples_at_once) {
        if (on_scored)
            on_scored(first);
        const std::uint32_t count = std::min(samples_at_once, data.samples - first);
        const std::span<float> inputs = std::span(normalised).first(count * size);
        const std::span<const float> from = data.x.floats().subspan(first * size, count * size);
        std::copy(from.begin(), from.end(), inputs.begin());
        model.normaliser.apply(inputs);
        score({count, data.steps, inputs, data.y.floats().subspan(first, count), {}},
              logits.floats().subspan(first * K, count * K));
    }
    return logits;
}

Block int8_logits(const RouterModel& model, const Dataset& data, const OnScored& on_scored) {
    const Layout layout(model.shape);
    const auto part = [&](TensorId id) {
        return layout.part(id, std::span<const float>(model.parameters));
    };
    const Int8Weights W = weights_of(model, TensorId::W);
    const Int8Weights U = weights_of(model, TensorId::U);
    const Int8Weights head = weights_of(model, TensorId::head_weight);
    const router::Int8Kernel kernel(model.shape);
    const Block packed(kernel.model_bytes());
    kernel.pack({W.view(), U.view(), head.view(), part(TensorId::b_gate), part(TensorId::b_update),
                 part(TensorId::head_bias), part(TensorId::zeta)[0], part(TensorId::nu)[0]},
                packed.bytes());
    const auto score = [&](const router::Batch<float>& samples, std::span<float> logits) {
        const std::size_t size = data.sample_size();
        const std::size_t K = model.shape.outputs;
        for (std::size_t i = 0; i < samples.samples; ++i)
            kernel.forward(packed.bytes(), samples.inputs.subspan(i * size, size),
                           logits.subspan(i * K, K));
    };
    return each_piece(model, data, on_scored, score);
}

Block float_logits(const RouterModel& model, const Dataset& data, const OnScored& on_scored) {
    const router::Kernel kernel(model.shape, samples_at_once, data.steps);
    const Block packed = aligned(kernel.model_size());
    const Block room = aligned(kernel.workspace_size());
    std::vector<float> dense(Layout(model.shape.dense()).size());
    router::multiply_out<float>(model.shape, model.parameters, dense);
    kernel.pack(dense, packed.floats());
    std::vector<std::uint32_t> chosen(samples_at_once);
    std::iota(chosen.begin(), chosen.end(), 0u);
    const auto score = [&](const router::Batch<float>& samples, std::span<float> logits) {
        kernel.forward(packed.floats(), {&samples, std::span(chosen).first(samples.samples)},
                       logits, room.floats());
    };
    return each_piece(model, data, on_scored, score);
}

}  // namespace

RouterModel parse_model(std::span<const std::byte> file, const std::string& origin) {
    return ModelReader(parse_safetensors(file, origin), origin).read();
}

RouterModel load_model(const std::string& path) {
    const Block file = read_block(path, path);
    return parse_model(file.bytes(), path);
}

std::vector<std::byte> to_file(const RouterModel& model) {
    const Layout layout(model.shape);
    SafeTensors contents;
    std::map<std::string, std::string> notes = model.notes;
    notes["steps"] = fmt::format("{}", model.steps);
    notes["inputs"] = fmt::format("{}", model.shape.inputs);
    notes["hidden"] = fmt::format("{}", model.shape.hidden);
    notes["outputs"] = fmt::format("{}", model.shape.outputs);
    notes["loss"] =
        model.kind == router::LossKind::squared_error ? "squared_error" : "cross_entropy";
    contents.metadata[format_name] = nlohmann::json(notes).dump();
    std::vector<Int8Weights> weights;
    weights.reserve(layout.tensors().size());
    for (const Tensor& tensor : layout.tensors()) {
        std::vector<std::uint64_t> shape = {tensor.rows};
        if (tensor.is_matrix())
            shape.push_back(tensor.columns);
        if (model.is_int8 && tensor.is_matrix()) {
            const Int8Weights& made = weights.emplace_back(weights_of(model, tensor.id));
            contents.tensors.push_back(
                {tensor.name, "I8", shape, std::as_bytes(std::span(made.values))});
            contents.tensors.push_back({std::string(tensor.name) + ".scale",
                                        "F32",
                                        {tensor.rows},
                                        std::as_bytes(std::span(made.scales))});
        } else {
            contents.tensors.push_back(
                {tensor.name, "F32", shape,
                 std::as_bytes(std::span(model.parameters).subspan(tensor.offset, tensor.size()))});
        }
    }
    if (!model.normaliser.mean.empty()) {
        const std::vector<std::uint64_t> shape = {model.shape.inputs};
        contents.tensors.push_back(
            {"norm.mean", "F32", shape, std::as_bytes(std::span(model.normaliser.mean))});
        contents.tensors.push_back(
            {"norm.std", "F32", shape, std::as_bytes(std::span(model.normaliser.deviation))});
    }
    return to_safetensors(std::move(contents));
}

RouterModel quantised(const RouterModel& model) {
    RouterModel made = model;
    made.shape = model.shape.dense();
    made.parameters.assign(Layout(made.shape).size(), 0);
    router::multiply_out<float>(model.shape, model.parameters, made.parameters);
    made.is_int8 = true;
    return parse_model(to_file(made), "the quantised model");
}

std::uint64_t parameter_bytes(const RouterModel& model) {
    std::uint64_t bytes = 0;
    const std::vector<std::byte> file = to_file(model);
    for (const SafeTensor& tensor : parse_safetensors(file, "the model").tensors)
        if (!tensor.name.starts_with("norm."))
            bytes += tensor.bytes.size();
    return bytes;
}

void check_fit(const RouterModel& model, const Dataset& data) {
    if (data.inputs != model.shape.inputs || data.steps != model.steps)
        throw Failure(
            ExitCode::usage,
            fmt::format("{}: has {} steps of {} numbers, and the model takes {} of {}; "
                        "--steps cuts a row into steps",
                        data.origin, data.steps, data.inputs, model.steps, model.shape.inputs));
}

Block logits_of(const RouterModel& model, const Dataset& data, const OnScored& on_scored) {
    check_fit(model, data);
    return model.is_int8 ? int8_logits(model, data, on_scored)
                         : float_logits(model, data, on_scored);
}

}  // namespace kiln::app

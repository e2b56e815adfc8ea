#include "app/router/dataset.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/router/settings.hpp"

#include "app/failure.hpp"
#include "app/router/csv.hpp"
#include "app/router/npy.hpp"
#include "app/router/tasks.hpp"

namespace kiln::app {
namespace {

constexpr std::uint64_t samples_max = 1u << 28;
constexpr std::uint32_t steps_max = 1u << 16;

[[noreturn]] void refuse(const std::string& origin, const std::string& what) {
    throw Failure(ExitCode::bad_data, fmt::format("{}: {}", origin, what));
}

void check_size(const Dataset& data) {
    if (data.inputs > router::inputs_max)
        refuse(data.origin, fmt::format("has {} numbers a step; {} are allowed", data.inputs,
                                        router::inputs_max));
}

// One output for two classes, else as many as there are classes.
void take_classes(Dataset& data, const DataSource& source) {
    float highest = 0;
    for (std::size_t i = 0; i < data.samples; ++i) {
        float& label = data.y.floats()[i];
        if (source.at_least)
            label = static_cast<double>(label) >= *source.at_least ? 1.0f : 0.0f;
        if (label < 0 || label != std::floor(label) ||
            label >= static_cast<float>(router::outputs_max))
            refuse(data.origin, fmt::format("label {} of sample {}: classes are whole numbers from "
                                            "0 to {}",
                                            label, i + 1, router::outputs_max - 1));
        highest = std::max(highest, label);
    }
    data.outputs = highest <= 1 ? 1 : static_cast<std::uint32_t>(highest) + 1;
}

Dataset from_table(const DataSource& source, std::span<const std::byte> bytes) {
    const CsvTable table =
        parse_csv({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, source.path);
    Dataset data;
    data.origin = source.path;
    data.steps = std::max(source.steps, 1u);
    const bool has_labels =
        !source.may_lack_labels || table.columns != std::uint64_t{data.steps} * source.inputs;
    const std::uint64_t columns = table.columns - (has_labels ? 1 : 0);
    if (columns == 0)
        refuse(source.path, "has one column; it takes inputs and, last, the label");
    if (columns % data.steps != 0)
        refuse(source.path, fmt::format("--steps: {} columns of inputs are not {} steps of the "
                                        "same length",
                                        columns, data.steps));
    if (table.rows > samples_max)
        refuse(source.path, fmt::format("has {} rows; {} are allowed", table.rows, samples_max));
    data.samples = static_cast<std::uint32_t>(table.rows);
    data.inputs = static_cast<std::uint32_t>(columns / data.steps);
    data.x = Block(table.rows * columns * sizeof(float));
    data.y = Block(table.rows * sizeof(float));
    for (std::uint64_t row = 0; row < table.rows; ++row) {
        const auto from = table.values.floats().subspan(row * table.columns, table.columns);
        std::copy_n(from.begin(), columns,
                    data.x.floats().begin() + static_cast<std::ptrdiff_t>(row * columns));
        data.y.floats()[row] = has_labels ? from.back() : 0.0f;
    }
    return data;
}

Block floats_of(const NpyArray& array) {
    Block block(array.size() * sizeof(float));
    copy_values(array, block.floats());
    return block;
}

Dataset from_archive(const DataSource& source, std::span<const std::byte> bytes) {
    const std::vector<NpyArray> arrays = parse_npz(bytes, source.path);
    const auto find = [&](const char* name) -> const NpyArray* {
        for (const NpyArray& array : arrays)
            if (array.name == name)
                return &array;
        return nullptr;
    };
    const NpyArray* const x = find("x");
    const NpyArray* const y = find("y");
    if (x == nullptr || (y == nullptr && !source.may_lack_labels))
        refuse(source.path, "lacks x or y; it takes x [n, T, D] or [n, D], and y [n]");
    if ((x->shape.size() != 2 && x->shape.size() != 3) || x->size() == 0)
        refuse(source.path, fmt::format("x has shape ({}); it takes [n, T, D] or [n, D]",
                                        fmt::join(x->shape, ", ")));
    if (y != nullptr && (y->shape.size() != 1 || y->shape[0] != x->shape[0]))
        refuse(source.path, fmt::format("y has shape ({}); x has {} samples",
                                        fmt::join(y->shape, ", "), x->shape[0]));
    Dataset data;
    data.origin = source.path;
    const bool has_steps = x->shape.size() == 3;
    if (x->shape[0] > samples_max || (has_steps && x->shape[1] > steps_max) ||
        x->shape.back() > router::inputs_max)
        refuse(source.path,
               fmt::format("x has shape ({}); at most {} samples, {} steps and {} "
                           "numbers a step are allowed",
                           fmt::join(x->shape, ", "), samples_max, steps_max, router::inputs_max));
    data.samples = static_cast<std::uint32_t>(x->shape[0]);
    data.steps = has_steps ? static_cast<std::uint32_t>(x->shape[1]) : 1;
    data.inputs = static_cast<std::uint32_t>(x->shape.back());
    data.x = floats_of(*x);
    data.y = y != nullptr ? floats_of(*y) : Block(data.samples * sizeof(float));
    for (const float value : data.x.floats())
        if (!std::isfinite(value))
            refuse(source.path, "x holds a number that is not finite");
    if (const NpyArray* const teacher = find("teacher_logits"); teacher != nullptr) {
        if (teacher->shape.empty() || teacher->shape[0] != data.samples)
            refuse(source.path, fmt::format("teacher_logits has shape ({}); x has {} samples",
                                            fmt::join(teacher->shape, ", "), data.samples));
        data.teacher = floats_of(*teacher);
    }
    return data;
}

Dataset from_file(const DataSource& source) {
    const Block file = read_block(source.path, source.path);
    std::span<const std::byte> bytes = file.bytes();
    const auto begins_with = [&](std::string_view text) {
        return bytes.size() >= text.size() &&
               std::memcmp(bytes.data(), text.data(), text.size()) == 0;
    };
    if (begins_with("PK"))
        return from_archive(source, bytes);
    Block unpacked;
    if (begins_with("\x1f\x8b")) {
        unpacked = Block(unpacked_bytes(Packing::gzip, bytes, data_bytes_max, source.path));
        unpack(Packing::gzip, bytes, unpacked.bytes(), source.path);
        bytes = unpacked.bytes();
    }
    return from_table(source, bytes);
}

}  // namespace

Dataset load_dataset(const DataSource& source) {
    if (source.task != Task::none)
        return generate(source);
    Dataset data = from_file(source);
    check_size(data);
    take_classes(data, source);
    if (data.has_teacher()) {
        // A class may have no sample here.
        const std::size_t numbers = data.teacher.floats().size();
        const std::size_t outputs = numbers / data.samples;
        if (numbers % data.samples != 0 || outputs < data.outputs || outputs > router::outputs_max)
            refuse(data.origin, fmt::format("teacher_logits holds {} numbers; {} samples of {} "
                                            "outputs take {}",
                                            numbers, data.samples, data.outputs,
                                            std::size_t{data.samples} * data.outputs));
        data.outputs = static_cast<std::uint32_t>(outputs);
    }
    return data;
}

Split split(const Dataset& data, double share, std::uint64_t seed) {
    const std::span<const float> labels = data.y.floats();
    const bool has_classes = data.kind == router::LossKind::cross_entropy;
    // Where each class begins among the samples sorted by class.
    std::map<float, std::size_t> sizes;
    for (const float label : labels)
        ++sizes[has_classes ? label : 0];
    std::map<float, std::size_t> ends;
    std::size_t begin = 0;
    for (const auto& [label, size] : sizes) {
        ends[label] = begin;
        begin += size;
    }
    const BlockOf<std::uint32_t> sorted(data.samples);
    for (std::uint32_t i = 0; i < data.samples; ++i)
        sorted.span()[ends[has_classes ? labels[i] : 0]++] = i;

    const BlockOf<std::uint8_t> is_second(data.samples);
    std::uint64_t number = 0;
    Split parts;
    parts.first_count = data.samples;
    for (const auto& [label, size] : sizes) {
        const std::span<std::uint32_t> members = sorted.span().subspan(ends[label] - size, size);
        RandomStream random(seed, router::stream_split, number++);
        for (std::size_t i = members.size(); i > 1; --i)
            std::swap(members[i - 1], members[random.below(i)]);
        const auto taken = static_cast<std::size_t>(std::lround(share * static_cast<double>(size)));
        for (const std::uint32_t member : members.first(taken))
            is_second.span()[member] = 1;
        parts.first_count -= static_cast<std::uint32_t>(taken);
    }
    parts.order = BlockOf<std::uint32_t>(data.samples);
    std::size_t next[] = {0, parts.first_count};
    for (std::uint32_t i = 0; i < data.samples; ++i)
        parts.order.span()[next[is_second.span()[i]]++] = i;
    return parts;
}

void Normaliser::apply(std::span<float> inputs) const {
    if (mean.empty())
        return;
    CHECK(inputs.size() % mean.size() == 0);
    for (std::size_t first = 0; first < inputs.size(); first += mean.size())
        for (std::size_t j = 0; j < mean.size(); ++j)
            inputs[first + j] = (inputs[first + j] - mean[j]) / deviation[j];
}

Normaliser fit_normaliser(const Dataset& data, std::span<const std::uint32_t> chosen) {
    const std::size_t D = data.inputs;
    const auto count = static_cast<double>(chosen.size() * data.steps);
    // Two passes over samples that may lie on disk. Calls use(input, value).
    const auto each = [&](const auto& use) {
        for (const std::uint32_t number : chosen) {
            const std::span<const float> values =
                data.x.floats().subspan(number * data.sample_size(), data.sample_size());
            for (std::size_t first = 0; first < values.size(); first += D)
                for (std::size_t j = 0; j < D; ++j)
                    use(j, static_cast<double>(values[first + j]));
        }
    };
    std::vector<double> mean(D);
    each([&](std::size_t j, double value) { mean[j] += value; });
    for (double& sum : mean)
        sum /= count;
    std::vector<double> squares(D);
    each([&](std::size_t j, double value) { squares[j] += (value - mean[j]) * (value - mean[j]); });
    Normaliser normaliser;
    for (std::size_t j = 0; j < D; ++j) {
        const auto deviation = static_cast<float>(std::sqrt(squares[j] / count));
        normaliser.mean.push_back(static_cast<float>(mean[j]));
        normaliser.deviation.push_back(deviation > 0 ? deviation : 1);
    }
    return normaliser;
}

}  // namespace kiln::app

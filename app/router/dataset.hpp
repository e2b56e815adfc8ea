// Data to train a router on and to measure it with: sequences, labels, perhaps a teacher's logits.
//
// From a table (.csv, also .csv.gz; the last column is the label), from an archive (.npz with x [n,
// T, D] or [n, D], y [n] and perhaps teacher_logits [n, K]), or generated: tasks that show whether
// something is remembered. A split is drawn by seed, for each class by itself, before anything is
// fitted to the data. Failures are thrown with file and place.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/router/loss.hpp"
#include "core/router/reference.hpp"

#include "app/router/block.hpp"

namespace kiln::app {

enum class Task {
    none,
    adding,  // a value and a mark a step, two marks: the sum of the two values (a number)
    latch,   // the sign of the first input, then noise
    parity,  // of bits
};

struct DataSource {
    std::string path;              // or
    Task task = Task::none;        // generated
    std::uint32_t samples = 0;     // of a task
    std::uint32_t steps = 0;       // of a task; of a table: its columns are cut into so many steps
    std::uint64_t seed = 1;        // of a task
    std::uint32_t inputs = 0;      // numbers a step, if known
    bool may_lack_labels = false;  // of a table as wide as steps * inputs, or an archive
    std::optional<double> at_least;  // labels from here on are class 1, those below 0
};

struct Dataset {
    std::string origin;
    std::uint32_t samples = 0;
    std::uint32_t steps = 1;
    std::uint32_t inputs = 1;
    std::uint32_t outputs = 1;
    router::LossKind kind = router::LossKind::cross_entropy;
    Block x;        // floats [n, T, D]
    Block y;        // floats [n]
    Block teacher;  // floats [n, K], or empty

    std::size_t sample_size() const { return std::size_t{steps} * inputs; }
    bool has_teacher() const { return !teacher.bytes().empty(); }
    router::Batch<float> batch() const {
        return {samples, steps, x.floats(), y.floats(), teacher.floats()};
    }
};

Dataset load_dataset(const DataSource& source);

// All samples: those of the first part, then those of the second, each ascending.
struct Split {
    BlockOf<std::uint32_t> order;
    std::uint32_t first_count = 0;

    std::span<const std::uint32_t> first() const { return order.span().first(first_count); }
    std::span<const std::uint32_t> second() const { return order.span().subspan(first_count); }
};
// `share` of each class, rounded, goes to the second part.
Split split(const Dataset& data, double share, std::uint64_t seed);

// Mean and deviation of each input, over samples and steps; a deviation of 0 counts as 1.
struct Normaliser {
    std::vector<float> mean, deviation;  // empty: nothing is normalised

    // To the inputs of whole steps, in place.
    void apply(std::span<float> inputs) const;
};
// To these samples.
Normaliser fit_normaliser(const Dataset& data, std::span<const std::uint32_t> chosen);

}  // namespace kiln::app

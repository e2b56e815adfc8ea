// Random models and batches for tests of the router.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/base/random.hpp"
#include "core/router/reference.hpp"

namespace kiln::router {

struct RandomProblem {
    Shape shape;
    std::uint32_t samples = 1;
    std::uint32_t steps = 1;
    std::vector<double> parameters, inputs, labels, teacher_logits;

    Batch<double> batch() const { return {samples, steps, inputs, labels, teacher_logits}; }
};

inline double signed_unit(RandomStream& random) {
    return 2 * random.unit() - 1;
}

// Parameters and inputs in (-scale, scale), labels that fit the shape.
inline RandomProblem random_problem(const Shape& shape, std::uint32_t samples, std::uint32_t steps,
                                    std::uint64_t number) {
    RandomStream random(number, StreamPurpose::position, 0);
    RandomProblem problem = {shape, samples, steps, {}, {}, {}, {}};
    const auto fill = [&](std::vector<double>& values, std::size_t count, double scale) {
        for (std::size_t i = 0; i < count; ++i)
            values.push_back(scale * signed_unit(random));
    };
    fill(problem.parameters, Layout(shape).size(), 0.8);
    fill(problem.inputs, std::size_t{samples} * steps * shape.inputs, 1.5);
    fill(problem.teacher_logits, std::size_t{samples} * shape.outputs, 3);
    for (std::uint32_t b = 0; b < samples; ++b)
        problem.labels.push_back(
            static_cast<double>(random.below(shape.outputs == 1 ? 2 : shape.outputs)));
    return problem;
}

inline std::vector<float> narrowed(std::span<const double> values) {
    std::vector<float> narrow;
    for (const double value : values)
        narrow.push_back(static_cast<float>(value));
    return narrow;
}

}  // namespace kiln::router

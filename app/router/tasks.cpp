#include "app/router/tasks.hpp"

#include <cmath>

#include <fmt/format.h>

#include "core/router/settings.hpp"

#include "app/failure.hpp"

namespace kiln::app {
namespace {

// A value in [0, 1) and a mark; the sum of the two that are marked, one in each half.
float add_marked(std::span<float> x, std::uint32_t steps, RandomStream& random) {
    for (std::uint32_t t = 0; t < steps; ++t) {
        x[2 * t] = static_cast<float>(random.unit());
        x[2 * t + 1] = 0;
    }
    const auto first = static_cast<std::uint32_t>(random.below(steps / 2));
    const auto second = steps / 2 + static_cast<std::uint32_t>(random.below(steps - steps / 2));
    x[2 * first + 1] = x[2 * second + 1] = 1;
    return x[2 * first] + x[2 * second];
}

// A sign, then noise of deviation a half.
float hold_sign(std::span<float> x, std::uint32_t steps, RandomStream& random) {
    const float sign = random.below(2) == 0 ? -1.0f : 1.0f;
    x[0] = sign;
    for (std::uint32_t t = 1; t < steps; ++t) {
        double sum = -6;
        for (int i = 0; i < 12; ++i)
            sum += random.unit();
        x[t] = static_cast<float>(0.5 * sum);
    }
    return sign > 0 ? 1.0f : 0.0f;
}

float count_bits(std::span<float> x, std::uint32_t steps, RandomStream& random) {
    std::uint32_t ones = 0;
    for (std::uint32_t t = 0; t < steps; ++t) {
        const bool is_one = random.below(2) == 1;
        x[t] = is_one ? 1.0f : -1.0f;
        ones += is_one ? 1 : 0;
    }
    return static_cast<float>(ones % 2);
}

}  // namespace

Dataset generate(const DataSource& source) {
    CHECK(source.task != Task::none);
    constexpr std::uint32_t steps_max = 10'000;
    if (source.steps < 2 || source.steps > steps_max || source.samples == 0)
        throw Failure(
            ExitCode::usage,
            fmt::format("--steps: a task takes 2 to {} steps and at least one sample", steps_max));
    Dataset data;
    data.samples = source.samples;
    data.steps = source.steps;
    data.inputs = source.task == Task::adding ? 2 : 1;
    data.kind = source.task == Task::adding ? router::LossKind::squared_error
                                            : router::LossKind::cross_entropy;
    data.origin = source.task == Task::adding  ? "adding"
                  : source.task == Task::latch ? "latch"
                                               : "parity";
    data.x = Block(data.samples * data.sample_size() * sizeof(float));
    data.y = Block(data.samples * sizeof(float));
    for (std::uint32_t i = 0; i < data.samples; ++i) {
        RandomStream random(source.seed, router::stream_generate, i);
        const std::span<float> x =
            data.x.floats().subspan(i * data.sample_size(), data.sample_size());
        data.y.floats()[i] = source.task == Task::adding  ? add_marked(x, data.steps, random)
                             : source.task == Task::latch ? hold_sign(x, data.steps, random)
                                                          : count_bits(x, data.steps, random);
    }
    return data;
}

}  // namespace kiln::app

#include "core/router/kernel.hpp"

#include <algorithm>
#include <numeric>

#include <gtest/gtest.h>

#include "core/router/low_rank.hpp"

#include "tests/support/router.hpp"

namespace kiln::router {
namespace {

// A block on a cache line, as the arena gives it.
class AlignedFloats {
  public:
    explicit AlignedFloats(std::size_t count) : storage_(count + 16) {
        void* at = storage_.data();
        std::size_t bytes = storage_.size() * sizeof(float);
        values_ = {static_cast<float*>(std::align(64, count * sizeof(float), at, bytes)), count};
    }
    std::span<float> span() const { return values_; }

  private:
    std::vector<float> storage_;
    std::span<float> values_;
};

struct Outcome {
    double loss;
    std::vector<float> gradient, logits;
};

Outcome by_reference(const RandomProblem& problem, const LossSettings& settings, float scale) {
    const std::vector<float> parameters = narrowed(problem.parameters);
    const std::vector<float> inputs = narrowed(problem.inputs);
    const std::vector<float> labels = narrowed(problem.labels);
    const std::vector<float> teacher = narrowed(problem.teacher_logits);
    Outcome outcome = {0, std::vector<float>(parameters.size()),
                       std::vector<float>(std::size_t{problem.samples} * problem.shape.outputs)};
    std::vector<float> room(reference_workspace(problem.shape, problem.samples, problem.steps));
    outcome.loss = reference_gradient<float>(
        problem.shape, parameters, {problem.samples, problem.steps, inputs, labels, teacher},
        settings, scale, outcome.gradient, outcome.logits, room);
    return outcome;
}

Outcome by_kernel(const RandomProblem& problem, const LossSettings& settings, float scale) {
    const Shape shape = problem.shape;
    const std::vector<float> parameters = narrowed(problem.parameters);
    const std::vector<float> inputs = narrowed(problem.inputs);
    const std::vector<float> labels = narrowed(problem.labels);
    const std::vector<float> teacher = narrowed(problem.teacher_logits);
    const Batch<float> batch = {problem.samples, problem.steps, inputs, labels, teacher};
    std::vector<std::uint32_t> all(problem.samples);
    std::iota(all.begin(), all.end(), 0u);
    const Kernel kernel(shape, problem.samples + 3, problem.steps);
    const AlignedFloats model(kernel.model_size());
    const AlignedFloats packed(kernel.gradient_size());
    const AlignedFloats room(kernel.workspace_size());
    std::vector<float> dense(Layout(shape.dense()).size());
    Outcome outcome = {0, std::vector<float>(parameters.size()),
                       std::vector<float>(std::size_t{problem.samples} * shape.outputs)};
    // What was there before must not matter.
    std::fill(room.span().begin(), room.span().end(), 7.0f);
    std::fill(packed.span().begin(), packed.span().end(), 7.0f);
    multiply_out<float>(shape, parameters, dense);
    kernel.pack(dense, model.span());
    outcome.loss = kernel.gradient(model.span(), {&batch, all}, settings, scale, packed.span(),
                                   outcome.logits, room.span());
    kernel.unpack(packed.span(), dense);
    add_factor_gradients<float>(shape, parameters, dense, outcome.gradient);
    return outcome;
}

TEST(Kernel, is_its_scalar_twin_bit_for_bit) {
    RandomStream random(3, StreamPurpose::position, 2);
    for (std::uint64_t number = 0; number < 200; ++number) {
        const auto below = [&](std::uint64_t bound) {
            return static_cast<std::uint32_t>(random.below(bound));
        };
        const Shape shape = {1 + below(20), 1 + below(40), number % 2 == 0 ? 1 : 1 + below(12),
                             number % 5 == 0 ? 2u : 0u, number % 7 == 0 ? 3u : 0u};
        const RandomProblem problem =
            random_problem(shape, 1 + below(20), 1 + below(number % 10 == 0 ? 60 : 6), number);
        const LossSettings settings = {.alpha = number % 3 == 0 ? 0.5 : 0};
        const Outcome fast = by_kernel(problem, settings, 0.25f);
        const Outcome plain = by_reference(problem, settings, 0.25f);
        ASSERT_EQ(fast.logits, plain.logits) << number;
        ASSERT_EQ(fast.gradient, plain.gradient) << number;
        ASSERT_EQ(fast.loss, plain.loss) << number;
    }
}

TEST(Kernel, samples_are_those_that_were_chosen) {
    const RandomProblem problem = random_problem({3, 10, 2, 0, 0}, 6, 4, 1);
    const std::vector<float> inputs = narrowed(problem.inputs);
    const std::vector<float> labels = narrowed(problem.labels);
    const Batch<float> batch = {6, 4, inputs, labels, {}};
    const Kernel kernel(problem.shape, 6, 4);
    const AlignedFloats model(kernel.model_size());
    const AlignedFloats room(kernel.workspace_size());
    kernel.pack(narrowed(problem.parameters), model.span());
    std::vector<float> all(12);
    std::vector<float> some(4);
    kernel.forward(model.span(), {&batch, std::vector<std::uint32_t>{0, 1, 2, 3, 4, 5}}, all,
                   room.span());
    kernel.forward(model.span(), {&batch, std::vector<std::uint32_t>{4, 1}}, some, room.span());
    EXPECT_EQ(some, (std::vector<float>{all[8], all[9], all[2], all[3]}));
}

}  // namespace
}  // namespace kiln::router

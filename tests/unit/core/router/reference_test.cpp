#include "core/router/reference.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include <gtest/gtest.h>

#include "core/numeric/elementary.hpp"
#include "core/router/regularise.hpp"

#include "tests/support/router.hpp"

namespace kiln::router {
namespace {

struct Objective {
    LossSettings loss;
    ClipSettings clipping = {Clipping::none, 0};
};

// Mean loss over the batch with the regulariser, as training has it.
double loss_of(const RandomProblem& problem, const Objective& objective,
               std::span<const double> parameters) {
    std::vector<double> gradient(parameters.size());
    std::vector<double> logits(std::size_t{problem.samples} * problem.shape.outputs);
    std::vector<double> room(reference_workspace(problem.shape, problem.samples, problem.steps));
    double loss =
        reference_gradient<double>(problem.shape, parameters, problem.batch(), objective.loss,
                                   1.0 / problem.samples, gradient, logits, room);
    loss += l2_loss<double>(Layout(problem.shape), objective.loss.l2, parameters);
    return loss;
}

std::vector<double> gradient_of(const RandomProblem& problem, const Objective& objective) {
    std::vector<double> gradient(problem.parameters.size());
    std::vector<double> logits(std::size_t{problem.samples} * problem.shape.outputs);
    std::vector<double> room(reference_workspace(problem.shape, problem.samples, problem.steps));
    (void)reference_gradient<double>(problem.shape, problem.parameters, problem.batch(),
                                     objective.loss, 1.0 / problem.samples, gradient, logits, room);
    add_l2<double>(Layout(problem.shape), objective.loss.l2, problem.parameters, gradient);
    (void)clip<double>(objective.clipping, gradient);
    return gradient;
}

std::vector<double> differences_of(const RandomProblem& problem, const Objective& objective) {
    constexpr double step = 1e-5;
    std::vector<double> parameters = problem.parameters;
    std::vector<double> gradient;
    for (double& parameter : parameters) {
        const double before = parameter;
        parameter = before + step;
        const double above = loss_of(problem, objective, parameters);
        parameter = before - step;
        const double below = loss_of(problem, objective, parameters);
        parameter = before;
        gradient.push_back((above - below) / (2 * step));
    }
    (void)clip<double>(objective.clipping, gradient);
    return gradient;
}

// Of each tensor: the largest difference, as a share of its largest element.
void expect_same_tensors(const Shape& shape, std::span<const double> one,
                         std::span<const double> other, double tolerance,
                         const std::string& label) {
    const Layout layout(shape);
    for (const Tensor& tensor : layout.tensors()) {
        double difference = 0;
        double size = 1e-12;
        for (std::size_t i = tensor.offset; i < tensor.offset + tensor.size(); ++i) {
            difference = std::max(difference, std::abs(one[i] - other[i]));
            size = std::max(size, std::abs(other[i]));
        }
        EXPECT_LE(difference / size, tolerance) << label << ", " << tensor.name;
    }
}

// Forty problems that between them have one and ten classes, 1 to 100 steps, full and low rank,
// teachers, regularisation and both ways of clipping.
struct Case {
    RandomProblem problem;
    Objective objective;
    std::string label;
};

Case case_number(std::uint64_t number) {
    RandomStream random(number, StreamPurpose::position, 1);
    constexpr std::uint32_t lengths[] = {1, 2, 3, 7, 20, 100};
    Shape shape;
    shape.inputs = 1 + static_cast<std::uint32_t>(random.below(5));
    shape.hidden = 1 + static_cast<std::uint32_t>(random.below(9));
    shape.outputs = number % 2 == 0 ? 1 : 10;
    if (number % 3 == 1)
        shape.input_rank = 1 + static_cast<std::uint32_t>(random.below(3));
    if (number % 3 != 0)
        shape.state_rank = 1 + static_cast<std::uint32_t>(random.below(4));
    const std::uint32_t steps = lengths[number % std::size(lengths)];
    Case made = {
        random_problem(shape, 1 + static_cast<std::uint32_t>(random.below(4)), steps, number),
        {},
        "case " + std::to_string(number)};
    made.objective.loss.alpha = number % 4 < 2 ? 0 : 0.5;
    made.objective.loss.l2 = number % 5 < 3 ? 0 : 1e-2;
    made.objective.clipping.kind = static_cast<Clipping>(number / 2 % 3);
    made.objective.clipping.limit = made.objective.clipping.kind == Clipping::norm ? 0.3 : 0.05;
    return made;
}

TEST(Reference, gradients_are_those_of_central_differences) {
    for (std::uint64_t number = 0; number < 40; ++number) {
        const Case tried = case_number(number);
        expect_same_tensors(tried.problem.shape, gradient_of(tried.problem, tried.objective),
                            differences_of(tried.problem, tried.objective), 1e-5, tried.label);
    }
}

TEST(Reference, gradient_of_the_squared_error_is_that_of_central_differences) {
    RandomProblem problem = random_problem({2, 6, 1, 0, 0}, 3, 12, 77);
    problem.labels = {0.3, 1.7, -2};
    const Objective objective = {{.kind = LossKind::squared_error}, {Clipping::none, 0}};
    expect_same_tensors(problem.shape, gradient_of(problem, objective),
                        differences_of(problem, objective), 1e-5, "squared error");
}

TEST(Reference, one_step_is_the_equations_of_the_paper) {
    // One unit and one step, so that the equations fit on a line.
    const Shape shape = {1, 1, 1, 0, 0};
    const std::vector<double> parameters = {0.7, 0.9, 0.2, -0.1, 0.5, -1.5, 1.3, 0.4};
    const std::vector<double> input = {0.6};
    const std::vector<double> label = {1};
    const auto logistic = [](double x) { return 1 / (1 + std::exp(-x)); };
    const double p = 0.7 * 0.6;
    const double z = logistic(p + 0.2);
    const double c = std::tanh(p - 0.1);
    const double h = (logistic(0.5) * (1 - z) + logistic(-1.5)) * c;
    std::vector<double> logits(1);
    std::vector<double> room(reference_workspace(shape, 1, 1));
    reference_forward<double>(shape, parameters, {1, 1, input, label, {}}, logits, room);
    EXPECT_NEAR(logits[0], 1.3 * h + 0.4, 1e-14);
}

TEST(Reference, two_steps_carry_the_state) {
    const Shape shape = {1, 1, 1, 0, 0};
    const std::vector<double> parameters = {0.7, 0.9, 0.2, -0.1, 0.5, -1.5, 1.3, 0.4};
    const std::vector<double> input = {0.6, -0.3};
    const std::vector<double> label = {1};
    const auto logistic = [](double x) { return 1 / (1 + std::exp(-x)); };
    double h = 0;
    for (const double x : input) {
        const double p = 0.7 * x + 0.9 * h;
        const double z = logistic(p + 0.2);
        h = (logistic(0.5) * (1 - z) + logistic(-1.5)) * std::tanh(p - 0.1) + z * h;
    }
    std::vector<double> logits(1);
    std::vector<double> room(reference_workspace(shape, 1, 2));
    reference_forward<double>(shape, parameters, {1, 2, input, label, {}}, logits, room);
    EXPECT_NEAR(logits[0], 1.3 * h + 0.4, 1e-14);
}

TEST(Reference, gradients_are_added_to_what_is_there) {
    const RandomProblem problem = random_problem({3, 5, 2, 0, 2}, 2, 4, 5);
    const std::vector<double> once = gradient_of(problem, {});
    std::vector<double> gradient = once;
    std::vector<double> logits(4);
    std::vector<double> room(reference_workspace(problem.shape, 2, 4));
    (void)reference_gradient<double>(problem.shape, problem.parameters, problem.batch(), {}, 0.5,
                                     gradient, logits, room);
    for (std::size_t i = 0; i < once.size(); ++i)
        EXPECT_NEAR(gradient[i], 2 * once[i], 1e-14);
}

TEST(Loss, distillation_at_one_is_the_teacher_alone) {
    // alpha = 1: the label no longer counts, and a student that agrees has no gradient.
    const LossSettings settings = {.alpha = 1, .temperature = 3};
    const double logits[] = {1.0, -2.0, 0.5};
    double gradient[3];
    const double agreed = sample_loss(settings, logits, 0, logits, gradient);
    for (const double element : gradient)
        EXPECT_NEAR(element, 0, 1e-15);
    const double other[] = {-1.0, 2.0, 0.5};
    EXPECT_GT(sample_loss(settings, logits, 0, other, gradient), agreed);
    EXPECT_EQ(sample_loss(settings, logits, 0, logits, gradient),
              sample_loss(settings, logits, 2, logits, gradient));
}

TEST(Loss, one_logit_is_two_classes_of_which_one_is_zero) {
    for (const double alpha : {0.0, 0.4}) {
        const LossSettings settings = {.alpha = alpha, .temperature = 2};
        const double pair[] = {0, 1.3};
        const double pair_teacher[] = {0, -0.7};
        double by_pair[2];
        double by_one[1];
        const double loss = sample_loss(settings, pair, 1, pair_teacher, by_pair);
        EXPECT_NEAR(sample_loss(settings, {pair + 1, 1}, 1, {pair_teacher + 1, 1}, by_one), loss,
                    1e-14);
        EXPECT_NEAR(by_one[0], by_pair[1], 1e-14);
    }
}

TEST(Loss, extreme_logits_give_finite_losses) {
    for (const double logit : {-1e4, -50.0, 50.0, 1e4}) {
        double gradient[1];
        const double logits[] = {logit};
        EXPECT_NEAR(sample_loss({}, logits, logit > 0 ? 0 : 1, {}, gradient), std::abs(logit),
                    1e-9 * std::abs(logit));
        EXPECT_NEAR(std::abs(gradient[0]), 1, 1e-12);
    }
}

TEST(Clip, by_norm_keeps_the_direction) {
    std::vector<double> gradient = {3, -4};
    EXPECT_DOUBLE_EQ(clip<double>({Clipping::norm, 1}, gradient), 5);
    EXPECT_DOUBLE_EQ(gradient[0], 0.6);
    EXPECT_DOUBLE_EQ(gradient[1], -0.8);
    (void)clip<double>({Clipping::norm, 2}, gradient);  // within: left alone
    EXPECT_DOUBLE_EQ(gradient[0], 0.6);
}

TEST(Clip, by_value_limits_each_element) {
    std::vector<double> gradient = {3, -4, 0.5};
    (void)clip<double>({Clipping::value, 1}, gradient);
    EXPECT_EQ(gradient, (std::vector<double>{1, -1, 0.5}));
}

TEST(Regulariser, leaves_biases_alone) {
    const Layout layout({1, 2, 1, 0, 0});
    const std::vector<double> parameters(layout.size(), 2.0);
    std::vector<double> gradient(layout.size());
    EXPECT_DOUBLE_EQ(l2_loss<double>(layout, 0.5, parameters), 0.5 * 4 * (2 + 4 + 2));
    add_l2<double>(layout, 0.5, parameters, gradient);
    for (const Tensor& tensor : layout.tensors())
        EXPECT_DOUBLE_EQ(gradient[tensor.offset], tensor.is_matrix() ? 2.0 : 0.0) << tensor.name;
}

}  // namespace
}  // namespace kiln::router

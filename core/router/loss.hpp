// Losses on the logits of one sample, and what they say about the logits.
//
// Cross-entropy (one output: logistic, more: softmax), distillation (Hinton, Vinyals and Dean,
// "Distilling the Knowledge in a Neural Network", 2015, section 2: soft targets at a temperature T,
// on logits, with the factor T^2), and the squared error for tasks that ask for a number. In double
// whatever the network computes in: it is a few operations a sample.
#pragma once

#include <cstdint>
#include <span>

namespace kiln::router {

enum class LossKind : std::uint32_t {
    cross_entropy = 0,  // label: the class; with one output 0, 1 or a probability in between
    squared_error = 1,  // label: the value; one output
};

struct LossSettings {
    LossKind kind = LossKind::cross_entropy;
    // alpha T^2 CE(teacher at T, student at T) + (1 - alpha) CE(label, student)
    double alpha = 0;  // 0: no teacher
    double temperature = 3;
    double l2 = 0;  // adds l2 * sum of the squares of every matrix

    bool has_teacher() const { return alpha > 0; }
};

constexpr std::size_t outputs_capacity = 256;  // outputs_max of shape.hpp

// The loss; `gradient` becomes its derivative by each logit. `teacher` may be empty unless the
// settings have one.
double sample_loss(const LossSettings& settings, std::span<const double> logits, double label,
                   std::span<const double> teacher, std::span<double> gradient);

// Probabilities: one of class 1 for one output, else one a class.
void probabilities_of(std::span<const double> logits, std::span<double> probabilities);

}  // namespace kiln::router

#include "core/router/loss.hpp"

#include <algorithm>

#include "core/base/check.hpp"
#include "core/numeric/elementary.hpp"

namespace kiln::router {
namespace {

double softplus(double x) {
    return std::max(x, 0.0) + log1p_of(exp_of(-std::abs(x)));
}

// -target log s(x) - (1 - target) log(1 - s(x)), s the logistic function.
double binary_cross_entropy(double logit, double target) {
    return softplus(logit) - target * logit;
}

// Softmax of logits / temperature; gives back log of the sum of exponentials.
double softmax(std::span<const double> logits, double temperature, std::span<double> shares) {
    const double top = *std::max_element(logits.begin(), logits.end()) / temperature;
    double sum = 0;
    for (std::size_t k = 0; k < logits.size(); ++k) {
        shares[k] = exp_of(logits[k] / temperature - top);
        sum += shares[k];
    }
    for (double& share : shares.first(logits.size()))
        share /= sum;
    return top + log_of(sum);
}

double binary_loss(const LossSettings& settings, double logit, double label,
                   std::span<const double> teacher, double& gradient) {
    const double hard_share = settings.has_teacher() ? 1 - settings.alpha : 1;
    double loss = hard_share * binary_cross_entropy(logit, label);
    gradient = hard_share * (logistic_of(logit) - label);
    if (settings.has_teacher()) {
        const double temperature = settings.temperature;
        const double target = logistic_of(teacher[0] / temperature);
        loss += settings.alpha * temperature * temperature *
                binary_cross_entropy(logit / temperature, target);
        gradient += settings.alpha * temperature * (logistic_of(logit / temperature) - target);
    }
    return loss;
}

double class_loss(const LossSettings& settings, std::span<const double> logits, double label,
                  std::span<const double> teacher, std::span<double> gradient) {
    const std::size_t classes = logits.size();
    const auto target = static_cast<std::size_t>(label);
    DCHECK(label >= 0 && target < classes);
    const double hard_share = settings.has_teacher() ? 1 - settings.alpha : 1;
    double loss = hard_share * (softmax(logits, 1, gradient) - logits[target]);
    for (std::size_t k = 0; k < classes; ++k)
        gradient[k] = hard_share * (gradient[k] - (k == target ? 1.0 : 0.0));
    if (!settings.has_teacher())
        return loss;
    double student[outputs_capacity];
    double wanted[outputs_capacity];
    const double temperature = settings.temperature;
    const double student_log = softmax(logits, temperature, student);
    (void)softmax(teacher, temperature, wanted);
    double soft = 0;
    for (std::size_t k = 0; k < classes; ++k) {
        soft += wanted[k] * (student_log - logits[k] / temperature);
        gradient[k] += settings.alpha * temperature * (student[k] - wanted[k]);
    }
    return loss + settings.alpha * temperature * temperature * soft;
}

}  // namespace

double sample_loss(const LossSettings& settings, std::span<const double> logits, double label,
                   std::span<const double> teacher, std::span<double> gradient) {
    CHECK(logits.size() <= outputs_capacity && gradient.size() >= logits.size());
    CHECK(!settings.has_teacher() || teacher.size() == logits.size());
    if (settings.kind == LossKind::squared_error) {
        const double error = logits[0] - label;
        gradient[0] = 2 * error;
        return error * error;
    }
    if (logits.size() == 1)
        return binary_loss(settings, logits[0], label, teacher, gradient[0]);
    return class_loss(settings, logits, label, teacher, gradient);
}

void probabilities_of(std::span<const double> logits, std::span<double> probabilities) {
    if (logits.size() == 1)
        probabilities[0] = logistic_of(logits[0]);
    else
        (void)softmax(logits, 1, probabilities);
}

}  // namespace kiln::router

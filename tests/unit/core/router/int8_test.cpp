#include "core/router/int8.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "core/numeric/elementary.hpp"

#include "tests/support/router.hpp"

namespace kiln::router {
namespace {

TEST(Int8, rows_keep_their_largest_weight_and_round_the_rest) {
    const std::vector<float> matrix = {1, -2, 0.5f, 0, 0, 0, 100, 1, 50};
    std::vector<std::int8_t> values(9);
    std::vector<float> scales(3);
    quantise_rows(matrix, 3, values, scales);
    EXPECT_EQ(values, (std::vector<std::int8_t>{64, -127, 32, 0, 0, 0, 127, 1, 64}));
    for (std::size_t i = 0; i < 9; ++i)
        EXPECT_NEAR(static_cast<float>(values[i]) * scales[i / 3], matrix[i],
                    0.5f * scales[i / 3] + 1e-6f);
}

// The arithmetic of int8.hpp once more, number by number.
class Twin {
  public:
    Twin(const Shape& shape, const std::vector<float>& parameters)
        : shape_(shape), layout_(shape), parameters_(parameters) {}

    std::vector<float> logits(std::span<const float> inputs) const {
        const std::size_t H = shape_.hidden;
        const auto part = [&](TensorId id) {
            return layout_.part(id, std::span<const float>(parameters_));
        };
        const float zeta = logistic_of(part(TensorId::zeta)[0]);
        const float nu = logistic_of(part(TensorId::nu)[0]);
        std::vector<float> h(H);
        for (std::size_t t = 0; t < inputs.size() / shape_.inputs; ++t) {
            std::vector<float> p(H);
            add_products(TensorId::W, inputs.subspan(t * shape_.inputs, shape_.inputs), p);
            if (t > 0)
                add_products(TensorId::U, h, p);
            for (std::size_t i = 0; i < H; ++i) {
                const float z = logistic_of(p[i] + part(TensorId::b_gate)[i]);
                const float c = tanh_of(p[i] + part(TensorId::b_update)[i]);
                h[i] = std::fma(std::fma(zeta, 1.0f - z, nu), c, z * h[i]);
            }
        }
        std::vector<float> logits(shape_.outputs);
        add_products(TensorId::head_weight, h, logits);
        for (std::size_t k = 0; k < logits.size(); ++k)
            logits[k] += part(TensorId::head_bias)[k];
        return logits;
    }

  private:
    void add_products(TensorId id, std::span<const float> values, std::vector<float>& sums) const {
        float largest = 0;
        for (const float value : values)
            largest = std::max(largest, std::abs(value));
        largest = largest > 0 ? largest : 1;
        std::vector<long> rounded;
        for (const float value : values)
            rounded.push_back(std::lrint(value * (127.0f / largest)));
        const std::span<const float> matrix = layout_.part(id, std::span<const float>(parameters_));
        std::vector<std::int8_t> weights(matrix.size());
        std::vector<float> scales(sums.size());
        quantise_rows(matrix, values.size(), weights, scales);
        for (std::size_t i = 0; i < sums.size(); ++i) {
            long sum = 0;
            for (std::size_t j = 0; j < values.size(); ++j)
                sum += weights[i * values.size() + j] * rounded[j];
            sums[i] = std::fma(static_cast<float>(sum), scales[i] * (largest / 127.0f), sums[i]);
        }
    }

    Shape shape_;
    Layout layout_;
    const std::vector<float>& parameters_;
};

TEST(Int8, logits_are_its_twin_s_to_the_bit_and_the_float_model_s_to_the_rounding) {
    for (std::uint64_t number = 0; number < 20; ++number) {
        const Shape shape = {1 + static_cast<std::uint32_t>(number) % 19,
                             3 + static_cast<std::uint32_t>(number) * 2, 3, 0, 0};
        RandomProblem problem = random_problem(shape, 4, 6, number);
        for (double& parameter : problem.parameters)
            parameter *= 1 / std::sqrt(static_cast<double>(shape.hidden));
        const std::vector<float> parameters = narrowed(problem.parameters);
        const std::vector<float> inputs = narrowed(problem.inputs);
        std::vector<double> exact(12);
        std::vector<double> room(reference_workspace(shape, 4, 6));
        reference_forward<double>(shape, problem.parameters, problem.batch(), exact, room);

        const Layout layout(shape);
        struct Quantised {
            std::vector<std::int8_t> values;
            std::vector<float> scales;
            Int8Matrix view() const { return {values, scales}; }
        };
        const auto quantised = [&](TensorId id) {
            const Tensor& tensor = *layout.find(id);
            Quantised made = {std::vector<std::int8_t>(tensor.size()),
                              std::vector<float>(tensor.rows)};
            quantise_rows(layout.part(id, std::span<const float>(parameters)), tensor.columns,
                          made.values, made.scales);
            return made;
        };
        const auto part = [&](TensorId id) {
            return layout.part(id, std::span<const float>(parameters));
        };
        const Quantised W = quantised(TensorId::W);
        const Quantised U = quantised(TensorId::U);
        const Quantised head = quantised(TensorId::head_weight);
        const Int8Kernel kernel(shape);
        std::vector<std::byte> storage(kernel.model_bytes() + 64);
        void* at = storage.data();
        std::size_t space = storage.size();
        const std::span<std::byte> model = {
            static_cast<std::byte*>(std::align(64, kernel.model_bytes(), at, space)),
            kernel.model_bytes()};
        kernel.pack(
            {W.view(), U.view(), head.view(), part(TensorId::b_gate), part(TensorId::b_update),
             part(TensorId::head_bias), part(TensorId::zeta)[0], part(TensorId::nu)[0]},
            model);
        const std::size_t sample = 6 * shape.inputs;
        for (std::size_t b = 0; b < 4; ++b) {
            float logits[3];
            kernel.forward(model, std::span(inputs).subspan(b * sample, sample), logits);
            const std::vector<float> twin =
                Twin(shape, parameters).logits(std::span(inputs).subspan(b * sample, sample));
            for (std::size_t k = 0; k < 3; ++k) {
                EXPECT_EQ(logits[k], twin[k]) << number;
                EXPECT_NEAR(static_cast<double>(logits[k]), exact[b * 3 + k], 0.03) << number;
            }
        }
    }
}

}  // namespace
}  // namespace kiln::router

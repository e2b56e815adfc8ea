#include "core/router/pruning.hpp"

#include <numeric>
#include <vector>

#include <gtest/gtest.h>

namespace kiln::router {
namespace {

// W [2, 1] and U [2, 2], then what is never pruned.
const Shape shape = {1, 2, 1, 0, 0};

std::vector<std::uint8_t> support_of(double keep, const std::vector<float>& matrices) {
    const Layout layout(shape);
    std::vector<float> parameters(layout.size(), 0.001f);
    std::copy(matrices.begin(), matrices.end(), parameters.begin());
    std::vector<float> scratch(pruning_scratch(layout));
    std::vector<std::uint8_t> support(layout.size());
    choose_support(layout, keep, parameters, scratch, support);
    for (std::size_t i = matrices.size(); i < support.size(); ++i)
        EXPECT_EQ(support[i], 1) << "biases, scalars and head, at " << i;
    support.resize(matrices.size());
    return support;
}

using Support = std::vector<std::uint8_t>;

TEST(Pruning, keeps_the_largest_of_each_matrix_whatever_their_sign) {
    EXPECT_EQ(support_of(0.5, {1, -2, 0.5f, -4, 3, 0.1f}), (Support{0, 1, 0, 1, 1, 0}));
}

TEST(Pruning, of_equal_weights_the_first_are_kept_and_no_more_than_asked_for) {
    EXPECT_EQ(support_of(0.5, {1, 1, 2, -2, 2, 2}), (Support{1, 0, 1, 1, 0, 0}));
}

TEST(Pruning, a_share_is_rounded_to_the_nearest_number_of_weights) {
    EXPECT_EQ(support_of(0.4, {1, 2, 1, 2, 3, 4}), (Support{0, 1, 0, 0, 1, 1}));  // 0.8 and 1.6
    EXPECT_EQ(support_of(0.1, {1, 2, 1, 2, 3, 4}), (Support{0, 0, 0, 0, 0, 0}));
    EXPECT_EQ(support_of(1, {1, 2, 1, 2, 3, 4}), (Support{1, 1, 1, 1, 1, 1}));
}

TEST(Pruning, what_is_outside_the_support_is_zero) {
    std::vector<float> weights = {1, 2, 3};
    apply_support(Support{0, 1, 0}, weights);
    EXPECT_EQ(weights, (std::vector<float>{0, 2, 0}));
}

}  // namespace
}  // namespace kiln::router

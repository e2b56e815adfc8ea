#include "core/numeric/elementary.hpp"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace kiln {
namespace {

template <typename Real>
double worst_relative_error(Real (*function)(Real), double (*exact)(double), double low,
                            double high) {
    double worst = 0;
    for (int i = 0; i <= 200'000; ++i) {
        const Real x = static_cast<Real>(low + (high - low) * i / 200'000);
        const double truth = exact(static_cast<double>(x));
        if (truth != 0)
            worst = std::max(worst,
                             std::abs(static_cast<double>(function(x)) - truth) / std::abs(truth));
    }
    return worst;
}

double exact_logistic(double x) {
    return 1 / (1 + std::exp(-x));
}

TEST(Elementary, tanh_keeps_its_relative_error) {
    EXPECT_LT(worst_relative_error<double>(tanh_of<double>, std::tanh, -25, 25), 5e-16);
    EXPECT_LT(worst_relative_error<double>(tanh_of<double>, std::tanh, -1e-3, 1e-3), 5e-16);
    EXPECT_LT(worst_relative_error<float>(tanh_of<float>, std::tanh, -12, 12), 2.5e-7);
    EXPECT_LT(worst_relative_error<float>(tanh_of<float>, std::tanh, -1e-3, 1e-3), 2.5e-7);
}

TEST(Elementary, logistic_is_exact_to_the_last_places) {
    EXPECT_LT(worst_relative_error<double>(logistic_of<double>, exact_logistic, -1, 40), 5e-16);
    EXPECT_LT(worst_relative_error<float>(logistic_of<float>, exact_logistic, -1, 20), 2e-7);
    EXPECT_NEAR(logistic_of(-40.0), 0, 1e-16);
}

TEST(Elementary, exp_and_log_are_exact_to_the_last_places) {
    EXPECT_LT(worst_relative_error<double>(exp_of, std::exp, -690, 690), 5e-16);
    EXPECT_LT(worst_relative_error<double>(log_of, std::log, 1e-3, 300), 5e-16);
    EXPECT_LT(worst_relative_error<double>(log1p_of, std::log1p, 0, 1), 5e-16);
    EXPECT_LT(worst_relative_error<double>(log1p_of, std::log1p, 0, 1e-9), 5e-16);
}

TEST(Elementary, beyond_the_range_is_the_limit) {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    EXPECT_EQ(tanh_of(infinity), 1.0f);
    EXPECT_EQ(tanh_of(-infinity), -1.0f);
    EXPECT_EQ(logistic_of(-infinity), 0.0f);
    EXPECT_EQ(tanh_of(0.0f), 0.0f);
    EXPECT_TRUE(std::signbit(tanh_of(-0.0f)));
}

TEST(Elementary, what_is_not_a_number_stays_one) {
    EXPECT_TRUE(std::isnan(tanh_of(std::numeric_limits<float>::quiet_NaN())));
    EXPECT_TRUE(std::isnan(logistic_of(std::numeric_limits<double>::quiet_NaN())));
}

}  // namespace
}  // namespace kiln

#include "app/run_memory.hpp"

#include <gtest/gtest.h>

namespace kiln::app {
namespace {

TEST(ControlGroupWarning, names_the_limit_and_what_would_do) {
    Plan plan;
    plan.budget_bytes = 600'000'000;
    plan.planned_bytes = 450'000'000;
    const std::string warning = control_group_warning(plan, {.limit_bytes = 449'999'999});
    EXPECT_NE(warning.find("may use 450.0 MB (memory.max)"), std::string::npos) << warning;
    EXPECT_NE(warning.find("MemoryMax=600000000"), std::string::npos) << warning;
}

TEST(ControlGroupWarning, a_limit_that_does_or_none_is_no_reason_for_one) {
    Plan plan;
    plan.budget_bytes = 600'000'000;
    plan.planned_bytes = 450'000'000;
    EXPECT_EQ(control_group_warning(plan, {.limit_bytes = 450'000'000}), "");
    EXPECT_EQ(control_group_warning(plan, {}), "");
}

}  // namespace
}  // namespace kiln::app

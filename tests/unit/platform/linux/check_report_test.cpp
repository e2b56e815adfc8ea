#include "platform/linux/check_report.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include "core/base/check.hpp"

namespace kiln::platform {
namespace {

void fail_a_check() {
    install_check_report();
    CHECK(1 + 1 == 3);
}

TEST(CheckReport, says_what_failed_and_where_and_that_nothing_was_saved) {
    EXPECT_EXIT(fail_a_check(), testing::KilledBySignal(SIGABRT),
                "^kiln: internal error: CHECK\\(1 \\+ 1 == 3\\) failed at "
                ".*check_report_test.cpp:13; nothing was saved\\. .*\n$");
}

TEST(CheckReport, a_check_that_holds_says_nothing) {
    install_check_report();
    CHECK(1 + 1 == 2);
}

}  // namespace
}  // namespace kiln::platform

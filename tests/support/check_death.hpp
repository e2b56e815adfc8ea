// EXPECT_CHECK_FAILS: that a statement ends the process by a certain CHECK and no other.
#pragma once

#include <gtest/gtest.h>

#include "platform/linux/check_report.hpp"

// `condition` is a regular expression for the text of the CHECK.
#define EXPECT_CHECK_FAILS(statement, condition)    \
    EXPECT_DEATH(                                   \
        {                                           \
            kiln::platform::install_check_report(); \
            statement;                              \
        },                                          \
        "CHECK\\(" condition "\\) failed")

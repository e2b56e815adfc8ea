#include "perf/jobs.hpp"

#include <gtest/gtest.h>

namespace kiln::perf {
namespace {

TEST(Jobs, do_the_same_each_time_they_are_made) {
    for (const char* name : {"empty", "perft", "evaluate", "solve", "self-play"})
        EXPECT_EQ(run_job(name, 1), run_job(name, 1)) << name;
}

TEST(Jobs, do_it_as_often_as_they_are_told) {
    EXPECT_EQ(run_job("perft", 1), 55092u);
    EXPECT_EQ(run_job("perft", 3), 3 * 55092u);
}

TEST(Jobs, training_goes_on_where_it_was) {
    EXPECT_NE(run_job("training", 2), 2 * run_job("training", 1));
}

}  // namespace
}  // namespace kiln::perf

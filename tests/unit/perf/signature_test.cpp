#include "perf/signature.hpp"

#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

namespace kiln::perf {
namespace {

TEST(Signature, is_the_one_that_is_stored) {
    std::stringstream stored;
    stored << std::ifstream(KILN_SIGNATURE).rdbuf();
    EXPECT_EQ(format_signature(measure_signature()), stored.str())
        << "The search decides differently than before. If that is meant, store the new signature "
           "(kiln bench --signature > perf/signature.txt), and say so and why in the commit.";
}

TEST(Signature, ends_with_the_sum_of_its_parts) {
    EXPECT_EQ(format_signature({{"one", 1}, {"two", 20}}), "one: 1\ntwo: 20\ntotal: 21\n");
}

}  // namespace
}  // namespace kiln::perf

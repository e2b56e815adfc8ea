#include "perf/machine.hpp"

#include <gtest/gtest.h>

namespace kiln::perf {
namespace {

TEST(ProcessorDesign, is_told_by_family_and_model_whatever_a_virtual_machine_calls_it) {
    EXPECT_EQ(processor_design("processor\t: 0\n"
                               "vendor_id\t: GenuineIntel\n"
                               "cpu family\t: 6\n"
                               "model\t\t: 143\n"
                               "model name\t: Intel(R) Xeon(R) Processor @ 2.10GHz\n",
                               "Intel(R) Xeon(R) Processor @ 2.10GHz"),
              "sapphire-rapids");
    EXPECT_EQ(processor_design("vendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 17\n",
                               "AMD EPYC"),
              "zen4");
    EXPECT_EQ(
        processor_design("vendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 1\n", "AMD EPYC"),
        "zen3");
}

TEST(ProcessorDesign, is_told_by_the_part_on_arm) {
    EXPECT_EQ(
        processor_design("processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n", "aarch64"),
        "neoverse-n1");
}

TEST(ProcessorDesign, of_one_that_is_not_known_is_its_name_in_words_for_a_file) {
    EXPECT_EQ(processor_design("vendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 1\n",
                               "Intel(R) Xeon(R) CPU E5-2670 v0 @ 2.60GHz"),
              "intel-xeon-e5-2670-v0");
    EXPECT_EQ(processor_design("", "../../etc/passwd"), "etc-passwd");
    EXPECT_EQ(processor_design("garbage without a colon\n:\n\nmodel", ""), "unknown");
    EXPECT_EQ(processor_design("", "Broken (R"), "broken");
}

TEST(Machine, this_one_has_a_kind_of_instruction_set_and_design) {
    const Machine machine = this_machine();
    EXPECT_GE(machine.cpus, 1u);
    EXPECT_TRUE(machine.kind.starts_with(machine.isa + "-")) << machine.kind;
    EXPECT_EQ(machine.kind.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-"),
              std::string::npos)
        << machine.kind;
}

}  // namespace
}  // namespace kiln::perf

#include "platform/linux/process_info.hpp"

#include <cstring>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <sched.h>

#include "platform/linux/mapping.hpp"
#include "tests/support/child.hpp"

namespace kiln::platform {
namespace {

constexpr std::uint64_t mib = 1u << 20;

TEST(ProcessInfo, sees_memory_come_and_go) {
    const ProcessMemory before = read_process_memory().value();
    EXPECT_GT(before.resident_bytes, 0u);
    EXPECT_GE(before.peak_resident_bytes, before.resident_bytes);
    EXPECT_GT(before.minor_faults, 0u);

    Mapping mapping;
    ASSERT_TRUE(mapping.map(64 * mib));
    const ProcessMemory during = read_process_memory().value();
    EXPECT_GE(during.resident_bytes, before.resident_bytes + 60 * mib);
    EXPECT_GE(during.minor_faults, before.minor_faults);

    mapping.unmap();
    const ProcessMemory after = read_process_memory().value();
    EXPECT_LE(after.resident_bytes + 60 * mib, during.resident_bytes);
    EXPECT_GE(after.peak_resident_bytes + mib, during.resident_bytes);
}

TEST(ProcessInfo, huge_pages_are_part_of_what_is_resident) {
    Mapping mapping;
    ASSERT_TRUE(mapping.map(16 * mib));
    const Result<std::uint64_t> huge = read_huge_page_bytes();
    ASSERT_TRUE(huge);
    EXPECT_LE(huge.value(), read_process_memory().value().resident_bytes);
    EXPECT_EQ(huge.value() % 4096, 0u);
}

TEST(ProcessInfo, agrees_with_the_kernel_about_the_machine) {
    std::ifstream file("/proc/meminfo");
    std::string word;
    std::uint64_t kilobytes = 0;
    file >> word >> kilobytes;
    ASSERT_EQ(word, "MemTotal:");
    EXPECT_EQ(read_machine_memory_bytes().value(), kilobytes * 1024);
}

TEST(ProcessInfo, counts_the_cpus_it_may_use) {
    EXPECT_GE(allowed_cpu_count(), 1u);
    EXPECT_EQ(test::run_child([] {
                  cpu_set_t allowed;
                  if (::sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
                      return 1;
                  unsigned first = 0;
                  while (!CPU_ISSET(first, &allowed))
                      ++first;
                  CPU_ZERO(&allowed);
                  CPU_SET(first, &allowed);
                  if (::sched_setaffinity(0, sizeof(allowed), &allowed) != 0)
                      return 2;
                  return allowed_cpu_count() == 1 ? 0 : 3;
              }),
              0);
}

TEST(ProcessInfo, names_the_cpu_in_whatever_room_there_is) {
    char name[128];
    read_cpu_model(name);
    EXPECT_GT(std::strlen(name), 0u);
    EXPECT_EQ(std::strchr(name, '\n'), nullptr);
    char cut[4];
    std::memset(cut, 'x', sizeof(cut));
    read_cpu_model(cut);
    EXPECT_EQ(std::string(cut), std::string(name).substr(0, 3));
    read_cpu_model({});
}

}  // namespace
}  // namespace kiln::platform

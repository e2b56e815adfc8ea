#include "platform/linux/prefault.hpp"

#include <array>
#include <cstdio>
#include <utility>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "platform/linux/mapping.hpp"
#include "platform/linux/process_info.hpp"
#include "tests/support/child.hpp"

namespace kiln::platform {
namespace {

constexpr std::size_t page = 4096;

// An emulator of a foreign processor takes faults of its own when it translates code.
#if defined(__x86_64__)
constexpr long faults_allowed = 3;
#else
constexpr long faults_allowed = 40;
#endif

// Nothing but these tests' children touches them, and each child starts without their pages.
char untouched_zeros[1024 * page];
std::array<char, 256 * page> untouched_data = {1};
constexpr std::array<char, 64 * page> untouched_constants = {1};

// A page of code each.
template <int index>
__attribute__((noinline, aligned(4096))) int page_of_code(int value) {
    return value * index + 1;
}

template <int... index>
int run_pages_of_code(int value, std::integer_sequence<int, index...>) {
    return (page_of_code<index>(value) + ...);
}

// A sanitizer's bookkeeping takes faults of its own.
__attribute__((noinline, no_sanitize("address", "thread"))) void use_everything() {
    for (std::size_t at = 0; at < sizeof(untouched_zeros); at += page)
        *const_cast<volatile char*>(untouched_zeros + at) = 2;
    for (std::size_t at = 0; at < untouched_data.size(); at += page)
        *const_cast<volatile char*>(untouched_data.data() + at) = 2;
    for (std::size_t at = 0; at < untouched_constants.size(); at += page)
        (void)*const_cast<const volatile char*>(untouched_constants.data() + at);
    volatile int sum = run_pages_of_code(3, std::make_integer_sequence<int, 32>{});
    (void)sum;
    volatile char deep[prefaulted_stack_bytes / 2];
    for (std::size_t at = sizeof(deep); at >= page; at -= page)
        deep[at - 1] = 2;
}

long minor_faults() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt;
}

// Tens of thousands do not fit an exit status.
long in_child(long (*work)()) {
    int ends[2];
    CHECK(::pipe(ends) == 0);
    CHECK(test::run_child([&] {
              const long result = work();
              return ::write(ends[1], &result, sizeof(result)) == sizeof(result) ? 0 : 1;
          }) == 0);
    long result = 0;
    CHECK(::read(ends[0], &result, sizeof(result)) == sizeof(result));
    ::close(ends[0]);
    ::close(ends[1]);
    return result;
}

TEST(Prefault, code_and_data_that_are_used_for_the_first_time_are_there) {
    const long without = in_child([] {
        const long before = minor_faults();
        use_everything();
        return minor_faults() - before;
    });
    const long with = in_child([] {
        CHECK(prefault_process());
        const long before = minor_faults();
        use_everything();
        return minor_faults() - before;
    });
    std::printf("minor faults: %ld without, %ld with\n", without, with);
    EXPECT_GE(without, 1024 + 256);
    EXPECT_LE(with, faults_allowed);
}

TEST(Prefault, changes_nothing) {
    static char text[] = "as it was";
    ASSERT_TRUE(prefault_process());
    ASSERT_TRUE(prefault_process());
    EXPECT_STREQ(text, "as it was");
}

TEST(Prefault, leaves_out_what_cannot_be_read_and_large_nameless_memory) {
    // 64 MiB that nobody can read, and 64 MiB that nobody used.
    constexpr std::size_t large = 64u << 20;
    for (const int protection : {PROT_NONE, PROT_READ | PROT_WRITE}) {
        void* const memory = ::mmap(nullptr, large, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        ASSERT_NE(memory, MAP_FAILED);
        ASSERT_TRUE(prefault_process());
        const std::uint64_t before = read_process_memory().value().resident_bytes;
        ASSERT_EQ(::munmap(memory, large), 0);
        EXPECT_LT(before, read_process_memory().value().resident_bytes + large / 2);
    }
}

TEST(Prefault, reaches_all_of_a_large_block_that_is_named_but_what_is_protected_in_it) {
    constexpr std::size_t large = 64u << 20;
    constexpr std::size_t guard = large / 2 + page;
    auto* const memory = static_cast<std::byte*>(
        ::mmap(nullptr, large, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    ASSERT_NE(memory, MAP_FAILED);
    ASSERT_EQ(::mprotect(memory + guard, page, PROT_NONE), 0);
    memory[guard - 1] = std::byte{7};
    const std::uint64_t before = read_process_memory().value().resident_bytes;
    ASSERT_TRUE(prefault_process({memory, large}));
    EXPECT_GE(read_process_memory().value().resident_bytes, before + large - (1u << 20));
    EXPECT_EQ(memory[guard - 1], std::byte{7});
    ASSERT_EQ(::munmap(memory, large), 0);
}

TEST(Prefault, says_why_when_there_is_no_file_to_read) {
    EXPECT_EQ(test::run_child([] {
                  const rlimit none{0, 0};
                  if (::setrlimit(RLIMIT_NOFILE, &none) != 0)
                      return 1;
                  const Status status = prefault_process();
                  return !status && status.error().detail == EMFILE ? 0 : 2;
              }),
              0);
}

}  // namespace
}  // namespace kiln::platform

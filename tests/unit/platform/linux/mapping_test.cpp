#include "platform/linux/mapping.hpp"

#include <algorithm>
#include <utility>

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "platform/linux/process_info.hpp"

namespace kiln::platform {
namespace {

constexpr std::uint64_t mib = 1u << 20;

TEST(Mapping, is_zero_filled_and_starts_on_two_mebibytes) {
    Mapping mapping;
    EXPECT_TRUE(mapping.span().empty());
    ASSERT_TRUE(mapping.map(5 * mib + 1));
    EXPECT_GE(mapping.span().size(), 5 * mib + 1);
    EXPECT_LT(mapping.span().size(), 5 * mib + 1 + 65'536);
    EXPECT_EQ(mapping.span().size() % static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)), 0u);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(mapping.span().data()) % (2 * mib), 0u);
    EXPECT_TRUE(std::all_of(mapping.span().begin(), mapping.span().end(),
                            [](std::byte byte) { return byte == std::byte{0}; }));
}

TEST(Mapping, has_every_page_present_before_it_is_used) {
    Mapping mapping;
    ASSERT_TRUE(mapping.map(16 * mib));
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    unsigned char is_present[16 * mib / 4096];
    ASSERT_EQ(::mincore(mapping.span().data(), mapping.span().size(), is_present), 0);
    for (std::size_t i = 0; i < mapping.span().size() / page; ++i)
        ASSERT_EQ(is_present[i] & 1, 1) << "page " << i;
}

TEST(Mapping, refuses_more_than_the_machine_has) {
    const std::uint64_t machine = read_machine_memory_bytes().value();
    Mapping mapping;
    for (const std::uint64_t bytes : {machine + mib, std::uint64_t{1} << 62, ~std::uint64_t{0}}) {
        const Status status = mapping.map(bytes);
        ASSERT_FALSE(status) << bytes;
        EXPECT_EQ(status.error().code, ErrorCode::out_of_memory);
        EXPECT_EQ(status.error().detail, bytes);
        EXPECT_TRUE(mapping.span().empty());
    }
}

TEST(Mapping, of_nothing_is_empty) {
    Mapping mapping;
    ASSERT_TRUE(mapping.map(0));
    EXPECT_TRUE(mapping.span().empty());
}

TEST(Mapping, moves_with_its_contents) {
    Mapping first;
    ASSERT_TRUE(first.map(mib));
    first.span()[77] = std::byte{5};
    std::byte* const address = first.span().data();
    Mapping second = std::move(first);
    EXPECT_EQ(second.span().data(), address);
    Mapping third;
    ASSERT_TRUE(third.map(mib));
    third = std::move(second);
    EXPECT_EQ(third.span().data(), address);
    EXPECT_EQ(third.span()[77], std::byte{5});
}

TEST(Mapping, gives_its_memory_back) {
    Mapping mapping;
    ASSERT_TRUE(mapping.map(mib));
    std::byte* const address = mapping.span().data();
    mapping.unmap();
    EXPECT_TRUE(mapping.span().empty());
    EXPECT_EQ(::msync(address, mib, MS_ASYNC), -1);  // ENOMEM: nothing is mapped there
}

}  // namespace
}  // namespace kiln::platform

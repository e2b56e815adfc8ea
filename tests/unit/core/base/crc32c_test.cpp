#include "core/base/crc32c.hpp"

#include <array>
#include <cstring>
#include <vector>

#include <gtest/gtest.h>

#include "core/base/random.hpp"

namespace kiln {
namespace {

std::vector<std::byte> bytes_from(std::initializer_list<int> values) {
    std::vector<std::byte> bytes;
    for (const int value : values)
        bytes.push_back(static_cast<std::byte>(value));
    return bytes;
}

std::span<const std::byte> text_bytes(const char* text) {
    return std::as_bytes(std::span(text, std::strlen(text)));
}

std::vector<std::byte> random_bytes(std::size_t count, std::uint64_t seed) {
    RandomStream stream(seed, StreamPurpose::position, 0);
    std::vector<std::byte> bytes(count);
    for (std::byte& byte : bytes)
        byte = static_cast<std::byte>(stream.below(256));
    return bytes;
}

// The definition, one bit at a time.
std::uint32_t crc32c_by_bits(std::span<const std::byte> bytes) {
    std::uint32_t crc = 0xffffffffu;
    for (const std::byte byte : bytes) {
        crc ^= std::to_integer<std::uint32_t>(byte);
        for (int bit = 0; bit < 8; ++bit)
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78u : 0);
    }
    return ~crc;
}

using Implementation = std::uint32_t (*)(std::uint32_t, std::span<const std::byte>);

class Crc32c : public testing::TestWithParam<Implementation> {};
INSTANTIATE_TEST_SUITE_P(twin, Crc32c, testing::Values(&crc32c, &crc32c_table),
                         [](const auto& twin) { return twin.index == 0 ? "fast" : "table"; });

TEST_P(Crc32c, gives_the_check_value_of_the_polynomial) {
    EXPECT_EQ(GetParam()(0, text_bytes("123456789")), 0xe3069283u);
    EXPECT_EQ(GetParam()(0, {}), 0u);
}

TEST_P(Crc32c, gives_the_vectors_of_rfc_3720) {
    const std::vector<std::byte> zeros(32);
    const std::vector<std::byte> ones(32, std::byte{0xff});
    std::vector<std::byte> rising(32);
    std::vector<std::byte> falling(32);
    for (std::size_t i = 0; i < 32; ++i) {
        rising[i] = static_cast<std::byte>(i);
        falling[i] = static_cast<std::byte>(31 - i);
    }
    const std::vector<std::byte> read_command =
        bytes_from({0x01, 0xc0, 0, 0, 0, 0, 0,    0, 0,    0, 0, 0,    0, 0, 0, 0,
                    0x14, 0,    0, 0, 0, 0, 0x04, 0, 0,    0, 0, 0x14, 0, 0, 0, 0x18,
                    0x28, 0,    0, 0, 0, 0, 0,    0, 0x02, 0, 0, 0,    0, 0, 0, 0});
    EXPECT_EQ(GetParam()(0, zeros), 0x8a9136aau);
    EXPECT_EQ(GetParam()(0, ones), 0x62a8ab43u);
    EXPECT_EQ(GetParam()(0, rising), 0x46dd794eu);
    EXPECT_EQ(GetParam()(0, falling), 0x113fdb5cu);
    EXPECT_EQ(GetParam()(0, read_command), 0xd9963a56u);
}

TEST_P(Crc32c, agrees_with_the_definition_bit_by_bit) {
    const std::vector<std::byte> bytes = random_bytes(10'000, 1);
    for (const std::size_t length : {1u, 7u, 8u, 9u, 1023u, 3071u, 3072u, 3073u, 6144u, 9999u})
        EXPECT_EQ(GetParam()(0, std::span(bytes).first(length)),
                  crc32c_by_bits(std::span(bytes).first(length)))
            << length << " bytes";
}

TEST_P(Crc32c, continues_where_it_was_cut) {
    const std::vector<std::byte> bytes = random_bytes(8'000, 2);
    const std::uint32_t whole = GetParam()(0, bytes);
    RandomStream stream(3, StreamPurpose::position, 0);
    for (int round = 0; round < 200; ++round) {
        const std::size_t cut = stream.below(bytes.size() + 1);
        const std::uint32_t first = GetParam()(0, std::span(bytes).first(cut));
        EXPECT_EQ(GetParam()(first, std::span(bytes).subspan(cut)), whole) << "cut at " << cut;
    }
}

TEST(Crc32cTwins, agree_on_every_length_at_every_alignment) {
    const std::vector<std::byte> bytes = random_bytes(70'000, 4);
    for (std::size_t length = 0; length < 3'200; ++length) {
        const auto piece = std::span<const std::byte>(bytes).subspan(length % 16, length);
        ASSERT_EQ(crc32c(9, piece), crc32c_table(9, piece)) << length << " bytes";
    }
    EXPECT_EQ(crc32c(0, bytes), crc32c_table(0, bytes));
}

TEST(Crc32cTwins, say_which_instruction_serves) {
#if defined(__SSE4_2__)
    EXPECT_STREQ(crc32c_implementation(), "sse4.2");
#elif defined(__ARM_FEATURE_CRC32)
    EXPECT_STREQ(crc32c_implementation(), "armv8-crc");
#else
    EXPECT_STREQ(crc32c_implementation(), "table");
#endif
}

TEST(Crc32cTwins, tell_any_two_flipped_bits_of_a_block_apart_from_none) {
    std::vector<std::byte> bytes = random_bytes(65'536, 5);
    const std::uint32_t before = crc32c(0, bytes);
    RandomStream stream(6, StreamPurpose::position, 0);
    for (int round = 0; round < 500; ++round) {
        const std::uint64_t first = stream.below(bytes.size() * 8);
        const std::uint64_t second = stream.below(bytes.size() * 8);
        if (first == second)
            continue;
        for (const std::uint64_t bit : {first, second})
            bytes[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
        EXPECT_NE(crc32c(0, bytes), before) << "bits " << first << " and " << second;
        for (const std::uint64_t bit : {first, second})
            bytes[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
    }
}

}  // namespace
}  // namespace kiln

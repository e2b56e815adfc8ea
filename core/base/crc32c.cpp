#include "core/base/crc32c.hpp"

#include <array>
#include <bit>
#include <cstring>

#if defined(__SSE4_2__)
#include <nmmintrin.h>
#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#endif

namespace kiln {
namespace {

static_assert(std::endian::native == std::endian::little, "words are loaded as they lie in memory");

constexpr std::uint32_t polynomial = 0x82f63b78u;

using ByteTable = std::array<std::uint32_t, 256>;

// slice[k][b]: the effect of byte b followed by k zero bytes.
constexpr std::array<ByteTable, 8> make_slices() {
    std::array<ByteTable, 8> slices{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t crc = byte;
        for (int bit = 0; bit < 8; ++bit)
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? polynomial : 0);
        slices[0][byte] = crc;
    }
    for (std::size_t k = 1; k < 8; ++k)
        for (std::size_t byte = 0; byte < 256; ++byte)
            slices[k][byte] = (slices[k - 1][byte] >> 8) ^ slices[0][slices[k - 1][byte] & 0xff];
    return slices;
}

constexpr std::array<ByteTable, 8> slices = make_slices();

std::uint64_t load_word(const std::byte* at) {
    std::uint64_t word;
    std::memcpy(&word, at, sizeof(word));
    return word;
}

std::uint32_t table_byte(std::uint32_t crc, std::byte byte) {
    return (crc >> 8) ^ slices[0][(crc ^ std::to_integer<std::uint32_t>(byte)) & 0xff];
}

std::uint32_t table_word(std::uint32_t crc, std::uint64_t word) {
    word ^= crc;
    std::uint32_t next = 0;
    for (std::size_t k = 0; k < 8; ++k)
        next ^= slices[7 - k][(word >> (8 * k)) & 0xff];
    return next;
}

#if defined(__SSE4_2__) || defined(__ARM_FEATURE_CRC32)

#if defined(__SSE4_2__)
constexpr const char* implementation = "sse4.2";
std::uint32_t step_word(std::uint32_t crc, std::uint64_t word) {
    return static_cast<std::uint32_t>(_mm_crc32_u64(crc, word));
}
std::uint32_t step_byte(std::uint32_t crc, std::byte byte) {
    return _mm_crc32_u8(crc, std::to_integer<unsigned char>(byte));
}
#else
constexpr const char* implementation = "armv8-crc";
std::uint32_t step_word(std::uint32_t crc, std::uint64_t word) {
    return __crc32cd(crc, word);
}
std::uint32_t step_byte(std::uint32_t crc, std::byte byte) {
    return __crc32cb(crc, std::to_integer<std::uint8_t>(byte));
}
#endif

// The instruction takes three cycles but one can start in each, so three streams run side by side
// and are joined afterwards: a CRC is linear, so the register of an earlier stream only has to be
// moved past the zero bytes that stand for the later one (after M. Adler, crc32c.c).
constexpr std::size_t stream_bytes = 1024;

using Columns = std::array<std::uint32_t, 32>;  // a linear map, by the images of the 32 bits

constexpr std::uint32_t apply(const Columns& map, std::uint32_t value) {
    std::uint32_t image = 0;
    for (std::size_t bit = 0; value != 0; ++bit, value >>= 1)
        if ((value & 1) != 0)
            image ^= map[bit];
    return image;
}

// shift[k][b]: byte k of the register, of value b, moved past stream_bytes zero bytes.
constexpr std::array<ByteTable, 4> make_shift() {
    Columns map{};
    map[0] = polynomial;  // past one zero bit
    for (std::size_t bit = 1; bit < 32; ++bit)
        map[bit] = std::uint32_t{1} << (bit - 1);
    for (std::size_t bits = 1; bits < 8 * stream_bytes; bits *= 2) {
        Columns square{};
        for (std::size_t bit = 0; bit < 32; ++bit)
            square[bit] = apply(map, map[bit]);
        map = square;
    }
    std::array<ByteTable, 4> shift{};
    for (std::uint32_t k = 0; k < 4; ++k)
        for (std::uint32_t byte = 0; byte < 256; ++byte)
            shift[k][byte] = apply(map, byte << (8 * k));
    return shift;
}

static_assert(std::has_single_bit(stream_bytes), "make_shift doubles its way up");
constexpr std::array<ByteTable, 4> shift = make_shift();

std::uint32_t past_stream(std::uint32_t crc) {
    return shift[0][crc & 0xff] ^ shift[1][(crc >> 8) & 0xff] ^ shift[2][(crc >> 16) & 0xff] ^
           shift[3][crc >> 24];
}

std::uint32_t fast_crc32c(std::uint32_t seed, std::span<const std::byte> bytes) {
    const std::byte* at = bytes.data();
    std::size_t left = bytes.size();
    std::uint32_t crc = ~seed;
    for (; left >= 3 * stream_bytes; at += 3 * stream_bytes, left -= 3 * stream_bytes) {
        std::uint32_t second = 0;
        std::uint32_t third = 0;
        for (std::size_t i = 0; i < stream_bytes; i += 8) {
            crc = step_word(crc, load_word(at + i));
            second = step_word(second, load_word(at + stream_bytes + i));
            third = step_word(third, load_word(at + 2 * stream_bytes + i));
        }
        crc = past_stream(past_stream(crc) ^ second) ^ third;
    }
    for (; left >= 8; at += 8, left -= 8)
        crc = step_word(crc, load_word(at));
    for (; left > 0; ++at, --left)
        crc = step_byte(crc, *at);
    return ~crc;
}

#else

constexpr const char* implementation = "table";
std::uint32_t fast_crc32c(std::uint32_t seed, std::span<const std::byte> bytes) {
    return crc32c_table(seed, bytes);
}

#endif

}  // namespace

std::uint32_t crc32c(std::uint32_t seed, std::span<const std::byte> bytes) {
    return fast_crc32c(seed, bytes);
}

std::uint32_t crc32c_table(std::uint32_t seed, std::span<const std::byte> bytes) {
    std::uint32_t crc = ~seed;
    std::size_t i = 0;
    for (; i + 8 <= bytes.size(); i += 8)
        crc = table_word(crc, load_word(bytes.data() + i));
    for (; i < bytes.size(); ++i)
        crc = table_byte(crc, bytes[i]);
    return ~crc;
}

const char* crc32c_implementation() {
    return implementation;
}

}  // namespace kiln

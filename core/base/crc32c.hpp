// CRC-32C (Castagnoli): the checksum of everything Kiln stores.
//
// Why this polynomial: it has the factor x + 1 and order 2^31 - 1, so within 2^31 - 1 bits every
// error of one, two, three or an odd number of bits is caught, and both x86-64 and ARMv8 have an
// instruction. Reflected polynomial 0x82f63b78, initial and final inversion; "123456789" gives
// 0xe3069283.
//
// crc32c_table is the specification; crc32c uses the instruction when the compiler may assume it
// (-msse4.2, or -march=armv8-a+crc) and is otherwise the table. Pure functions, no failures.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace kiln {

// Incremental: crc32c(crc32c(0, a), b) is the checksum of a followed by b.
std::uint32_t crc32c(std::uint32_t seed, std::span<const std::byte> bytes);

std::uint32_t crc32c_table(std::uint32_t seed, std::span<const std::byte> bytes);

// Which of the two crc32c is, for benchmarks and reports: "sse4.2", "armv8-crc" or "table".
const char* crc32c_implementation();

}  // namespace kiln

// 64 x 64 -> 128 bit products, for hashing and for scaling without bias or division.
#pragma once

#include <cstdint>

namespace kiln {

__extension__ typedef unsigned __int128 Wide;  // not ISO C++, but in every compiler Kiln supports

// floor(a * b / 2^64): maps a uniform 64-bit value onto [0, b).
constexpr std::uint64_t multiply_high(std::uint64_t a, std::uint64_t b) {
    return static_cast<std::uint64_t>((static_cast<Wide>(a) * b) >> 64);
}

// Both halves of a * b, exclusive-or.
constexpr std::uint64_t multiply_fold(std::uint64_t a, std::uint64_t b) {
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

}  // namespace kiln

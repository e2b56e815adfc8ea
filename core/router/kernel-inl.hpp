// The kernel's loops: the blocked product and the elementary functions lane by lane.
//
// Included inside other files' HWY_NAMESPACE.
#pragma once

#include <bit>
#include <cstddef>

#include <hwy/highway.h>

#include "core/numeric/elementary.hpp"

HWY_BEFORE_NAMESPACE();
namespace kiln::router::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Eight floats are one vector of AVX2 and two of NEON; rows are padded to eight.
using Tag = hn::CappedTag<float, 8>;
using Vector = hn::Vec<Tag>;
constexpr std::size_t lanes = hn::MaxLanes(Tag());
static_assert(8 % lanes == 0);

// Loops over a few registers must be gone, or the registers lie in memory: -O2 leaves them.
#define KILN_UNROLL _Pragma("GCC unroll 8")

// A matrix that is read element by element: A(m, k) is at values[m * row_stride + k * step].
struct Strided {
    const float* values;
    std::size_t row_stride;
    std::size_t step;
};

// C[m][n] = C[m][n] or 0, then for k ascending fma(A(m, k), B[k][n], .), for `rows` rows and
// `vectors` vectors of n: held in registers over all of k.
template <std::size_t rows, std::size_t vectors>
HWY_INLINE void product_block(bool is_added, float* C, Strided A, const float* B, std::size_t width,
                              std::size_t count) {
    const Tag tag;
    Vector sums[rows][vectors];
    KILN_UNROLL
    for (std::size_t m = 0; m < rows; ++m) {
        KILN_UNROLL
        for (std::size_t v = 0; v < vectors; ++v)
            sums[m][v] = is_added ? hn::Load(tag, C + m * width + v * lanes) : hn::Zero(tag);
    }
    for (std::size_t k = 0; k < count; ++k) {
        Vector row[vectors];
        KILN_UNROLL
        for (std::size_t v = 0; v < vectors; ++v)
            row[v] = hn::Load(tag, B + k * width + v * lanes);
        KILN_UNROLL
        for (std::size_t m = 0; m < rows; ++m) {
            const Vector factor = hn::Set(tag, A.values[m * A.row_stride + k * A.step]);
            KILN_UNROLL
            for (std::size_t v = 0; v < vectors; ++v)
                sums[m][v] = hn::MulAdd(row[v], factor, sums[m][v]);
        }
    }
    KILN_UNROLL
    for (std::size_t m = 0; m < rows; ++m) {
        KILN_UNROLL
        for (std::size_t v = 0; v < vectors; ++v)
            hn::Store(sums[m][v], tag, C + m * width + v * lanes);
    }
}

template <std::size_t vectors>
HWY_INLINE void product_columns(bool is_added, float* C, std::size_t rows, Strided A,
                                const float* B, std::size_t width, std::size_t count) {
    std::size_t m = 0;
    const auto at = [&](std::size_t row) {
        return Strided{A.values + row * A.row_stride, A.row_stride, A.step};
    };
    for (; m + 4 <= rows; m += 4)
        product_block<4, vectors>(is_added, C + m * width, at(m), B, width, count);
    for (; m < rows; ++m)
        product_block<1, vectors>(is_added, C + m * width, at(m), B, width, count);
}

// C [rows, width] from A [rows, count] and B [count, width].
inline void product(bool is_added, float* C, std::size_t rows, Strided A, const float* B,
                    std::size_t width, std::size_t count) {
    std::size_t n = 0;
    for (; n + 2 * lanes <= width; n += 2 * lanes)
        product_columns<2>(is_added, C + n, rows, A, B + n, width, count);
    for (; n < width; n += lanes)
        product_columns<1>(is_added, C + n, rows, A, B + n, width, count);
}

// tanh_of() of elementary.hpp, lane by lane.
HWY_INLINE Vector tanh_of(Vector x) {
    using Constants = ElementaryConstants<float>;
    const Tag tag;
    const hn::RebindToUnsigned<Tag> bits_tag;
    const Vector limit = hn::Set(tag, Constants::tanh_limit);
    const Vector rounder = hn::Set(tag, Constants::rounder);
    Vector size = hn::Abs(x);
    size = hn::IfThenElse(hn::Gt(size, limit), limit, size);
    const Vector y = hn::Mul(hn::Set(tag, -2.0f), size);
    const Vector shifted = hn::MulAdd(y, hn::Set(tag, Constants::log2_e), rounder);
    const Vector k = hn::Sub(shifted, rounder);
    Vector r = hn::MulAdd(k, hn::Set(tag, -Constants::ln2_high), y);
    r = hn::MulAdd(k, hn::Set(tag, -Constants::ln2_low), r);
    Vector tail = hn::Set(tag, Constants::tail[0]);
    KILN_UNROLL
    for (std::size_t i = 1; i < Constants::tail.size(); ++i)
        tail = hn::MulAdd(tail, r, hn::Set(tag, Constants::tail[i]));
    constexpr std::uint32_t to_exponent =
        Constants::exponent_bias - std::bit_cast<std::uint32_t>(Constants::rounder);
    const auto exponent = hn::Add(hn::BitCast(bits_tag, shifted), hn::Set(bits_tag, to_exponent));
    const Vector scale = hn::BitCast(tag, hn::ShiftLeft<Constants::mantissa_bits>(exponent));
    const Vector rest = hn::MulAdd(hn::Mul(r, r), tail, r);
    const Vector less_one = hn::MulAdd(scale, rest, hn::Sub(scale, hn::Set(tag, 1.0f)));
    return hn::CopySign(hn::Div(hn::Neg(less_one), hn::Add(hn::Set(tag, 2.0f), less_one)), x);
}

HWY_INLINE Vector logistic_of(Vector x) {
    const Tag tag;
    const Vector half = hn::Set(tag, 0.5f);
    return hn::MulAdd(tanh_of(hn::Mul(half, x)), half, half);
}

// Eight partial sums, joined in pairs; count: a multiple of eight.
inline float dot(const float* one, const float* other, std::size_t count) {
    const Tag tag;
    HWY_ALIGN float sums[8];
    for (std::size_t v = 0; v < 8; v += lanes) {
        Vector sum = hn::Zero(tag);
        for (std::size_t i = v; i < count; i += 8)
            sum = hn::MulAdd(hn::Load(tag, one + i), hn::Load(tag, other + i), sum);
        hn::Store(sum, tag, sums + v);
    }
    return ((sums[0] + sums[4]) + (sums[2] + sums[6])) +
           ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

}  // namespace kiln::router::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

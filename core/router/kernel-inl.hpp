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
    // Eight to twelve sums at a time: a multiply-add takes four cycles, and two begin in each.
    constexpr std::size_t rows_at_once = vectors == 4 ? 3 : 4;
    std::size_t m = 0;
    const auto at = [&](std::size_t row) {
        return Strided{A.values + row * A.row_stride, A.row_stride, A.step};
    };
    for (; m + rows_at_once <= rows && (vectors < 4 || rows - m != 4); m += rows_at_once)
        product_block<rows_at_once, vectors>(is_added, C + m * width, at(m), B, width, count);
    for (; m + 2 <= rows; m += 2)
        product_block<2, vectors>(is_added, C + m * width, at(m), B, width, count);
    if (m < rows)
        product_block<1, vectors>(is_added, C + m * width, at(m), B, width, count);
}

// C [rows, width] from A [rows, count] and B [count, width].
inline void product(bool is_added, float* C, std::size_t rows, Strided A, const float* B,
                    std::size_t width, std::size_t count) {
    std::size_t n = 0;
    for (; n + 4 * lanes <= width; n += 4 * lanes)
        product_columns<4>(is_added, C + n, rows, A, B + n, width, count);
    for (; n + 2 * lanes <= width; n += 2 * lanes)
        product_columns<2>(is_added, C + n, rows, A, B + n, width, count);
    for (; n < width; n += lanes)
        product_columns<1>(is_added, C + n, rows, A, B + n, width, count);
}

// What follows is elementary.hpp lane by lane, of floats or doubles.
template <typename Tag>
struct Exponentials {
    hn::Vec<Tag> scale;
    hn::Vec<Tag> rest;
};

template <typename Tag>
HWY_INLINE Exponentials<Tag> exponential(Tag tag, hn::Vec<Tag> x) {
    using Constants = ElementaryConstants<hn::TFromD<Tag>>;
    const hn::RebindToUnsigned<Tag> bits_tag;
    const auto rounder = hn::Set(tag, Constants::rounder);
    const auto shifted = hn::MulAdd(x, hn::Set(tag, Constants::log2_e), rounder);
    const auto k = hn::Sub(shifted, rounder);
    auto r = x;
    KILN_UNROLL
    for (std::size_t i = 0; i < Constants::ln2.size(); ++i)
        r = hn::NegMulAdd(k, hn::Set(tag, Constants::ln2[i]), r);
    auto tail = hn::Set(tag, Constants::tail[0]);
    KILN_UNROLL
    for (std::size_t i = 1; i < Constants::tail.size(); ++i)
        tail = hn::MulAdd(tail, r, hn::Set(tag, Constants::tail[i]));
    const auto exponent = hn::ShiftLeft<Constants::mantissa_bits>(hn::BitCast(bits_tag, shifted));
    return {hn::BitCast(tag, exponent), hn::MulAdd(hn::Mul(r, r), tail, r)};
}

template <typename Tag>
HWY_INLINE hn::Vec<Tag> tanh_of_half(Tag tag, hn::Vec<Tag> x) {
    using Constants = ElementaryConstants<hn::TFromD<Tag>>;
    const auto limit = hn::Set(tag, -Constants::tanh_limit);
    const auto less = hn::Or(x, hn::SignBit(tag));  // -|x|
    const auto e = exponential(tag, hn::IfThenElse(hn::Lt(less, limit), limit, less));
    const auto less_one = hn::MulAdd(e.scale, e.rest, hn::Sub(e.scale, hn::Set(tag, 1)));
    return hn::CopySign(hn::Div(less_one, hn::Add(hn::Set(tag, 2), less_one)), x);
}

template <typename Tag>
HWY_INLINE hn::Vec<Tag> tanh_of(Tag tag, hn::Vec<Tag> x) {
    return tanh_of_half(tag, hn::Add(x, x));
}

template <typename Tag>
HWY_INLINE hn::Vec<Tag> logistic_of(Tag tag, hn::Vec<Tag> x) {
    const auto half = hn::Set(tag, hn::TFromD<Tag>(0.5));
    return hn::MulAdd(tanh_of_half(tag, x), half, half);
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

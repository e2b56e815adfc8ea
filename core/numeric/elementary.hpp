// exp, log, tanh and the logistic function from additions, multiplications, divisions and fused
// multiply-adds only, so that they give the same bits on every IEEE machine; the ones of a
// mathematics library do not.
//
// Range reduction x = k ln 2 + r with |r| <= ln 2 / 2 and a Taylor polynomial for e^r - 1 (Muller,
// "Elementary Functions", 3rd edition, chapters 3 and 11). Errors, against the exact value: double
// 2 units in the last place, float 3; tanh of small arguments keeps its relative error. A value
// that is not a number stays one.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

namespace kiln {

template <typename Real>
struct ElementaryConstants;

template <>
struct ElementaryConstants<float> {
    using Bits = std::uint32_t;
    static constexpr float rounder = 0x1.8p23f;  // adding it leaves a whole number in the low bits
    static constexpr int mantissa_bits = 23;
    static constexpr Bits exponent_bias = 127;
    static constexpr float log2_e = 0x1.715476p0f;
    static constexpr float ln2_high = 0x1.62e4p-1f;  // k * ln2_high is exact for |k| < 2^9
    static constexpr float ln2_low = 0x1.7f7d1cp-20f;
    static constexpr float tanh_limit = 10;  // beyond, tanh rounds to 1
    // e^r - 1 = r + r^2 (1/2! + r/3! + ...): the highest coefficient first.
    static constexpr std::array<float, 6> tail = {1.0f / 5040, 1.0f / 720, 1.0f / 120,
                                                  1.0f / 24,   1.0f / 6,   1.0f / 2};
};

template <>
struct ElementaryConstants<double> {
    using Bits = std::uint64_t;
    static constexpr double rounder = 0x1.8p52;
    static constexpr int mantissa_bits = 52;
    static constexpr Bits exponent_bias = 1023;
    static constexpr double log2_e = 0x1.71547652b82fep0;
    static constexpr double ln2_high = 0x1.62e42fee00000p-1;
    static constexpr double ln2_low = 0x1.a39ef35793c76p-33;
    static constexpr double tanh_limit = 20;
    static constexpr std::array<double, 12> tail = {
        1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320,
        1.0 / 5040,       1.0 / 720,       1.0 / 120,      1.0 / 24,      1.0 / 6,      1.0 / 2};
};

// e^x as scale * (1 + rest), with scale a power of two; |x| < 700 (float: 87).
template <typename Real>
struct Exponential {
    Real scale;
    Real rest;
};

template <typename Real>
Exponential<Real> exponential(Real x) {
    using Constants = ElementaryConstants<Real>;
    using Bits = typename Constants::Bits;
    const Real shifted = std::fma(x, Constants::log2_e, Constants::rounder);
    const Real k = shifted - Constants::rounder;
    Real r = std::fma(k, -Constants::ln2_high, x);
    r = std::fma(k, -Constants::ln2_low, r);
    Real tail = Constants::tail[0];
    for (std::size_t i = 1; i < Constants::tail.size(); ++i)
        tail = std::fma(tail, r, Constants::tail[i]);
    const Bits exponent = std::bit_cast<Bits>(shifted) - std::bit_cast<Bits>(Constants::rounder) +
                          Constants::exponent_bias;
    return {std::bit_cast<Real>(exponent << Constants::mantissa_bits), std::fma(r * r, tail, r)};
}

// (1 - e^-2|x|) / (1 + e^-2|x|) with the sign of x.
template <typename Real>
Real tanh_of(Real x) {
    using Constants = ElementaryConstants<Real>;
    const Real size = std::abs(x) > Constants::tanh_limit ? Constants::tanh_limit : std::abs(x);
    const Exponential<Real> e = exponential(Real(-2) * size);
    const Real less_one = std::fma(e.scale, e.rest, e.scale - Real(1));  // e^-2|x| - 1
    return std::copysign(-less_one / (Real(2) + less_one), x);
}

// 1 / (1 + e^-x).
template <typename Real>
Real logistic_of(Real x) {
    return std::fma(tanh_of(Real(0.5) * x), Real(0.5), Real(0.5));
}

// Saturates at e^-700 and e^700.
inline double exp_of(double x) {
    const Exponential<double> e = exponential(x > 700 ? 700.0 : x < -700 ? -700.0 : x);
    return std::fma(e.scale, e.rest, e.scale);
}

// ln(1 + x) for x in [-0.3, 1]: twice the inverse hyperbolic tangent of x / (2 + x).
inline double log1p_of(double x) {
    const double s = x / (2 + x);
    const double square = s * s;
    // 1 + s^2 / 3 + s^4 / 5 + ...
    constexpr auto odd_inverses = [] {
        std::array<double, 20> inverses = {};
        for (std::size_t i = 0; i < inverses.size(); ++i)
            inverses[i] = 1.0 / static_cast<double>(2 * i + 1);
        return inverses;
    }();
    double sum = 0;
    for (std::size_t i = odd_inverses.size(); i-- > 0;)
        sum = std::fma(sum, square, odd_inverses[i]);
    return 2 * s * sum;
}

// ln x for normal x > 0.
inline double log_of(double x) {
    constexpr double ln2 = 0x1.62e42fefa39efp-1;
    constexpr std::uint64_t one_bits = 0x3ff0000000000000u;
    const auto bits = std::bit_cast<std::uint64_t>(x);
    auto exponent = static_cast<std::int64_t>(bits >> 52) - 1023;
    double mantissa = std::bit_cast<double>((bits & 0xfffffffffffffu) | one_bits);
    if (mantissa > 1.4) {  // so that logarithms near 0 keep their relative error
        mantissa *= 0.5;
        ++exponent;
    }
    return std::fma(static_cast<double>(exponent), ln2, log1p_of(mantissa - 1));
}

}  // namespace kiln

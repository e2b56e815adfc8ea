// exp, log, tanh and the logistic function from additions, multiplications, divisions and fused
// multiply-adds only, so that they give the same bits on every IEEE machine; the ones of a
// mathematics library do not.
//
// Range reduction x = k ln 2 + r with |r| <= ln 2 / 2 and a polynomial for e^r - 1 (Muller,
// "Elementary Functions", 3rd edition, chapters 3, 4 and 11). In float ln 2 is one number: where k
// is not small, e^x is, and only tanh and the logistic function are wanted. Errors, against the
// exact value: double 2 units in the last place, float 3; tanh of small arguments keeps its
// relative error. A value that is not a number stays one.
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
    // Adding it leaves a whole number in the low bits, plus 127, which is how an exponent is
    // written.
    static constexpr float rounder = 0x1.8p23f + 127;
    static constexpr int mantissa_bits = 23;
    static constexpr float log2_e = 0x1.715476p0f;
    static constexpr std::array<float, 1> ln2 = {0x1.62e43p-1f};
    static constexpr float tanh_limit = 20;  // beyond, tanh of half of it rounds to 1
    // (e^r - 1 - r) / r^2, the highest coefficient first: the polynomial with the least largest
    // error, 1.6e-8 of e^r - 1 for |r| <= 0.3475.
    static constexpr std::array<float, 5> tail = {0x1.6d9b0ap-10f, 0x1.12296ep-7f, 0x1.555484p-5f,
                                                  0x1.5554aep-3f, 0.5f};
};

template <>
struct ElementaryConstants<double> {
    using Bits = std::uint64_t;
    static constexpr double rounder = 0x1.8p52 + 1023;
    static constexpr int mantissa_bits = 52;
    static constexpr double log2_e = 0x1.71547652b82fep0;
    // In parts, so that k times the first is exact.
    static constexpr std::array<double, 2> ln2 = {0x1.62e42fee00000p-1, 0x1.a39ef35793c76p-33};
    static constexpr double tanh_limit = 40;
    // Taylor's: 1/2! + r/3! + ...
    static constexpr std::array<double, 12> tail = {
        1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320,
        1.0 / 5040,       1.0 / 720,       1.0 / 120,      1.0 / 24,      1.0 / 6,      1.0 / 2};
};

// e^x as scale * (1 + rest), with scale a power of two; |x| < 700 (float: -87 < x <= 0,
// and there x loses as many units in the last place as its size).
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
    Real r = x;
    for (const Real part : Constants::ln2)
        r = std::fma(k, -part, r);
    Real tail = Constants::tail[0];
    for (std::size_t i = 1; i < Constants::tail.size(); ++i)
        tail = std::fma(tail, r, Constants::tail[i]);
    const Bits exponent = std::bit_cast<Bits>(shifted) << Constants::mantissa_bits;
    return {std::bit_cast<Real>(exponent), std::fma(r * r, tail, r)};
}

// tanh(x / 2): (1 - e^-|x|) / (1 + e^-|x|) with the sign of x.
template <typename Real>
Real tanh_of_half(Real x) {
    constexpr Real limit = -ElementaryConstants<Real>::tanh_limit;
    const Real less = -std::abs(x);
    const Exponential<Real> e = exponential(less < limit ? limit : less);
    const Real less_one = std::fma(e.scale, e.rest, e.scale - Real(1));  // e^-|x| - 1
    return std::copysign(less_one / (Real(2) + less_one), x);
}

template <typename Real>
Real tanh_of(Real x) {
    return tanh_of_half(x + x);
}

// 1 / (1 + e^-x).
template <typename Real>
Real logistic_of(Real x) {
    return std::fma(tanh_of_half(x), Real(0.5), Real(0.5));
}

// Saturates at e^-700 and e^700.
inline double exp_of(double x) {
    const Exponential<double> e = exponential(x > 700 ? 700.0 : x < -700 ? -700.0 : x);
    return std::fma(e.scale, e.rest, e.scale);
}

// 1, 1 / 3, 1 / 5, ...
constexpr auto odd_inverses = [] {
    std::array<double, 20> inverses = {};
    for (std::size_t i = 0; i < inverses.size(); ++i)
        inverses[i] = 1.0 / static_cast<double>(2 * i + 1);
    return inverses;
}();

// ln(1 + x) for x in [-0.3, 1]: twice the inverse hyperbolic tangent of x / (2 + x).
inline double log1p_of(double x) {
    const double s = x / (2 + x);
    const double square = s * s;
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

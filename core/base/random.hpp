// Random numbers that belong to a purpose, not to a thread.
//
// Every game, opening and trial draws from a stream named by (seed, purpose, number), so that what
// it draws does not depend on which worker ran it or on what ran before. A stream is SplitMix64
// (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014): a counter
// that is mixed, 16 bytes of state, passes BigCrush. Integer arithmetic only: the same on every
// machine.
#pragma once

#include <cstdint>

#include "core/base/wide.hpp"

namespace kiln {

// What a stream is for. The numbers are part of the checkpoint contract: never renumber.
enum class StreamPurpose : std::uint64_t {
    self_play = 1,
    trial = 2,        // strength trials during training
    match = 3,        // matches of the evaluate command
    position = 4,     // random positions for tests and benchmarks
    control = 5,      // learning controls (shuffled results)
    held_out = 6,     // positions that strength is measured on, the same for every run
    development = 7,  // positions that models are compared on
};

constexpr std::uint64_t mix64(std::uint64_t value) {
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
}

class RandomStream {
  public:
    // The seed and the number go through different depths of mixing, so that they cannot trade
    // places: stream 5 of seed 7 has nothing to do with stream 7 of seed 5.
    constexpr RandomStream(std::uint64_t seed, StreamPurpose purpose, std::uint64_t number)
        : state_(mix64(mix64(mix64(seed + golden_gamma) + static_cast<std::uint64_t>(purpose)) ^
                       mix64(number + golden_gamma))) {}

    constexpr std::uint64_t next() {
        state_ += golden_gamma;
        return mix64(state_);
    }

    // Uniform in [0, bound), bound > 0. Unbiased to within bound / 2^64 (multiply-high).
    constexpr std::uint64_t below(std::uint64_t bound) { return multiply_high(next(), bound); }

    // Uniform in [0, 1), 53 random bits.
    constexpr double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

  private:
    static constexpr std::uint64_t golden_gamma = 0x9e3779b97f4a7c15u;

    std::uint64_t state_;
};

}  // namespace kiln

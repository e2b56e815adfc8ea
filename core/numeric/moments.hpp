// Moments: mean and variance of whole numbers, over all of them or over the newest.
//
// Sums are whole numbers, so that they are the same in any order and adding a value and taking it
// away again leaves no trace; a rolling window stays exact for ever. Plain data without padding:
// they lie in checkpoints as they are.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace kiln {

struct Moments {
    std::uint64_t count = 0;
    std::int64_t sum = 0;
    std::uint64_t square_sum = 0;

    void add(std::int64_t value) {
        ++count;
        sum += value;
        square_sum += static_cast<std::uint64_t>(value * value);
    }
    // A value that was added before.
    void remove(std::int64_t value) {
        --count;
        sum -= value;
        square_sum -= static_cast<std::uint64_t>(value * value);
    }
    void add(const Moments& other) {
        count += other.count;
        sum += other.sum;
        square_sum += other.square_sum;
    }

    // Of nothing: 0.
    double mean() const {
        return count == 0 ? 0 : static_cast<double>(sum) / static_cast<double>(count);
    }
    // Of the values themselves, not an estimate for a population.
    double variance() const {
        if (count == 0)
            return 0;
        const double square = static_cast<double>(square_sum) / static_cast<double>(count);
        return std::max(0.0, square - mean() * mean());
    }
    double deviation() const { return std::sqrt(variance()); }
};

// The newest `capacity` values.
template <typename Value, std::size_t capacity>
struct RollingMoments {
    Moments moments;              // of the values in the window ...
    std::uint64_t positive = 0;   // ... of which so many are above 0 ...
    std::uint64_t negative = 0;   // ... and so many below
    std::uint64_t added = 0;      // values ever added
    Value values[capacity] = {};  // value number n lies at n modulo capacity

    void add(Value value) {
        Value& place = values[added % capacity];
        if (added >= capacity) {
            moments.remove(place);
            positive -= place > 0;
            negative -= place < 0;
        }
        place = value;
        moments.add(value);
        positive += value > 0;
        negative += value < 0;
        ++added;
    }
};

// How far apart two distributions are, each taken as a normal one with that mean and deviation: the
// 2-Wasserstein distance, in the unit of the values. 0 if and only if both moments agree.
inline double normal_distance(const Moments& one, const Moments& other) {
    const double mean = one.mean() - other.mean();
    const double deviation = one.deviation() - other.deviation();
    return std::sqrt(mean * mean + deviation * deviation);
}

}  // namespace kiln

// Ring<T, N>: a bounded queue between one producer thread and one consumer thread.
//
// push and pop never wait and never allocate. When the ring is full, push drops the new element and
// counts it: a slow reader must not hold up training. T is trivially copyable. The N slots are part
// of the object and nothing in it is a pointer, so that both ends may be in different processes.
// Indices grow for ever and are reduced on use; N is a power of two.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace kiln {

template <typename T, std::size_t N>
class Ring {
    static_assert(std::is_trivially_copyable_v<T>);
    static_assert(std::has_single_bit(N));

  public:
    // Producer only. False when the ring was full and the element was dropped.
    bool push(const T& element) {
        const std::uint64_t tail = tail_.load(std::memory_order_relaxed);
        const std::uint64_t in_use = tail - head_.load(std::memory_order_acquire);
        if (in_use == N) {
            dropped_.fetch_add(1, std::memory_order_relaxed);
            return false;
        }
        slots_[tail & (N - 1)] = element;
        tail_.store(tail + 1, std::memory_order_release);
        if (in_use + 1 > peak_.load(std::memory_order_relaxed))
            peak_.store(in_use + 1, std::memory_order_relaxed);
        return true;
    }

    // Consumer only. False when the ring was empty.
    bool pop(T& element) {
        const std::uint64_t head = head_.load(std::memory_order_relaxed);
        if (head == tail_.load(std::memory_order_acquire))
            return false;
        element = slots_[head & (N - 1)];
        head_.store(head + 1, std::memory_order_release);
        return true;
    }

    std::size_t capacity() const { return N; }
    std::size_t used() const {
        return static_cast<std::size_t>(tail_.load(std::memory_order_acquire) -
                                        head_.load(std::memory_order_acquire));
    }
    std::size_t peak() const {
        return static_cast<std::size_t>(peak_.load(std::memory_order_relaxed));
    }
    std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

  private:
    alignas(64) std::atomic<std::uint64_t> head_{0};
    alignas(64) std::atomic<std::uint64_t> tail_{0};
    std::atomic<std::uint64_t> peak_{0};
    std::atomic<std::uint64_t> dropped_{0};
    alignas(64) T slots_[N] = {};
};

}  // namespace kiln

// Interrupt: when a search must give up, asked about every 1,024 nodes, and its sign of life.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/port/clock.hpp"
#include "core/train/heartbeat.hpp"

namespace kiln::othello {

struct Interrupt {
    const std::atomic<bool>* stop = nullptr;  // may be null: never
    Clock* clock = nullptr;                   // may be null when there is no deadline
    std::uint64_t deadline_ns = 0;            // 0: none
    Heartbeat* heartbeat = nullptr;           // may be null: nobody watches

    static constexpr std::uint64_t poll_interval_nodes = 1024;

    bool is_stopping() const { return stop != nullptr && stop->load(std::memory_order_relaxed); }
    bool is_due() const {
        if (heartbeat != nullptr)
            heartbeat->beat();
        return is_stopping() || (deadline_ns != 0 && clock->now_ns() >= deadline_ns);
    }
};

}  // namespace kiln::othello

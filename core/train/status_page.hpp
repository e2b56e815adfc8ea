// StatusPage: everything that the training half and the half that talks to people share while
// training.
//
// This is the complete list of memory that both sides touch at the same time. The training half
// writes counters, heartbeats and events; the other half writes requests. It holds no pointers and
// only lock-free atomics, so that it can lie in memory shared by two processes.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/memory/ledger.hpp"
#include "core/memory/ring.hpp"
#include "core/train/event.hpp"
#include "core/train/heartbeat.hpp"

namespace kiln {

struct StatusPage {
    static constexpr unsigned workers_max = 64;
    static constexpr std::size_t event_capacity = 1024;

    // Written by the other half.
    std::atomic<bool> stop{false};            // end the run: give up games in play, save, return
    std::atomic<bool> save_requested{false};  // save at the next epoch boundary; cleared when begun
    std::atomic<bool> ledger_requested{false};  // fill in the ledger then; cleared when done

    // Written by the training half.
    std::atomic<std::uint64_t> games_absorbed{0};
    std::atomic<std::uint64_t> games_played{0};  // runs ahead of games_absorbed within an epoch
    std::atomic<std::uint64_t> games_saved{0};   // in the newest durable checkpoint
    Heartbeat session;
    Heartbeat scribe;
    Heartbeat workers[workers_max];
    Ring<Event, event_capacity> events;  // training half -> other half
    Ledger ledger;                       // readable while ledger_requested is false

    // Ends the run in order. Async-signal-safe, from either half.
    void request_stop() {
        stop.store(true);
        // After the flag above: a worker that takes its own back looks at that one next.
        for (Heartbeat& worker : workers)
            worker.stop.store(true);
    }
};

}  // namespace kiln

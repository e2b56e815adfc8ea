// Heartbeat: what a thread of the training half shows of itself while it works.
//
// A thread that computes cannot be asked how it is, so it leaves signs of life: what it is doing,
// since when, and a number that grows as long as it gets on. Whoever watches compares the number
// with what it was. The other direction has one word: stop, "give up this piece of work", which the
// work polls about every 1,024 nodes. One line of the cache each, so that beating disturbs nobody.
#pragma once

#include <atomic>
#include <cstdint>

namespace kiln {

enum class Phase : std::uint32_t {
    waiting = 0,    // for work, or for the workers: nothing is expected of the thread
    loading = 1,    // the state, from a checkpoint or from nothing
    playing = 2,    // work: the ticket
    absorbing = 3,  // work: the shard
    measuring = 4,  // work: the trial
    finishing = 5,  // the end of an epoch
    saving = 6,     // work: the generation
};

struct alignas(64) Heartbeat {
    // Written by the thread itself.
    std::atomic<std::uint64_t> beats{0};
    std::atomic<std::uint64_t> work{0};
    std::atomic<std::uint64_t> started_ns{0};  // the piece of work, by the session's clock
    std::atomic<Phase> phase{Phase::waiting};
    std::atomic<std::int32_t> thread{0};  // the kernel's number for it; 0: not known

    // Written by whoever watches; taken back by the thread when it begins its next piece.
    std::atomic<bool> stop{false};

    void beat() {
        // One writer: no need to lock the line for an addition.
        beats.store(beats.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }

    void begin(Phase new_phase, std::uint64_t new_work, std::uint64_t now_ns) {
        work.store(new_work, std::memory_order_relaxed);
        started_ns.store(now_ns, std::memory_order_relaxed);
        phase.store(new_phase, std::memory_order_release);
        beat();
    }

    void rest() { phase.store(Phase::waiting, std::memory_order_release); }
};
static_assert(sizeof(Heartbeat) == 64);
static_assert(std::atomic<std::uint64_t>::is_always_lock_free &&
              std::atomic<Phase>::is_always_lock_free && std::atomic<bool>::is_always_lock_free);

}  // namespace kiln

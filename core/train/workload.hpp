// Workload: what Kiln trains. The core knows nothing else about Othello, routers or expressions.
//
// A workload answers a handful of questions and knows nothing of threads, files or systemd. Its
// work comes in *tickets*, numbered from 0. An epoch is a run of consecutive tickets:
//
//   play     every ticket once, by any worker, in any order, against state nobody writes;
//   absorb   every shard once, by any worker, in any order, each shard writing its own part of the
//   state; finish   once, by one thread: statistics and schedules, in ticket order.
//
// The contract that everything rests on: after an epoch the state is a function of (settings, seed,
// tickets so far) and of nothing else, not of the workers, the clock or the machine.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/checkpoint/section.hpp"
#include "core/memory/arena.hpp"
#include "core/memory/budget.hpp"
#include "core/memory/ledger.hpp"
#include "core/memory/pool.hpp"
#include "core/port/clock.hpp"
#include "core/train/event.hpp"
#include "core/train/heartbeat.hpp"

namespace kiln {

// What a workload must know about the run to size its regions.
struct Limits {
    std::uint32_t workers = 1;
    std::uint32_t epoch_games = 1;  // most tickets in one epoch
};

// What one worker gets for one ticket, shard or trial.
struct WorkContext {
    unsigned worker = 0;  // 0 .. Limits::workers - 1; selects per-worker scratch
    const std::atomic<bool>* stop = nullptr;  // poll it at least every millisecond of work
    Clock* clock = nullptr;          // for limits in milliseconds; nothing else may depend on it
    Heartbeat* heartbeat = nullptr;  // beat it as often as stop is polled; null: nobody watches

    bool is_stopping() const { return stop->load(std::memory_order_relaxed); }
};

// The tickets [first, first + count) and their records, in ticket order.
struct Epoch {
    std::uint64_t first_ticket = 0;
    std::uint32_t count = 0;
    const Pool* records = nullptr;  // slot i belongs to ticket first_ticket + i
};

enum class PlayOutcome {
    done,       // the record is complete
    abandoned,  // stopped in the middle, or failed; the record means nothing
};

class Workload {
  public:
    // Short name, static storage; written into checkpoints.
    virtual const char* name() const = 0;

    // Memory. bind() is called once, before anything below, with an arena that holds what plan()
    // asked for.
    virtual void plan(const Limits& limits, RegionList& regions) const = 0;
    virtual void bind(const Limits& limits, Arena& arena) = 0;
    virtual std::size_t record_bytes() const = 0;  // size of one ticket's record, a multiple of 64

    // State. reset() makes the untrained state; or else the sections are filled from a checkpoint
    // and restored() recomputes what is derived from them.
    virtual void reset() = 0;
    virtual void restored() = 0;
    virtual void list_sections(SectionList& sections) = 0;
    virtual std::uint64_t state_bytes() const = 0;  // of all its sections; before bind() too

    // Work.
    virtual PlayOutcome play(const WorkContext& context, std::uint64_t ticket,
                             std::span<std::byte> record) = 0;
    // What of the world outside has kept tickets from being done since it was last asked, if
    // anything has: the run ends with it, rather than leave them out. Asked when nobody plays.
    virtual Status take_failure() { return {}; }
    // Writes the record of a ticket that is left out: absorbing it changes nothing.
    virtual void skip(std::span<std::byte> record) = 0;
    virtual unsigned shard_count() const = 0;
    virtual void absorb(const WorkContext& context, const Epoch& epoch, unsigned shard) = 0;
    virtual void finish_epoch(const Epoch& epoch, EventSink& sink) = 0;
    // Whether there is nothing left to learn, before the target. Asked between epochs; a function
    // of the state, like everything.
    virtual bool is_finished() const { return false; }

    // Strength, measured now and then between epochs: trial_count() independent trials, by any
    // worker in any order, then one summary. Trials read the state and never change what is
    // learned.
    virtual unsigned trial_count() const = 0;
    virtual void run_trial(const WorkContext& context, unsigned trial) = 0;
    virtual void finish_trials(std::uint64_t games, EventSink& sink) = 0;

    // Puts values that are not finite or out of range back to neutral; returns how many there were.
    virtual std::uint64_t heal() = 0;

    // How much of its regions holds something, for those that are not in use as a whole.
    virtual void note_memory(Ledger& ledger) const = 0;

  protected:
    ~Workload() = default;
};

}  // namespace kiln

// The driver of the crash tests: saves, power cuts at every call, and a judge.
//
// After every changing call of a run of saves it asks the disk what a power cut could leave, all
// combinations or random ones, and lets the loader judge each: the newest checkpoint that lists is
// whole, and is the last acknowledged one or a later one, bit for bit; nothing else is ever found.
// Then the run goes on from there, through a save of its own, which may be cut short as well.
// Everything follows from a scenario's seed.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include "core/base/error.hpp"

#include "tests/sim/flawed_store.hpp"

namespace kiln::test {

struct CrashCounts {
    std::uint64_t states = 0;
    std::uint64_t violations = 0;
    std::string first_violation;

    void add(const CrashCounts& other) {
        states += other.states;
        violations += other.violations;
        if (first_violation.empty())
            first_violation = other.first_violation;
    }
};

struct Scenario {
    std::uint64_t seed = 1;
    Flaw flaw = Flaw::none;
    std::uint32_t keep = 2;
    std::uint32_t saves = 4;
    // The third save has the second's games but another state: a rename over an existing name.
    bool repeats_games = false;
    bool is_compressed = false;

    // Which calls fail; 0: none.
    std::uint64_t fail_first = 0;
    std::uint64_t fail_last = std::numeric_limits<std::uint64_t>::max();
    ErrorCode fail_code = ErrorCode::io_failed;
    bool fail_takes_effect = false;

    // States a call: all combinations while there are at most 12 uncertain operations, and random
    // ones at the grain of operations and of sectors beside them.
    bool takes_all_combinations = true;
    std::uint32_t random_states = 8;
    // Of so many states one is carried on from, through the next save.
    std::uint32_t goes_on_every = 1;
};

// Saves through CheckpointWriter, each followed by the retention of old ones. `has_failed` tells
// whether the run was long enough for the call that was to fail.
CrashCounts crash_saves(const Scenario& scenario, bool* has_failed = nullptr);

// The same through a Session with the null workload, from the first game to the last.
CrashCounts crash_session(const Scenario& scenario, bool* has_failed = nullptr);

// What fsync does not promise: rot, writes that were lost or went to another file, stale reads. The
// damage must be noticed and the newest undamaged checkpoint be found. `rounds` random cases.
CrashCounts damage_checkpoints(std::uint64_t seed, std::uint64_t rounds);
// A judge that can be deceived: the newest is whole but of another run. Every round is a violation.
CrashCounts forge_checkpoints(std::uint64_t seed, std::uint64_t rounds);

}  // namespace kiln::test

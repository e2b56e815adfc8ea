// What the drivers of the crash tests share: the plan of what is saved, the judge of what is found,
// and the walk through everything that a power cut may leave.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "tests/sim/crash_driver.hpp"
#include "tests/sim/sim_disk.hpp"
#include "tests/support/checkpoints.hpp"
#include "tests/support/recovery.hpp"

namespace kiln::test {

inline constexpr std::size_t nothing = SIZE_MAX;

// Two chunks and a bit, small sections around it and one that is empty.
inline const std::vector<std::size_t> section_lengths = {4'096, 8, 66'000, 0, 700};

// What is saved, in order; what is expected of every save.
struct PlannedSaves {
    std::vector<State> states;
    std::vector<LoadedCheckpoint> checkpoints;
    Compression compression = Compression::none;
    // Save `i` of a run, from an ordinary writer, at once and undisturbed.
    void add(std::uint64_t games, std::uint64_t seed) {
        states.emplace_back(section_lengths, seed);
        states.back().thin_out(2);  // something to compress
        SimDisk disk;
        CHECK(save(disk, states.back(), games, compression));
        Recovery recovery;
        CHECK(recover(disk, recovery) && recovery.is_found);
        checkpoints.push_back(recovery.checkpoint);
    }
};

// Counts states and complains about those that no reader may ever see.
class Judge {
  public:
    Judge(const Scenario& scenario, const std::vector<LoadedCheckpoint>& checkpoints)
        : scenario_(scenario), checkpoints_(checkpoints) {}

    std::size_t acknowledged = nothing;  // the newest save that was reported as durable
    std::size_t attempted = 0;           // the newest that was begun
    CrashCounts counts;

    // Looks at a disk after a power cut; which checkpoint it found.
    std::size_t judge(SimDisk& disk) {
        ++counts.states;
        const Status status = recover(disk, recovery_);
        if (!status)
            return complain("the directory cannot be read", status.error());
        if (recovery_.damaged > 0)
            return complain("the newest checkpoint that lists is damaged", recovery_.first_error);
        if (!recovery_.is_found) {
            if (acknowledged != nothing)
                complain("no checkpoint is left", {});
            return nothing;
        }
        for (std::size_t i = acknowledged == nothing ? 0 : acknowledged; i <= attempted; ++i)
            if (recovery_.checkpoint == checkpoints_[i])
                return i;
        return complain("neither the old checkpoint nor the new one", {});
    }
    std::size_t complain(const std::string& what, const Error& error) {
        if (counts.violations++ == 0)
            counts.first_violation = what + " (" + describe(error.code) + "), " + place();
        return nothing;
    }
    std::uint64_t call = 0;

  private:
    std::string place() const {
        return std::string(name_of(scenario_.flaw)) + ", seed " + std::to_string(scenario_.seed) +
               ", keep " + std::to_string(scenario_.keep) + ", save " + std::to_string(attempted) +
               ", call " + std::to_string(call) + ", failing from call " +
               std::to_string(scenario_.fail_first);
    }

    const Scenario& scenario_;
    const std::vector<LoadedCheckpoint>& checkpoints_;
    Recovery recovery_;
};

// Hands every state that a power cut could leave now to a function.
template <typename Visit>
inline void visit_power_cuts(const SimDisk& disk, const Scenario& scenario, std::uint64_t call,
                             const Visit& visit) {
    if (scenario.takes_all_combinations && disk.uncertain_operations() <= 12) {
        EveryChoice every;
        do {
            SimDisk found = disk.after_power_cut(every, SimDisk::Grain::operation);
            visit(found);
        } while (every.advance());
    }
    for (std::uint32_t i = 0; i < scenario.random_states; ++i) {
        RandomChoice random(scenario.seed, call * 1'000'003 + i);
        SimDisk found = disk.after_power_cut(
            random, i % 4 == 0 ? SimDisk::Grain::operation : SimDisk::Grain::sector);
        visit(found);
    }
}

inline bool has_leftovers(const SimDisk& disk) {
    const std::vector<std::string> names = disk.names();
    return std::any_of(names.begin(), names.end(),
                       [](const std::string& name) { return name.ends_with(".tmp"); });
}

}  // namespace kiln::test

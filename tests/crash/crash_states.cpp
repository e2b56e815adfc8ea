// The crash tests of tests/sim, as long as one likes.
//
//   crash_states [STATES [SEED]]     default: 1000000 states, seed 1
//
// Goes through saves and sessions with other seeds, retentions and failures until so many states
// were judged; prints one line and ends with 1 on any violation. A violation names its seed.
#include <cstdio>
#include <cstdlib>

#include "core/base/random.hpp"

#include "platform/linux/check_report.hpp"
#include "tests/sim/crash_driver.hpp"

namespace kiln::test {
namespace {

// One scenario, drawn; now and then with a call that fails.
Scenario draw(std::uint64_t seed) {
    RandomStream chance(seed, StreamPurpose::position, 0);
    Scenario scenario;
    scenario.seed = seed;
    scenario.keep = static_cast<std::uint32_t>(1 + chance.below(4));
    scenario.saves = static_cast<std::uint32_t>(2 + chance.below(5));
    scenario.repeats_games = chance.below(2) != 0;
    scenario.is_compressed = chance.below(3) == 0;
    scenario.random_states = 24;
    scenario.goes_on_every = 4;
    if (chance.below(2) != 0) {
        scenario.takes_all_combinations = chance.below(4) == 0;
        scenario.fail_first = 1 + chance.below(std::uint64_t{16} * scenario.saves);
        scenario.fail_last = chance.below(2) != 0 ? UINT64_MAX : scenario.fail_first;
        scenario.fail_code = chance.below(2) != 0 ? ErrorCode::no_space : ErrorCode::io_failed;
        scenario.fail_takes_effect = chance.below(2) != 0;
    }
    return scenario;
}

void print(const char* what, const CrashCounts& counts) {
    std::printf("crash_states, %s: %llu states, %llu violations\n", what,
                static_cast<unsigned long long>(counts.states),
                static_cast<unsigned long long>(counts.violations));
    if (counts.violations != 0)
        std::printf("  the first: %s\n", counts.first_violation.c_str());
}

int run(std::uint64_t states, std::uint64_t seed) {
    CrashCounts saves;
    CrashCounts sessions;
    CrashCounts damage;
    while (saves.states + sessions.states + damage.states < states) {
        saves.add(crash_saves(draw(seed)));
        // A session's state is smaller: it takes several runs for as many states.
        for (std::uint64_t i = 0; i < 4; ++i)
            sessions.add(crash_session(draw(seed * 1'000 + i)));
        damage.add(damage_checkpoints(seed, 1'000));
        ++seed;
    }
    print("saves", saves);
    print("sessions", sessions);
    print("damage", damage);
    return saves.violations + sessions.violations + damage.violations == 0 ? 0 : 1;
}

}  // namespace
}  // namespace kiln::test

int main(int count, char** arguments) {
    kiln::platform::install_check_report();
    const std::uint64_t states = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : 1'000'000;
    const std::uint64_t seed = count > 2 ? std::strtoull(arguments[2], nullptr, 10) : 1;
    return kiln::test::run(states, seed);
}

// The old-or-new invariant on a disk that may do everything a file system is allowed to, and what
// holds on one that does worse. tests/crash/crash_states.cpp does the same a thousand times longer.
#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "tests/sim/crash_driver.hpp"

namespace kiln::test {
namespace {

void expect_sound(const CrashCounts& counts, std::uint64_t states) {
    EXPECT_EQ(counts.violations, 0u) << counts.first_violation;
    EXPECT_GE(counts.states, states);
    testing::Test::RecordProperty("states", std::to_string(counts.states));
}

TEST(PowerCut, at_any_call_leaves_the_old_checkpoint_or_the_new_one) {
    CrashCounts counts;
    for (const std::uint32_t keep : {1u, 2u, 3u}) {
        Scenario scenario;
        scenario.seed = keep;
        scenario.keep = keep;
        scenario.repeats_games = keep == 2;
        scenario.is_compressed = keep == 3;
        scenario.goes_on_every = 8;
        counts.add(crash_saves(scenario));
    }
    expect_sound(counts, 12'000);
}

TEST(PowerCut, at_any_call_of_a_session_leaves_the_old_checkpoint_or_the_new_one) {
    for (const bool is_compressed : {false, true}) {
        Scenario scenario;
        scenario.saves = 6;
        scenario.is_compressed = is_compressed;
        expect_sound(crash_session(scenario), 5'000);
    }
}

// Every call fails in turn, once or from then on, for want of space or by the device, with or
// without effect; and the power may go at any call as well.
CrashCounts fail_at_every_call(CrashCounts (*run)(const Scenario&, bool*), Scenario scenario) {
    CrashCounts counts;
    scenario.takes_all_combinations = false;
    scenario.random_states = 2;
    scenario.goes_on_every = 4;
    for (const ErrorCode code : {ErrorCode::no_space, ErrorCode::io_failed})
        for (const bool is_sticky : {false, true})
            for (const bool takes_effect : {false, true}) {
                scenario.fail_code = code;
                scenario.fail_takes_effect = takes_effect;
                bool has_failed = true;
                for (scenario.fail_first = 1; has_failed; ++scenario.fail_first) {
                    scenario.fail_last = is_sticky ? UINT64_MAX : scenario.fail_first;
                    ++scenario.seed;
                    counts.add(run(scenario, &has_failed));
                }
            }
    return counts;
}

TEST(PowerCut, beside_a_failure_at_any_call_leaves_the_old_checkpoint_or_the_new_one) {
    Scenario scenario;
    scenario.keep = 1;
    scenario.saves = 2;
    expect_sound(fail_at_every_call(crash_saves, scenario), 5'000);
}

TEST(PowerCut, beside_a_failure_at_any_call_of_a_session_leaves_the_old_or_the_new_one) {
    Scenario scenario;
    scenario.keep = 1;
    scenario.saves = 2;
    expect_sound(fail_at_every_call(crash_session, scenario), 5'000);
}

TEST(Damage, beyond_what_fsync_promises_is_noticed_and_the_newest_whole_checkpoint_is_found) {
    for (const std::uint64_t seed : {7u, 8u})  // compressed and not
        expect_sound(damage_checkpoints(seed, 1'000), 1'000);
}

// The tests above can fail.
class FlawedWriter : public testing::TestWithParam<Flaw> {};
INSTANTIATE_TEST_SUITE_P(with, FlawedWriter,
                         testing::Values(Flaw::no_file_sync, Flaw::no_directory_sync,
                                         Flaw::directory_sync_after_removal,
                                         Flaw::rename_before_sync, Flaw::removal_before_rename,
                                         Flaw::writes_in_place),
                         [](const auto& flaw) {
                             std::string name = name_of(flaw.param);
                             std::replace(name.begin(), name.end(), ' ', '_');
                             return name;
                         });

TEST_P(FlawedWriter, is_caught) {
    Scenario scenario;
    scenario.flaw = GetParam();
    scenario.keep = 1;
    scenario.saves = 2;
    scenario.takes_all_combinations = false;
    EXPECT_GT(crash_saves(scenario).violations, 0u);
    EXPECT_GT(crash_session(scenario).violations, 0u);
}

class CarelessWriter : public testing::TestWithParam<Flaw> {};
INSTANTIATE_TEST_SUITE_P(with, CarelessWriter,
                         testing::Values(Flaw::failed_sync_repeated,
                                         Flaw::failed_directory_sync_ignored),
                         [](const auto& flaw) {
                             std::string name = name_of(flaw.param);
                             std::replace(name.begin(), name.end(), ' ', '_');
                             return name;
                         });

TEST_P(CarelessWriter, is_caught_when_calls_fail) {
    Scenario scenario;
    scenario.flaw = GetParam();
    scenario.keep = 1;
    scenario.saves = 2;
    EXPECT_GT(fail_at_every_call(crash_saves, scenario).violations, 0u);
    EXPECT_GT(fail_at_every_call(crash_session, scenario).violations, 0u);
}

TEST(Damage, that_looks_whole_would_be_noticed_by_the_judge) {
    EXPECT_EQ(forge_checkpoints(7, 3).violations, 3u);
}

}  // namespace
}  // namespace kiln::test

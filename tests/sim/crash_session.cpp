// A session on a disk that loses power or fails: see crash_session() in crash_driver.hpp.
#include "core/null/null_workload.hpp"

#include "tests/sim/judge.hpp"
#include "tests/support/trainer.hpp"

namespace kiln::test {
namespace {

constexpr std::uint32_t epoch_games = 16;
constexpr std::uint64_t workload_seed = 151;
constexpr std::uint64_t second_ns = 1'000'000'000;

SessionSettings settings_of(const Scenario& scenario) {
    SessionSettings settings;
    settings.epoch_games = epoch_games;
    settings.checkpoint_every_games = std::uint64_t{2} * epoch_games;
    settings.target_games = scenario.saves * settings.checkpoint_every_games;
    settings.keep_checkpoints = scenario.keep;
    settings.compress = scenario.is_compressed;
    return settings;
}

// What an undisturbed run has after every epoch.
std::vector<LoadedCheckpoint> all_checkpoints(const Scenario& scenario) {
    SessionSettings settings = settings_of(scenario);
    settings.checkpoint_every_games = epoch_games;
    settings.keep_checkpoints = 1'000;
    SimDisk disk;
    NullWorkload workload(workload_seed);
    TestRun run(workload, settings, 1);
    run.start_fresh();
    CHECK(run.train_alone(disk));
    Catalog catalog;
    CHECK(read_catalog(disk, catalog));
    std::vector<LoadedCheckpoint> checkpoints(catalog.count);
    for (std::size_t i = 0; i < catalog.count; ++i)
        CHECK(load_checkpoint(disk, catalog.entries[catalog.count - 1 - i], checkpoints[i]));
    return checkpoints;
}

// One process's run, in which every epoch takes ten seconds, so that a retry is due at the next.
class Process {
  public:
    explicit Process(const Scenario& scenario)
        : null_(workload_seed), hooked_(null_), run_(hooked_, settings_of(scenario), 1) {
        hooked_.after_epoch = [this](std::uint64_t) { run_.clock.advance_ns(10 * second_ns); };
    }
    TestRun& run() { return run_; }

    // The games of the newest checkpoint that was reported as saved since the last call, or 0.
    std::uint64_t saved_games() {
        std::uint64_t games = 0;
        for (const Event& event : run_.events())
            if (event.kind == EventKind::checkpoint_saved)
                games = event.games;
        return games;
    }

  private:
    NullWorkload null_;
    HookedWorkload hooked_;
    TestRun run_;
};

// The next process sweeps, resumes and ends where an undisturbed run does.
void finish(SimDisk& disk, const Scenario& scenario, const LoadedCheckpoint& expected,
            Judge& judge) {
    if (!sweep_unfinished(disk) || has_leftovers(disk)) {
        judge.complain("unfinished files survive the next start", {});
        return;
    }
    Process process(scenario);
    if (!process.run().resume(disk))
        process.run().start_fresh();
    Recovery recovery;
    if (!process.run().train_alone(disk) || !recover(disk, recovery) ||
        !(recovery.checkpoint == expected))
        judge.complain("the resumed run ends elsewhere", {});
}

}  // namespace

CrashCounts crash_session(const Scenario& scenario, bool* has_failed) {
    const std::vector<LoadedCheckpoint> checkpoints = all_checkpoints(scenario);
    Judge judge(scenario, checkpoints);
    judge.attempted = checkpoints.size() - 1;
    Process process(scenario);
    SimDisk disk;
    if (scenario.fail_first != 0)
        disk.fail_calls(scenario.fail_first, scenario.fail_last, scenario.fail_code,
                        scenario.fail_takes_effect);
    const auto note_saved = [&] {
        if (const std::uint64_t games = process.saved_games(); games != 0)
            judge.acknowledged = games / epoch_games - 1;
    };
    disk.after_change = [&] {
        ++judge.call;
        note_saved();
        visit_power_cuts(disk, scenario, judge.call, [&](SimDisk& found) {
            const std::uint64_t violations = judge.counts.violations;
            (void)judge.judge(found);
            if (judge.counts.violations == violations && scenario.flaw == Flaw::none &&
                judge.counts.states % (std::uint64_t{64} * scenario.goes_on_every) == 0)
                finish(found, scenario, checkpoints.back(), judge);
        });
    };
    FlawedStore store(disk, scenario.flaw);
    process.run().start_fresh();
    const Result<SessionEnd> end = process.run().train_alone(store);
    disk.after_change = nullptr;
    note_saved();
    if (has_failed != nullptr)
        *has_failed = disk.has_failed();
    if (scenario.flaw != Flaw::none)
        return judge.counts;

    // One failure stops nothing; with a disk that stays broken, training still goes to its end.
    if (process.run().games() != checkpoints.back().games)
        judge.complain("training stopped", {});
    const bool is_sticky = scenario.fail_last > scenario.fail_first;
    if (!end && !(is_sticky && disk.has_failed()))
        judge.complain("the final save failed", end.error());
    if (end && judge.acknowledged != judge.attempted)
        judge.complain("the run ended well without its final checkpoint", {});
    if (disk.has_repeated_sync())
        judge.complain("a file was synced again after a failure", {});
    // The process ends, the disk works again, nothing was lost in between.
    disk.fail_calls(0, 0, ErrorCode::none, false);
    (void)judge.judge(disk);
    finish(disk, scenario, checkpoints.back(), judge);
    return judge.counts;
}

}  // namespace kiln::test

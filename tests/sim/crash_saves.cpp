#include "tests/sim/judge.hpp"

namespace kiln::test {
namespace {

// What the next process does: sweep, save once more, remove what is too old.
class NextProcess {
  public:
    NextProcess(const Scenario& scenario, const PlannedSaves& plan, std::uint64_t games)
        : scenario_(scenario), plan_(plan) {
        next_.compression = plan.compression;
        next_.add(games, scenario.seed + 1'000);
    }

    void go_on(SimDisk& disk, std::size_t found, Judge& judge) {
        if (!sweep_unfinished(disk) || has_leftovers(disk)) {
            judge.complain("unfinished files survive the next start", {});
            return;
        }
        // Another power cut on the way: exhaustive ones took days for others, so now and then.
        if (turn_++ % 61 == 0) {
            expected_ = {next_.checkpoints[0]};
            if (found != nothing)
                expected_.insert(expected_.begin(), plan_.checkpoints[found]);
            Judge second(scenario_, expected_);
            second.acknowledged = found == nothing ? nothing : 0;
            second.attempted = expected_.size() - 1;
            second.call = judge.call;
            disk.after_change = [&] {
                RandomChoice random(scenario_.seed, ++turn_ << 20);
                SimDisk cut = disk.after_power_cut(random, SimDisk::Grain::sector);
                second.judge(cut);
            };
            save_next(disk, judge);
            disk.after_change = nullptr;
            judge.counts.add(second.counts);
        } else {
            save_next(disk, judge);
        }
    }

  private:
    void save_next(SimDisk& disk, Judge& judge) {
        if (!save(disk, next_.states[0], next_.checkpoints[0].games, next_.compression) ||
            !remove_old(disk, scenario_.keep))
            judge.complain("the next save fails", {});
        else if (!recover(disk, recovery_) || !(recovery_.checkpoint == next_.checkpoints[0]) ||
                 recovery_.damaged > 0)
            judge.complain("the next save cannot be loaded", {});
    }

    const Scenario& scenario_;
    const PlannedSaves& plan_;
    PlannedSaves next_;
    std::vector<LoadedCheckpoint> expected_;
    Recovery recovery_;
    std::uint64_t turn_ = 0;
};

}  // namespace

CrashCounts crash_saves(const Scenario& scenario, bool* has_failed) {
    PlannedSaves plan;
    plan.compression = scenario.is_compressed ? Compression::lz4 : Compression::none;
    for (std::uint32_t i = 0; i < scenario.saves; ++i)
        plan.add(std::uint64_t{100} * (scenario.repeats_games && i == 2 ? i : i + 1),
                 scenario.seed + i);
    Judge judge(scenario, plan.checkpoints);
    NextProcess next(scenario, plan, std::uint64_t{100} * scenario.saves + 100);

    SimDisk disk;
    if (scenario.fail_first != 0)
        disk.fail_calls(scenario.fail_first, scenario.fail_last, scenario.fail_code,
                        scenario.fail_takes_effect);
    disk.after_change = [&] {
        ++judge.call;
        visit_power_cuts(disk, scenario, judge.call, [&](SimDisk& found) {
            const std::uint64_t violations = judge.counts.violations;
            const std::size_t step = judge.judge(found);
            if (judge.counts.violations == violations && scenario.flaw == Flaw::none &&
                judge.counts.states % scenario.goes_on_every == 0)
                next.go_on(found, step, judge);
        });
    };
    FlawedStore store(disk, scenario.flaw);
    for (std::size_t i = 0; i < plan.states.size(); ++i) {
        judge.attempted = i;
        // As a session does it: a failed save once more, to a new file.
        if (!save(store, plan.states[i], plan.checkpoints[i].games, plan.compression) &&
            !save(store, plan.states[i], plan.checkpoints[i].games, plan.compression))
            continue;
        judge.acknowledged = i;
        (void)remove_old(store, scenario.keep);
    }
    if (disk.has_repeated_sync() && scenario.flaw == Flaw::none)
        judge.complain("a file was synced again after a failure", {});
    if (has_failed != nullptr)
        *has_failed = disk.has_failed();
    return judge.counts;
}

}  // namespace kiln::test

// What goes on beside the epochs: saves, heartbeats, the ledger.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "core/null/null_workload.hpp"
#include "core/train/session.hpp"

#include "tests/support/block_store.hpp"
#include "tests/support/trainer.hpp"

namespace kiln {
namespace {

using test::BlockStore;
using test::HookedWorkload;
using test::LaunchedTeam;
using test::TestRun;

constexpr std::uint64_t seed = 153;
constexpr std::uint64_t target = 160;
constexpr std::uint64_t epoch_games = 16;

SessionSettings settings_every(std::uint64_t checkpoint_every_games) {
    SessionSettings settings;
    settings.target_games = target;
    settings.epoch_games = epoch_games;
    settings.checkpoint_every_games = checkpoint_every_games;
    settings.keep_checkpoints = 100;
    return settings;
}

std::string file_of(std::uint64_t games) {
    return checkpoint_file_name(games).text;
}

// Waits for another thread's doing. False when that never comes, so that a test fails and does not
// hang.
bool comes_true(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline)
            return false;
        std::this_thread::yield();
    }
    return true;
}

// Calls a function before a file is written to or synced.
class HookedStore final : public Store {
  public:
    BlockStore inner;
    std::function<void()> before_append;
    std::function<void()> before_sync;

    Result<File> create(const FileName& name) override { return inner.create(name); }
    Result<File> open(const FileName& name) override { return inner.open(name); }
    Status append(File file, std::span<const std::byte> bytes) override {
        if (before_append)
            before_append();
        return inner.append(file, bytes);
    }
    Status read(File file, std::uint64_t offset, std::span<std::byte> bytes) override {
        return inner.read(file, offset, bytes);
    }
    Result<std::uint64_t> size(File file) override { return inner.size(file); }
    Status sync(File file) override {
        if (before_sync)
            before_sync();
        return inner.sync(file);
    }
    Status close(File file) override { return inner.close(file); }
    Status rename(const FileName& from, const FileName& to) override {
        return inner.rename(from, to);
    }
    Status remove(const FileName& name) override { return inner.remove(name); }
    Status sync_directory() override { return inner.sync_directory(); }
    Result<std::size_t> list(std::span<FileName> names) override { return inner.list(names); }
};

// The checkpoint of a run that ends there and knows of no saves in between.
BlockStore::Contents straight_run(std::uint64_t games) {
    BlockStore store;
    SessionSettings settings = settings_every(0);
    settings.stop_after_games = games;
    NullWorkload workload(seed);
    TestRun run(workload, settings, 1);
    run.start_fresh();
    EXPECT_TRUE(run.train_alone(store));
    return store.contents(file_of(games));
}

TEST(SessionSaves, one_that_falls_due_while_another_is_written_waits_for_it) {
    HookedStore store;
    NullWorkload null(seed);
    HookedWorkload workload(null);
    TestRun run(workload, settings_every(epoch_games), 2);
    LaunchedTeam team(2);
    std::atomic<std::uint64_t> absorbed{0};
    std::atomic<std::uint64_t> syncs{0};
    std::atomic<bool> is_in_time{true};
    workload.after_epoch = [&](std::uint64_t games) { absorbed = games; };
    // A disk so slow that no save is durable before the next falls due.
    store.before_sync = [&] {
        const std::uint64_t next = std::min(target, (++syncs + 1) * epoch_games);
        if (!comes_true([&] { return absorbed >= next; }))
            is_in_time = false;
    };
    run.start_fresh();
    ASSERT_TRUE(run.train(*team, store));
    EXPECT_TRUE(is_in_time);
    std::vector<std::uint64_t> saved;
    for (const Event& event : run.events())
        if (event.kind == EventKind::checkpoint_saved)
            saved.push_back(event.as<CheckpointSaved>().generation);
    std::vector<std::uint64_t> expected;
    for (std::uint64_t games = epoch_games; games <= target; games += epoch_games)
        expected.push_back(games);
    ASSERT_EQ(saved, expected);
    for (const std::uint64_t games : expected)
        EXPECT_TRUE(store.inner.contents(file_of(games)) == straight_run(games)) << games;
}

TEST(SessionSaves, nothing_is_expected_of_the_session_while_it_waits_for_the_disk) {
    HookedStore store;
    NullWorkload null(seed);
    HookedWorkload workload(null);
    TestRun run(workload, settings_every(epoch_games), 1);
    LaunchedTeam team(1);
    std::atomic<std::uint64_t> absorbed{0};
    std::atomic<int> rests{0};
    workload.after_epoch = [&](std::uint64_t games) { absorbed = games; };
    store.before_sync = [&] {
        const std::uint64_t next = std::min(target, run.page.scribe.work + epoch_games);
        if (comes_true([&] { return absorbed >= next; }) &&
            comes_true([&] { return run.page.session.phase == Phase::waiting; }))
            ++rests;
    };
    run.start_fresh();
    ASSERT_TRUE(run.train(*team, store));
    EXPECT_EQ(rests, 10);
}

TEST(SessionSaves, training_goes_on_while_one_is_made_durable) {
    for (const bool compress : {false, true}) {
        HookedStore store;
        SessionSettings settings = settings_every(0);
        settings.compress = compress;
        NullWorkload null(seed);
        HookedWorkload workload(null);
        TestRun run(workload, settings, 2);
        LaunchedTeam team(2);
        std::atomic<bool> went_on{true};
        run.page.save_requested = true;  // after the first epoch
        store.before_sync = [&] {
            if (run.page.scribe.work == epoch_games)
                went_on = comes_true([&] { return run.page.games_absorbed >= 6 * epoch_games; });
        };
        run.start_fresh();
        ASSERT_TRUE(run.train(*team, store));
        EXPECT_TRUE(went_on);
        EXPECT_EQ(store.inner.names(), (std::vector<std::string>{file_of(16), file_of(target)}));
        if (!compress) {
            EXPECT_TRUE(store.inner.contents(file_of(16)) == straight_run(16));
        }
    }
}

TEST(SessionSaves, from_a_copy_training_goes_on_while_one_is_written_and_it_holds_its_moment) {
    for (const bool compress : {false, true}) {
        HookedStore store;
        SessionSettings settings = settings_every(0);
        settings.compress = compress;
        settings.saves_from_copy = true;
        NullWorkload null(seed);
        HookedWorkload workload(null);
        TestRun run(workload, settings, 2);
        LaunchedTeam team(2);
        std::atomic<bool> went_on{true};
        run.page.save_requested = true;  // after the first epoch
        store.before_append = [&] {
            // Every write of the first save but the header's, which the session makes.
            if (run.page.scribe.phase == Phase::saving && run.page.scribe.work == epoch_games &&
                !comes_true([&] { return run.page.games_absorbed >= 6 * epoch_games; }))
                went_on = false;
        };
        run.start_fresh();
        ASSERT_TRUE(run.train(*team, store));
        EXPECT_TRUE(went_on);
        EXPECT_EQ(store.inner.names(), (std::vector<std::string>{file_of(16), file_of(target)}));
        if (!compress) {
            EXPECT_TRUE(store.inner.contents(file_of(16)) == straight_run(16));
            EXPECT_TRUE(store.inner.contents(file_of(target)) == straight_run(target));
        }
    }
}

TEST(SessionSaves, workers_wait_with_absorbing_until_the_state_is_handed_over) {
    HookedStore store;
    NullWorkload null(seed);
    HookedWorkload workload(null);
    TestRun run(workload, settings_every(epoch_games), 2);
    LaunchedTeam team(2);
    std::atomic<bool> has_waited{true};
    std::set<std::uint64_t> seen;  // by the scribe
    store.before_append = [&] {
        const std::uint64_t games = run.page.scribe.work;
        // The session writes the header. After it all of the state is still to come, and the next
        // epoch is played.
        if (run.page.scribe.phase != Phase::saving || games == target || !seen.insert(games).second)
            return;
        if (!comes_true([&] { return run.page.games_played == games + epoch_games; }))
            has_waited = false;
        for (int i = 0; i < 2'000; ++i) {
            std::this_thread::yield();
            if (run.page.games_absorbed != games)
                has_waited = false;
            for (unsigned worker = 0; worker < 2; ++worker)
                if (run.page.workers[worker].phase == Phase::absorbing)
                    has_waited = false;
        }
    };
    run.start_fresh();
    ASSERT_TRUE(run.train(*team, store));
    EXPECT_TRUE(has_waited);
    EXPECT_EQ(seen.size(), 9u);
    for (std::uint64_t games = epoch_games; games <= target; games += epoch_games)
        EXPECT_TRUE(store.inner.contents(file_of(games)) == straight_run(games)) << games;
}

TEST(SessionLedger, is_filled_when_asked_for_at_the_end_of_an_epoch) {
    BlockStore store;
    NullWorkload null(seed);
    HookedWorkload workload(null);
    TestRun run(workload, settings_every(0), 1);
    workload.before_play = [&](std::uint64_t ticket) {
        if (ticket == 20)
            run.page.ledger_requested = true;
        EXPECT_EQ(run.page.ledger_requested.load(), ticket >= 20 && ticket < 32);
    };
    run.start_fresh("a text");
    ASSERT_TRUE(run.train_alone(store));
    const Ledger& ledger = run.page.ledger;
    ASSERT_NE(ledger.find("game records"), nullptr);
    EXPECT_EQ(ledger.find("game records")->used_bytes, epoch_games * 64);
    EXPECT_EQ(ledger.find("game records")->peak_bytes, epoch_games * 64);
    ASSERT_NE(ledger.find("settings text"), nullptr);
    EXPECT_EQ(ledger.find("settings text")->used_bytes, 6u);
    ASSERT_NE(ledger.find("checkpoint checksums"), nullptr);
    EXPECT_EQ(ledger.find("checkpoint checksums")->used_bytes, 0u);  // nothing is being saved
    EXPECT_GT(ledger.find("checkpoint checksums")->peak_bytes, 0u);
}

TEST(SessionLedger, is_left_alone_when_nobody_asks_and_filled_anew_when_asked_again) {
    BlockStore store;
    NullWorkload null(seed);
    HookedWorkload workload(null);
    TestRun run(workload, settings_every(0), 1);
    std::size_t entries = 0;
    workload.before_play = [&](std::uint64_t ticket) {
        if (ticket < 40) {
            EXPECT_TRUE(run.page.ledger.entries().empty());
        }
        if (ticket == 60)
            entries = run.page.ledger.entries().size();
        if (ticket == 40 || ticket == 70)
            run.page.ledger_requested = true;
    };
    run.start_fresh();
    ASSERT_TRUE(run.train_alone(store));
    EXPECT_GT(entries, 0u);
    EXPECT_EQ(run.page.ledger.entries().size(), entries);
}

// Looks at the page from within every piece of work.
class LookingWorkload final : public test::WorkloadWrapper {
  public:
    LookingWorkload(Workload& inner) : WorkloadWrapper(inner) {}
    StatusPage* page = nullptr;
    std::set<std::uint64_t> shards;
    std::set<std::uint64_t> trials;
    std::uint64_t last_beats = 0;

    PlayOutcome play(const WorkContext& context, std::uint64_t ticket,
                     std::span<std::byte> record) override {
        expect(context, Phase::playing, ticket);
        EXPECT_FALSE(context.stop->load());
        EXPECT_EQ(page->session.phase, Phase::waiting);
        return WorkloadWrapper::play(context, ticket, record);
    }
    void absorb(const WorkContext& context, const Epoch& epoch, unsigned shard) override {
        expect(context, Phase::absorbing, shard);
        shards.insert(shard);
        WorkloadWrapper::absorb(context, epoch, shard);
    }
    void finish_epoch(const Epoch& epoch, EventSink& sink) override {
        EXPECT_EQ(page->session.phase, Phase::finishing);
        EXPECT_EQ(page->workers[0].phase, Phase::waiting);
        WorkloadWrapper::finish_epoch(epoch, sink);
    }
    unsigned trial_count() const override { return 3; }
    void run_trial(const WorkContext& context, unsigned trial) override {
        expect(context, Phase::measuring, trial);
        EXPECT_FALSE(context.stop->load());
        EXPECT_EQ(page->session.phase, Phase::waiting);
        trials.insert(trial);
    }
    void finish_trials(std::uint64_t, EventSink&) override {
        EXPECT_EQ(page->session.phase, Phase::finishing);
        EXPECT_EQ(page->workers[0].phase, Phase::waiting);
    }

  private:
    void expect(const WorkContext& context, Phase phase, std::uint64_t work) {
        const Heartbeat& heartbeat = page->workers[context.worker];
        EXPECT_EQ(context.heartbeat, &heartbeat);
        EXPECT_EQ(heartbeat.phase, phase);
        EXPECT_EQ(heartbeat.work, work);
        EXPECT_EQ(heartbeat.started_ns, context.clock->now_ns());
        EXPECT_GT(heartbeat.beats, last_beats);
        last_beats = heartbeat.beats;
    }
};

TEST(SessionHeartbeats, show_what_each_thread_is_doing) {
    HookedStore store;
    SessionSettings settings = settings_every(64);
    settings.trials_every_games = 64;
    NullWorkload null(seed);
    LookingWorkload workload(null);
    TestRun run(workload, settings, 1);
    workload.page = &run.page;
    std::set<std::uint64_t> saved;
    store.before_append = [&] {
        const bool is_header = run.page.scribe.phase == Phase::waiting;
        const Heartbeat& heartbeat = is_header ? run.page.session : run.page.scribe;
        EXPECT_EQ(heartbeat.phase, Phase::saving);
        EXPECT_EQ(heartbeat.work, run.games());
        saved.insert(heartbeat.work);
    };
    run.start_fresh();
    run.page.workers[0].stop = true;  // of a trainer before
    ASSERT_TRUE(run.train_alone(store));
    EXPECT_EQ(workload.shards.size(), NullWorkload::shards);
    EXPECT_EQ(workload.trials.size(), 3u);
    EXPECT_EQ(saved, (std::set<std::uint64_t>{64, 128, target}));
    EXPECT_EQ(run.page.session.phase, Phase::waiting);
    EXPECT_EQ(run.page.scribe.phase, Phase::waiting);
    EXPECT_EQ(run.page.workers[0].phase, Phase::waiting);
    EXPECT_GT(run.page.scribe.beats, saved.size());
}

TEST(SessionHeartbeats, a_trial_that_is_asked_to_end_does_not_end_the_run) {
    class Asked final : public test::WorkloadWrapper {
      public:
        using WorkloadWrapper::WorkloadWrapper;
        std::vector<bool> asked;
        unsigned trial_count() const override { return 3; }
        void run_trial(const WorkContext& context, unsigned trial) override {
            asked.push_back(context.stop->load());
            if (trial == 1)
                context.heartbeat->stop = true;
        }
    };
    BlockStore store;
    SessionSettings settings = settings_every(0);
    settings.trials_every_games = 80;
    NullWorkload null(seed);
    Asked workload(null);
    TestRun run(workload, settings, 1);
    run.start_fresh();
    const Result<SessionEnd> end = run.train_alone(store);
    ASSERT_TRUE(end);
    EXPECT_EQ(end.value(), SessionEnd::target_reached);
    EXPECT_EQ(workload.asked, std::vector<bool>(6, false));
}

}  // namespace
}  // namespace kiln

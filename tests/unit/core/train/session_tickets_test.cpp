// Tickets that are given up, begin again, and are left out.
#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "core/checkpoint/writer.hpp"
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
using Tickets = std::vector<std::uint64_t>;

constexpr std::uint64_t seed = 152;
constexpr std::uint64_t target = 160;

SessionSettings settings_to(std::uint64_t games, std::uint32_t epoch_games = 16) {
    SessionSettings settings;
    settings.target_games = games;
    settings.epoch_games = epoch_games;
    return settings;
}

// A run of the null workload in which some attempts at some tickets are asked to give up.
class DisturbedRun {
  public:
    explicit DisturbedRun(const SessionSettings& settings = settings_to(target),
                          unsigned workers = 1)
        : run(workload_, settings, workers), workers_(workers) {
        workload_.before_play = [this](std::uint64_t ticket) {
            const int attempt = ++attempts_[ticket];
            if (asks && asks(ticket, attempt))
                ask(ticket);
        };
        run.start_fresh();
    }

    Result<SessionEnd> train() {
        if (workers_ == 1)
            return run.train_alone(store);
        LaunchedTeam team(workers_);
        return run.train(*team, store);
    }
    // As a watch would, while a worker plays it.
    void ask(std::uint64_t ticket) {
        for (Heartbeat& worker : run.page.workers)
            if (worker.phase == Phase::playing && worker.work == ticket)
                worker.stop = true;
    }
    int attempts(std::uint64_t ticket) const { return attempts_[ticket]; }
    Tickets skipped() {
        const auto all = run.session().skipped().all();
        return {all.begin(), all.end()};
    }
    BlockStore::Contents checkpoint(std::uint64_t games) {
        return store.contents(checkpoint_file_name(games).text);
    }
    // How often any counter was added to.
    std::uint64_t counted() {
        SectionList sections;
        null_.list_sections(sections);
        const auto bytes = sections.all()[0].bytes;
        const auto* counters = reinterpret_cast<const std::uint64_t*>(bytes.data());
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < bytes.size() / sizeof(*counters); ++i)
            sum += counters[i];
        return sum;
    }

    BlockStore store;
    std::function<bool(std::uint64_t ticket, int attempt)> asks;

  private:
    NullWorkload null_{seed};
    HookedWorkload workload_{null_};
    std::array<std::atomic<int>, 4096> attempts_ = {};

  public:
    TestRun run;

  private:
    unsigned workers_;
};

BlockStore::Contents undisturbed(const Tickets& skips = {}) {
    DisturbedRun run;
    EXPECT_TRUE(run.run.session().skip(skips));
    EXPECT_TRUE(run.train());
    return run.checkpoint(target);
}

template <typename Payload>
std::vector<Payload> payloads(const std::vector<Event>& events, EventKind kind) {
    std::vector<Payload> found;
    for (const Event& event : events)
        if (event.kind == kind)
            found.push_back(event.as<Payload>());
    return found;
}

TEST(SessionTickets, given_up_once_begins_again_and_leaves_the_same_checkpoint) {
    const std::set<std::uint64_t> slow = {0, 5, 20, 47, 159};
    for (const unsigned workers : {1u, 2u, 4u}) {
        SCOPED_TRACE(workers);
        DisturbedRun disturbed(settings_to(target), workers);
        disturbed.asks = [&](std::uint64_t ticket, int attempt) {
            return attempt == 1 && slow.count(ticket) != 0;
        };
        ASSERT_TRUE(disturbed.train());
        EXPECT_TRUE(disturbed.checkpoint(target) == undisturbed());
        EXPECT_TRUE(disturbed.skipped().empty());
        const auto events = disturbed.run.events();
        std::set<std::uint64_t> told;
        for (const auto& abandoned :
             payloads<TicketAbandoned>(events, EventKind::ticket_abandoned)) {
            EXPECT_EQ(abandoned.attempt, 1u);
            EXPECT_LT(abandoned.worker, workers);
            told.insert(abandoned.ticket);
        }
        EXPECT_EQ(told, slow);
        EXPECT_TRUE(payloads<TicketSkipped>(events, EventKind::ticket_skipped).empty());
    }
}

TEST(SessionTickets, that_fails_twice_is_left_out_and_told_however_many_workers_there_are) {
    const BlockStore::Contents expected = undisturbed({5, 47});
    for (const unsigned workers : {1u, 2u, 4u}) {
        SCOPED_TRACE(workers);
        DisturbedRun disturbed(settings_to(target), workers);
        disturbed.asks = [](std::uint64_t ticket, int) { return ticket == 47 || ticket == 5; };
        ASSERT_TRUE(disturbed.train());
        EXPECT_EQ(disturbed.skipped(), (Tickets{5, 47}));
        EXPECT_EQ(disturbed.attempts(5), 2);
        EXPECT_EQ(disturbed.attempts(47), 2);
        EXPECT_EQ(disturbed.counted(), (target - 2) * NullWorkload::shards);
        EXPECT_TRUE(disturbed.checkpoint(target) == expected);
        const auto events = disturbed.run.events();
        std::vector<std::pair<std::uint64_t, std::uint32_t>> attempts;
        for (const auto& abandoned : payloads<TicketAbandoned>(events, EventKind::ticket_abandoned))
            attempts.emplace_back(abandoned.ticket, abandoned.attempt);
        EXPECT_EQ(attempts, (std::vector<std::pair<std::uint64_t, std::uint32_t>>{
                                {5, 1}, {5, 2}, {47, 1}, {47, 2}}));
        const auto skipped = payloads<TicketSkipped>(events, EventKind::ticket_skipped);
        ASSERT_EQ(skipped.size(), 2u);
        EXPECT_EQ(skipped[0].ticket, 5u);
        EXPECT_EQ(skipped[0].skipped, 1u);
        EXPECT_EQ(skipped[1].ticket, 47u);
        EXPECT_EQ(skipped[1].skipped, 2u);
    }
    EXPECT_FALSE(expected == undisturbed());
}

TEST(SessionTickets, handed_over_as_left_out_are_never_played) {
    DisturbedRun run;
    ASSERT_TRUE(run.run.session().skip(Tickets{100, 3, 159, 3}));
    ASSERT_TRUE(run.train());
    for (const std::uint64_t ticket : {3u, 100u, 159u})
        EXPECT_EQ(run.attempts(ticket), 0);
    EXPECT_EQ(run.skipped(), (Tickets{3, 100, 159}));
    EXPECT_EQ(run.counted(), (target - 3) * NullWorkload::shards);
    EXPECT_EQ(run.run.games(), target);
}

TEST(SessionTickets, left_out_are_remembered_by_the_checkpoint) {
    BlockStore store;
    SessionSettings settings = settings_to(target);
    settings.stop_after_games = 64;
    NullWorkload first(seed);
    TestRun before(first, settings, 1);
    before.start_fresh();
    ASSERT_TRUE(before.session().skip(Tickets{40, 100}));
    ASSERT_TRUE(before.train_alone(store));

    NullWorkload null(seed);
    HookedWorkload second(null);
    TestRun after(second, settings_to(target), 1);
    second.before_play = [](std::uint64_t ticket) { EXPECT_NE(ticket, 100u); };
    ASSERT_TRUE(after.resume(store));
    EXPECT_TRUE(after.session().skipped().contains(40));
    ASSERT_TRUE(after.train_alone(store));
    EXPECT_TRUE(store.contents(checkpoint_file_name(target).text) == undisturbed({40, 100}));
}

TEST(SessionTickets, that_were_absorbed_cannot_be_left_out_any_more) {
    BlockStore store;
    NullWorkload first(seed);
    TestRun before(first, settings_to(64), 1);
    before.start_fresh();
    ASSERT_TRUE(before.train_alone(store));
    NullWorkload second(seed);
    TestRun after(second, settings_to(target), 1);
    ASSERT_TRUE(after.resume(store));
    ASSERT_TRUE(after.session().skip(Tickets{0, 63}));
    EXPECT_TRUE(after.session().skipped().all().empty());
    ASSERT_TRUE(after.session().skip(Tickets{64}));
    EXPECT_TRUE(after.session().skipped().contains(64));
}

TEST(SessionTickets, left_out_after_the_newest_checkpoint_are_saved_even_when_nothing_is_played) {
    BlockStore store;
    NullWorkload first(seed);
    TestRun before(first, settings_to(64), 1);
    before.start_fresh();
    ASSERT_TRUE(before.train_alone(store));
    NullWorkload second(seed);
    TestRun after(second, settings_to(64), 1);
    ASSERT_TRUE(after.resume(store));
    ASSERT_TRUE(after.session().skip(Tickets{70}));
    ASSERT_TRUE(after.train_alone(store));
    NullWorkload third(seed);
    TestRun again(third, settings_to(64), 1);
    ASSERT_TRUE(again.resume(store));
    EXPECT_TRUE(again.session().skipped().contains(70));
}

TEST(SessionTickets, more_than_the_list_holds_are_refused) {
    DisturbedRun run;
    Tickets tickets(SkipList::capacity + 1);
    for (std::size_t i = 0; i < tickets.size(); ++i)
        tickets[i] = i;
    const Status status = run.run.session().skip(tickets);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::too_many_skipped);
    EXPECT_EQ(status.error().detail, SkipList::capacity);
}

TEST(SessionTickets, too_many_left_out_end_the_run_after_saving_the_state_before) {
    constexpr std::uint64_t good = 32;
    for (const unsigned workers : {1u, 4u}) {
        DisturbedRun run(settings_to(1'000), workers);
        run.asks = [](std::uint64_t ticket, int) { return ticket >= good; };
        const Result<SessionEnd> end = run.train();
        ASSERT_FALSE(end);
        EXPECT_EQ(end.error().code, ErrorCode::too_many_skipped);
        EXPECT_EQ(run.run.games(), good + SkipList::capacity);
        EXPECT_EQ(run.skipped().size(), SkipList::capacity);
        EXPECT_TRUE(run.store.exists(checkpoint_file_name(run.run.games()).text));
        EXPECT_EQ(run.counted(), good * NullWorkload::shards);
        EXPECT_EQ(run.run.page.games_played.load(), run.run.games());
    }
}

TEST(SessionTickets, too_many_left_out_in_one_epoch_end_the_run_too) {
    DisturbedRun run(settings_to(1'000, 500));
    run.asks = [](std::uint64_t, int) { return true; };
    const Result<SessionEnd> end = run.train();
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().code, ErrorCode::too_many_skipped);
    EXPECT_EQ(run.run.games(), 0u);
}

TEST(SessionTickets, that_fail_for_good_are_left_out_however_many_are_given_up_in_an_epoch) {
    for (const unsigned workers : {1u, 4u}) {
        DisturbedRun run(settings_to(500, 500), workers);
        run.asks = [](std::uint64_t ticket, int attempt) {
            return attempt == 1 || ticket == 499 || ticket % 2 == 0;
        };
        ASSERT_TRUE(run.train());
        EXPECT_EQ(run.skipped().size(), 251u);
        EXPECT_EQ(run.counted(), (500 - 251) * NullWorkload::shards);
    }
}

TEST(SessionTickets, being_asked_while_the_run_stops_is_no_failure_of_theirs) {
    for (std::uint64_t stop_at = 0; stop_at < target; stop_at += 11) {
        for (const bool first_asked : {false, true}) {
            SCOPED_TRACE(testing::Message() << stop_at << ' ' << first_asked);
            DisturbedRun run;
            run.asks = [&](std::uint64_t ticket, int) {
                if (ticket != stop_at)
                    return false;
                if (first_asked)
                    run.ask(ticket);
                run.run.page.request_stop();
                return true;
            };
            const Result<SessionEnd> end = run.train();
            ASSERT_TRUE(end);
            EXPECT_EQ(end.value(), SessionEnd::stopped);
            EXPECT_EQ(run.run.games(), stop_at / 16 * 16);
            EXPECT_TRUE(run.skipped().empty());
            EXPECT_TRUE(
                payloads<TicketAbandoned>(run.run.events(), EventKind::ticket_abandoned).empty());
            NullWorkload workload(seed);
            TestRun later(workload, settings_to(target), 1);
            ASSERT_TRUE(later.resume(run.store));
            ASSERT_TRUE(later.train_alone(run.store));
            EXPECT_TRUE(run.checkpoint(target) == undisturbed());
        }
    }
}

// Raises the run's stop flag at a certain look at the time, which a worker takes between beginning
// a ticket and taking its own flag back.
class StoppingClock final : public Clock {
  public:
    StoppingClock(StatusPage& page, int look) : page_(page), look_(look) {}
    std::uint64_t now_ns() override {
        if (looks_++ == look_)
            page_.request_stop();
        return 1;
    }

  private:
    StatusPage& page_;
    int look_;
    int looks_ = 0;
};

TEST(SessionTickets, none_is_played_after_a_request_to_stop_whenever_that_comes) {
    for (int look = 0; look < 250; ++look) {
        SCOPED_TRACE(look);
        BlockStore store;
        NullWorkload null(seed);
        HookedWorkload workload(null);
        TestRun run(workload, settings_to(target), 1);
        run.start_fresh();
        workload.before_play = [&](std::uint64_t) { EXPECT_FALSE(run.page.stop.load()); };
        StoppingClock clock(run.page, look);
        SerialTeam team;
        SerialTeam scribe;
        ASSERT_TRUE(run.session().run({&team, &scribe, &store, &clock, &run.page}));
        NullWorkload other(seed);
        TestRun later(other, settings_to(target), 1);
        ASSERT_TRUE(later.resume(store));
        ASSERT_TRUE(later.train_alone(store));
        EXPECT_TRUE(store.contents(checkpoint_file_name(target).text) == undisturbed());
    }
}

TEST(SessionTickets, nothing_is_lost_when_workers_are_asked_while_the_run_stops_at_any_moment) {
    for (std::uint64_t stop_at = 1; stop_at < target; stop_at += 13) {
        SCOPED_TRACE(stop_at);
        DisturbedRun run(settings_to(target), 4);
        std::atomic<bool> is_over{false};
        std::thread watch([&] {
            for (unsigned worker = 0; !is_over; ++worker) {
                if (run.run.page.games_played >= stop_at) {
                    run.run.page.request_stop();
                    run.run.page.workers[worker % 4].stop = true;
                }
                std::this_thread::yield();
            }
        });
        const Result<SessionEnd> end = run.train();
        is_over = true;
        watch.join();
        ASSERT_TRUE(end);
        EXPECT_EQ(run.run.games() % 16, 0u);
        EXPECT_TRUE(run.skipped().empty());
        NullWorkload workload(seed);
        TestRun later(workload, settings_to(target), 1);
        ASSERT_TRUE(later.resume(run.store));
        ASSERT_TRUE(later.train_alone(run.store));
        EXPECT_TRUE(run.checkpoint(target) == undisturbed());
    }
}

TEST(SessionTickets, a_checkpoint_whose_list_makes_no_sense_is_refused) {
    for (const std::uint64_t count : {std::uint64_t{2}, SkipList::capacity + 1, UINT64_MAX}) {
        struct Progress {
            std::uint64_t games = 16;
            SkipList skipped;
        };
        std::vector<Progress> progress(1);
        progress[0].skipped.count = count;
        progress[0].skipped.tickets[0] = 50;
        progress[0].skipped.tickets[1] = 40;  // out of order
        std::vector<char> text(Session::settings_text_capacity);
        std::vector<std::uint64_t> counters(NullWorkload::shards *
                                            NullWorkload::counters_per_shard);
        SectionList sections;
        sections.add(section("run.settings", ElementType::text, std::span(text)));
        sections.add(section("run.progress", ElementType::record, std::span(progress)));
        sections.add(section("null.counters", ElementType::u64, std::span(counters)));
        BlockStore store;
        CheckpointWriter writer;
        std::vector<std::uint32_t> table(CheckpointWriter::table_words(sections));
        writer.bind(table);
        ASSERT_TRUE(writer.begin(store, sections, {"null", 16}));
        ASSERT_TRUE(writer.finish());
        NullWorkload workload(seed);
        TestRun run(workload, settings_to(target), 1);
        const Status status = run.resume(store);
        ASSERT_FALSE(status) << count;
        EXPECT_EQ(status.error().code, ErrorCode::corrupt_header);
    }
}

}  // namespace
}  // namespace kiln

// A training run in a test: a session with its memory, page and clock, and teams to run it on.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "core/checkpoint/catalog.hpp"
#include "core/memory/arena.hpp"
#include "core/train/serial_team.hpp"
#include "core/train/session.hpp"

#include "platform/linux/mapping.hpp"
#include "platform/linux/worker_team.hpp"
#include "tests/support/workload_wrapper.hpp"

namespace kiln::test {

// Stands still until it is moved.
class FixedClock final : public Clock {
  public:
    std::uint64_t now_ns() override { return now_ns_.load(); }
    void advance_ns(std::uint64_t ns) { now_ns_ += ns; }

  private:
    std::atomic<std::uint64_t> now_ns_{1'000'000'000};
};

// The platform's team, with stacks of its own.
class LaunchedTeam {
  public:
    explicit LaunchedTeam(unsigned workers) {
        const std::uint64_t bytes =
            platform::WorkerTeam::stack_region_bytes(workers, std::uint64_t{1} << 20);
        CHECK(stacks_.map(bytes));
        CHECK(team_.launch(workers, stacks_.span()));
    }
    Team& operator*() { return team_; }

  private:
    platform::Mapping stacks_;
    platform::WorkerTeam team_;  // goes before its stacks
};

// Calls a function before a ticket is played and after an epoch was absorbed.
class HookedWorkload final : public WorkloadWrapper {
  public:
    using WorkloadWrapper::WorkloadWrapper;

    std::function<void(std::uint64_t ticket)> before_play;  // by any worker
    std::function<void(std::uint64_t games)> after_epoch;   // by the session's thread

    PlayOutcome play(const WorkContext& context, std::uint64_t ticket,
                     std::span<std::byte> record) override {
        if (before_play)
            before_play(ticket);
        return WorkloadWrapper::play(context, ticket, record);
    }
    void finish_epoch(const Epoch& epoch, EventSink& sink) override {
        WorkloadWrapper::finish_epoch(epoch, sink);
        if (after_epoch)
            after_epoch(epoch.first_ticket + epoch.count);
    }
};

// One process's part of a run: plans, binds, trains and says what happened.
class TestRun {
  public:
    TestRun(Workload& workload, const SessionSettings& settings, unsigned workers)
        : session_(settings, workload) {
        RegionList regions;
        session_.plan(workers, regions);
        const Plan plan = plan_budget(regions, std::uint64_t{1} << 40);
        CHECK(block_.map(plan.arena_bytes));
        Arena arena(block_.span(), plan);
        session_.bind(workers, arena);
        arena.seal();
    }
    TestRun(const TestRun&) = delete;
    TestRun& operator=(const TestRun&) = delete;

    void start_fresh(std::string_view settings_text = "test") {
        session_.start_fresh(settings_text);
    }
    // From the newest checkpoint in the store.
    Status resume(Store& store, std::string_view settings_text = "test") {
        const auto catalog = std::make_unique<Catalog>();
        TRY(read_catalog(store, *catalog));
        if (catalog->count == 0)
            return Error{.code = ErrorCode::not_found};
        const auto reader = std::make_unique<CheckpointReader>();
        const Result<CheckpointInfo> info = reader->open(store, catalog->entries[0].name);
        if (!info)
            return info.error();
        const Status status = session_.restore(*reader, settings_text);
        reader->close();
        return status;
    }
    // The scribe is a thread too.
    Result<SessionEnd> train(Team& team, Store& store) {
        return session_.run({&team, &*scribe, &store, &clock, &page});
    }
    // All on this thread.
    Result<SessionEnd> train_alone(Store& store) {
        SerialTeam team;
        SerialTeam writing;
        return session_.run({&team, &writing, &store, &clock, &page});
    }

    // What was reported since the last call.
    std::vector<Event> events() {
        std::vector<Event> events;
        Event event;
        while (page.events.pop(event))
            events.push_back(event);
        return events;
    }
    std::uint64_t games() const { return session_.games(); }
    Session& session() { return session_; }

    StatusPage page;
    FixedClock clock;
    LaunchedTeam scribe{1};

  private:
    platform::Mapping block_;
    Session session_;
};

}  // namespace kiln::test

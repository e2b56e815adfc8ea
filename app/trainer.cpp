#include "app/trainer.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

#include <fmt/format.h>
#include <pthread.h>

#include "app/failure.hpp"
#include "app/text.hpp"
#include "platform/linux/process_info.hpp"

namespace kiln::app {
namespace {

constexpr const char* region_worker_stacks = "worker stacks";
constexpr const char* region_session_stack = "session stack";
constexpr const char* region_table = "transposition table";
constexpr std::uint64_t stack_bytes = 1u << 20;  // of every thread
constexpr std::uint64_t page_bytes = 4096;

// Measured on x86-64 at the end of a run: 5 MB are resident beside the arena. The allowance leaves
// room for other machines' libraries.
constexpr std::uint64_t program_bytes = 24'000'000;
// FileStore keeps two windows of 8 MiB and what was just written; the rest is the reading of one.
constexpr std::uint64_t save_cache_bytes = 32'000'000;

constexpr auto poll_interval = std::chrono::milliseconds(10);
constexpr int polls_per_status = 10;

std::uint32_t worker_count(const RunSettings& settings) {
    if (settings.workers != 0)
        return settings.workers;
    return std::min(platform::allowed_cpu_count(), platform::WorkerTeam::capacity);
}

// What each worker gets of the region, in whole buckets.
std::uint64_t granted_table_bytes(const Plan& plan, std::uint32_t workers) {
    constexpr std::uint64_t bucket = sizeof(othello::TableBucket);
    const Region* region = plan.regions.find(region_table);
    return region == nullptr ? 0 : region->bytes / bucket / workers * bucket;
}

}  // namespace

void plan_program(RegionList& regions) {
    regions.add_outside("program and libraries", "system", program_bytes);
}

SessionSettings session_settings(const RunSettings& settings) {
    SessionSettings session = settings.session;
    session.target_games = settings.othello.target_games;
    if (session.checkpoint_every_games == automatic)
        session.checkpoint_every_games =
            std::max<std::uint64_t>(session.target_games / 5, session.epoch_games);
    if (session.trials_every_games == automatic)
        session.trials_every_games =
            std::clamp<std::uint64_t>(session.target_games / 20, 500, 10'000);
    return session;
}

Trainer::Trainer(const RunSettings& settings) : settings_(settings) {
    settings_.workers = worker_count(settings);
    settings_.session = session_settings(settings);
    Workload* workload = nullptr;
    if (settings_.workload == "null")
        workload = &null_.emplace(settings_.othello.seed);
    else
        workload = &othello_.emplace(settings_.othello);
    session_.emplace(settings_.session, *workload);

    session_->plan(settings_.workers, requests_);
    requests_.add(region_worker_stacks, "team",
                  platform::WorkerTeam::stack_region_bytes(settings_.workers, stack_bytes),
                  page_bytes);
    requests_.add(region_session_stack, "session",
                  platform::WorkerTeam::stack_region_bytes(1, stack_bytes), page_bytes);
    plan_program(requests_);
    requests_.add_outside("page cache of a save", "system", save_cache_bytes);
    plan_ = plan_budget(requests_, settings_.memory_bytes);
    if (plan_.fits && othello_)
        settings_.othello.table_bytes = granted_table_bytes(plan_, settings_.workers);
}

void Trainer::allocate() {
    CHECK(plan_.fits);
    if (const Status mapped = mapping_.map(plan_.arena_bytes); !mapped)
        throw Failure(ExitCode::system_refuses,
                      fmt::format("the system does not grant {} of memory; lower --memory or free "
                                  "some",
                                  format_bytes(plan_.arena_bytes)));
    arena_.emplace(mapping_.span(), plan_);
    session_->bind(settings_.workers, *arena_, page_);
    worker_stacks_ = arena_->take(region_worker_stacks);
    session_stack_ = arena_->take(region_session_stack);
}

void Trainer::start_fresh() {
    session_->start_fresh(to_text(settings_));
}

Status Trainer::restore(CheckpointReader& reader) {
    return session_->restore(reader, to_text(settings_));
}

// The session's turn on its thread: a team of one, whose only job is the run.
class Trainer::SessionJob final : public Job {
  public:
    SessionJob(Session& session, const Session::Ports& ports) : session_(session), ports_(ports) {}

    void work(unsigned) override {
        (void)::pthread_setname_np(::pthread_self(), "kiln-session");
        const Result<SessionEnd> result = session_.run(ports_);
        if (!result)
            error_ = result.error();
        is_done_.store(true, std::memory_order_release);
    }

    bool is_done() const { return is_done_.load(std::memory_order_acquire); }
    // After is_done().
    std::optional<Error> error() const { return error_; }

  private:
    Session& session_;
    Session::Ports ports_;
    std::optional<Error> error_;
    std::atomic<bool> is_done_{false};
};

void Trainer::launch() {
    arena_->seal();
    Status launched = team_.launch(settings_.workers, worker_stacks_, {.pin = !settings_.no_pin});
    if (launched)
        launched = session_thread_.launch(1, session_stack_, {.pin = false});
    if (!launched)
        throw Failure(ExitCode::system_refuses,
                      fmt::format("--workers: the system does not grant {} threads; give fewer",
                                  settings_.workers + 1));
}

void Trainer::drain(TrainObserver& observer) {
    Event event;
    while (page_.events.pop(event))
        observer.on_event(event);
}

TrainOutcome Trainer::run(Store& store, TrainObserver& observer) {
    launch();
    TrainOutcome outcome;
    outcome.games_before = session_->games();
    SessionJob job(*session_, {&team_, &store, &clock_, &page_});
    const std::uint64_t started_ns = clock_.now_ns();
    const auto seconds = [&] { return static_cast<double>(clock_.now_ns() - started_ns) * 1e-9; };
    const auto status = [&] {
        return TrainStatus{page_.games_played.load(std::memory_order_relaxed),
                           page_.games_absorbed.load(std::memory_order_relaxed), seconds()};
    };
    session_thread_.start(job);
    for (int polls = 1; !job.is_done(); ++polls) {
        std::this_thread::sleep_for(poll_interval);
        if (polls % polls_per_status != 0)
            continue;
        drain(observer);
        observer.on_status(status());
    }
    session_thread_.wait();
    outcome.seconds = seconds();
    drain(observer);

    outcome.save_error = job.error();
    outcome.games = session_->games();
    outcome.events_dropped = page_.events.dropped();
    return outcome;
}

}  // namespace kiln::app

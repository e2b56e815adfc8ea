#include "app/trainer.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <pthread.h>

#include "app/failure.hpp"
#include "app/router/prepared.hpp"
#include "app/shared_page.hpp"
#include "app/text.hpp"
#include "platform/linux/cold_heap.hpp"
#include "platform/linux/last_words.hpp"
#include "platform/linux/process_info.hpp"

namespace kiln::app {
namespace {

constexpr const char* region_worker_stacks = "worker stacks";
constexpr const char* region_session_stacks = "session stacks";
constexpr const char* region_table = "transposition table";
constexpr std::uint64_t stack_bytes = 1u << 20;  // of every thread
constexpr std::uint64_t page_bytes = 4096;

// Code, data and libraries of both processes, counted twice where they share them.
constexpr std::uint64_t program_bytes = 24'000'000;
// FileStore keeps two windows of 8 MiB and what was just written; the rest is the reading of one.
constexpr std::uint64_t save_cache_bytes = 32'000'000;

WorkloadWrap workload_wrap = nullptr;

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

// Whether nothing had to shrink.
bool is_granted_in_full(const RegionList& requests, const Plan& plan) {
    for (const Region& request : requests.all())
        if (plan.regions.find(request.name)->bytes != request.bytes)
            return false;
    return true;
}

}  // namespace

void wrap_workloads(WorkloadWrap wrap) {
    workload_wrap = wrap;
}

void plan_program(RegionList& regions) {
    regions.add_outside(region_program, "system", program_bytes);
    regions.add_outside(region_cold_heap, "supervisor", platform::cold_heap_region_bytes);
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
    else if (settings_.workload == "router")
        workload = &router_.emplace(router_settings(settings_));
    else
        workload = &othello_.emplace(settings_.othello);
    if (workload_wrap != nullptr)
        workload = &workload_wrap(*workload);
    // What there is without, if the budget has room for it and nothing else has to become smaller:
    // a router's samples in memory, and a copy of the state to save from.
    struct Comfort {
        router::Samples samples;
        bool with_copy;
    };
    using router::Samples;
    for (const Comfort comfort : {Comfort{Samples::in_memory, true},
                                  {Samples::in_memory, false},
                                  {Samples::streamed, true},
                                  {Samples::streamed, false}}) {
        if (!router_ && comfort.samples == Samples::streamed)
            break;
        if (router_)
            router_->keep_samples(comfort.samples);
        settings_.session.saves_from_copy = comfort.with_copy;
        session_.emplace(settings_.session, *workload);
        make_plan();
        if (plan_.fits && is_granted_in_full(requests_, plan_))
            break;
    }
    if (plan_.fits && othello_)
        settings_.othello.table_bytes = granted_table_bytes(plan_, settings_.workers);
}

void Trainer::make_plan() {
    requests_ = {};
    session_->plan(settings_.workers, requests_);
    requests_.add(region_worker_stacks, "team",
                  platform::WorkerTeam::stack_region_bytes(settings_.workers, stack_bytes),
                  page_bytes);
    requests_.add(region_session_stacks, "session",
                  platform::WorkerTeam::stack_region_bytes(2, stack_bytes), page_bytes);
    plan_program(requests_);
    requests_.add_outside(region_shared_page, "supervisor", sizeof(SharedPage));
    requests_.add_outside("page cache of a save", "system", save_cache_bytes);
    plan_ = plan_budget(requests_, settings_.memory_bytes);
}

void Trainer::allocate() {
    CHECK(plan_.fits);
    if (const Status mapped = mapping_.map(plan_.arena_bytes); !mapped)
        throw Failure(ExitCode::system_refuses,
                      fmt::format("the system does not grant {} of memory; lower --memory or free "
                                  "some",
                                  format_bytes(plan_.arena_bytes)));
    arena_.emplace(mapping_.span(), plan_);
    session_->bind(settings_.workers, *arena_);
    worker_stacks_ = arena_->take(region_worker_stacks);
    session_stacks_ = arena_->take(region_session_stacks);
    if (router_) {
        router_data_.emplace(settings_.state);
        router_data_->load(router_->settings(), settings_.router_data, router_->data());
        router_->read_from(*router_data_);
    }
}

void Trainer::start_fresh() {
    session_->start_fresh(to_text(settings_));
}

Status Trainer::restore(CheckpointReader& reader) {
    return session_->restore(reader, to_text(settings_));
}

void Trainer::RunJob::work(unsigned) {
    switch (part_) {
        case Part::run:
            result_ = session_.run(ports_);
            break;
        case Part::until:
            result_ = session_.run_until(ports_, games_);
            break;
        case Part::save:
            if (const Status saved = session_.save(ports_); !saved)
                result_ = saved.error();
            break;
    }
    is_done_.store(true, std::memory_order_release);
}

namespace {

// Every thread says on the page who it is, and can tell of its own stack overflow.
class IntroductionJob final : public Job {
  public:
    // name: nullptr keeps the one the team gave.
    IntroductionJob(std::span<Heartbeat> heartbeats, const char* name)
        : heartbeats_(heartbeats), name_(name) {}

    void work(unsigned worker) override {
        if (name_ != nullptr)
            (void)::pthread_setname_np(::pthread_self(), name_);
        platform::use_signal_stack();
        heartbeats_[worker].thread.store(platform::this_thread(), std::memory_order_relaxed);
    }

  private:
    std::span<Heartbeat> heartbeats_;
    const char* name_;
};

void introduce(Team& team, std::span<Heartbeat> heartbeats, const char* name = nullptr) {
    IntroductionJob job(heartbeats, name);
    team.run(job);
}

}  // namespace

void Trainer::launch(StatusPage& page) {
    Status launched = team_.launch(settings_.workers, worker_stacks_, {.pin = !settings_.no_pin});
    const std::size_t half = session_stacks_.size() / 2;
    if (launched)
        launched = session_thread_.launch(1, session_stacks_.first(half), {.pin = false});
    if (launched)
        launched = scribe_.launch(1, session_stacks_.last(half), {.pin = false});
    if (!launched)
        throw Failure(ExitCode::system_refuses,
                      fmt::format("--workers: the system does not grant {} threads; give fewer",
                                  settings_.workers + 2));
    introduce(team_, page.workers);
    introduce(session_thread_, {&page.session, 1}, "kiln-session");
    introduce(scribe_, {&page.scribe, 1}, "kiln-scribe");
    arena_->seal();
}

void Trainer::start_part(Store& store, StatusPage& page, Part part, std::uint64_t games) {
    CHECK(arena_ && arena_->is_sealed());
    CHECK(!is_busy());
    session_thread_.wait();  // it may still be on its way out of the part before
    run_.emplace(*session_, Session::Ports{&team_, &scribe_, &store, &clock_, &page}, part, games);
    session_thread_.start(*run_);
}

void Trainer::start(Store& store, StatusPage& page) {
    start_part(store, page, Part::run, 0);
}

void Trainer::start_until(Store& store, StatusPage& page, std::uint64_t games) {
    start_part(store, page, Part::until, games);
}

void Trainer::start_save(Store& store, StatusPage& page) {
    start_part(store, page, Part::save, 0);
}

void Trainer::change_settings(const RunSettings& settings) {
    CHECK(!is_busy());
    CHECK(settings.workers == settings_.workers && settings.workload == settings_.workload);
    const bool saves_from_copy = settings_.session.saves_from_copy;
    settings_ = settings;
    settings_.session = session_settings(settings);
    settings_.session.saves_from_copy = saves_from_copy;
    if (othello_)
        othello_->change_settings(settings_.othello);
    session_->change(settings_.session, to_text(settings_));
}

const othello::OthelloWorkload& Trainer::othello() const {
    CHECK(othello_);
    return *othello_;
}

Trainer::~Trainer() {
    if (run_)
        session_thread_.wait();
}

std::uint64_t Trainer::worker_stack_peak_bytes() const {
    std::uint64_t peak = 0;
    for (unsigned worker = 0; worker < team_.size(); ++worker)
        peak = std::max(peak, team_.stack_peak_bytes(worker));
    return peak;
}

std::uint64_t Trainer::session_stack_peak_bytes() const {
    return std::max(session_thread_.stack_peak_bytes(0), scribe_.stack_peak_bytes(0));
}

const Result<SessionEnd>& Trainer::result() const {
    CHECK(is_done());
    return run_->result();
}

}  // namespace kiln::app

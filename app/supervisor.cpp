#include "app/supervisor.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>
#include <new>

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include "core/checkpoint/catalog.hpp"

#include "app/failure.hpp"
#include "app/text.hpp"
#include "app/trainer_process.hpp"
#include "platform/linux/cold_heap.hpp"
#include "platform/linux/process_info.hpp"

namespace kiln::app {
namespace {

constexpr std::array<const char*, 8> state_names = {"starting", "training", "stopping",   "pausing",
                                                    "changing", "paused",   "restarting", "ended"};
constexpr std::uint64_t status_every_ns = 100'000'000;

std::int64_t seconds_since_1970() {
    return std::time(nullptr);
}

// "2026-11-21T14:30:05Z"
std::string time_text() {
    const std::time_t now = std::time(nullptr);
    std::tm utc{};
    (void)::gmtime_r(&now, &utc);
    char text[32];
    const std::size_t length = std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
    return {text, length};
}

std::string describe_phase(Phase phase, std::uint64_t work) {
    switch (phase) {
        case Phase::waiting:
            return "waiting";
        case Phase::loading:
            return "loading";
        case Phase::playing:
            return fmt::format("playing ticket {}", work);
        case Phase::absorbing:
            return "absorbing";
        case Phase::measuring:
            return fmt::format("playing trial {}", work);
        case Phase::finishing:
            return "finishing an epoch";
        case Phase::saving:
            return fmt::format("saving game {}", work);
    }
    return "unknown";
}

// What is not a function of the games: it happened, and may happen again.
bool is_of_its_moment(const Event& event) {
    return event.kind == EventKind::checkpoint_saved ||
           event.kind == EventKind::checkpoint_failed || event.kind == EventKind::ticket_abandoned;
}

template <std::size_t N>
void copy_text(char (&to)[N], const std::string& from, const char* what) {
    if (from.size() >= N)
        throw Failure(
            ExitCode::usage,
            fmt::format("{}: it is longer than {} characters; give a shorter one", what, N - 1));
    std::memcpy(to, from.c_str(), from.size() + 1);
}

}  // namespace

const char* name_of(RunState state) {
    return state_names[static_cast<std::size_t>(state)];
}

Supervisor::Supervisor(const RunSettings& settings, StateDirectory& directory,
                       RunObserver& observer)
    : settings_(settings),
      directory_(directory),
      observer_(observer),
      incidents_(directory.descriptor()) {
    if (!memory_.create(sizeof(SharedPage)))
        throw Failure(ExitCode::system_refuses,
                      "the system does not grant memory for two processes to share; free some");
}

double Supervisor::seconds() const {
    return static_cast<double>(platform::MonotonicClock().now_ns() - started_ns_) * 1e-9;
}

void Supervisor::start(const Start& start) {
    start_ = start;
    started_ns_ = clock_.now_ns();
    games_before_ = start.games;
    policy_.set_games(start.games);
    for (const Incident& incident : incidents_.read())
        if (incident.games <= start.games)  // else of a run that came further in this directory
            policy_.note(incident);
    launch();
}

void Supervisor::write_order() {
    // A page as new: what the trainer before left is of no use to this one.
    page_ = new (memory_.span().data()) SharedPage;
    LaunchOrder& order = page_->order;
    copy_text(order.settings, launch_text(settings_), "settings");
    copy_text(order.state, settings_.state, "--state");
    order.is_resuming = start_.is_resuming;
    order.games = start_.games;
    for (const std::uint64_t ticket : policy_.skips())
        if (order.skip_count < LaunchOrder::skip_capacity && ticket >= start_.games)
            order.skips[order.skip_count++] = ticket;
    page_->status.games_absorbed = start_.games;
    page_->status.games_played = start_.games;
}

void Supervisor::launch() {
    write_order();
    const TrainerProcessOptions options = {memory_.descriptor(), directory_.descriptor(),
                                           ::getpid()};
    const std::array<int, 2> descriptors = {options.page, options.directory};
    if (const Status started = child_.start(trainer_arguments(options), descriptors); !started) {
        const std::string line = fmt::format("the system does not start the trainer's process: {}",
                                             describe_error(started.error()));
        if (!has_trained_)
            throw Failure(ExitCode::system_refuses, line);
        // It did before, and may again.
        return after_fault({IncidentKind::killed, start_.games, {}, {}, line});
    }
    WatchLimits limits;
    limits.ticket_limit_ns = settings_.ticket_limit_ns;
    watch_.emplace(
        limits,
        [pid = child_.pid()](std::int32_t thread) {
            const auto time = platform::read_thread_time(pid, thread);
            return time ? std::optional(time.value()) : std::nullopt;
        },
        [pid = child_.pid()] {
            const auto first_thread = platform::read_thread_time(pid, pid);
            return first_thread && first_thread.value().is_stopped;
        });
    launched_games_ = start_.games;
    told_before_ = told_games_;
    observer_.on_start(settings_, start_.games, seconds());
    enter(RunState::starting,
          start_.is_resuming ? "loading " + place_text(settings_, start_.games) : "");
}

void Supervisor::enter(RunState state, std::string reason) {
    state_ = state;
    reason_ = std::move(reason);
}

void Supervisor::note(Severity severity, const std::string& event, const std::string& text,
                      Json fields) {
    observer_.on_note({severity, event, text, std::move(fields)});
}

void Supervisor::tick() {
    const std::uint64_t now_ns = clock_.now_ns();
    if (child_.is_running()) {
        if (state_ == RunState::starting &&
            page_->report.stage.load(std::memory_order_acquire) == TrainerStage::training) {
            enter(RunState::training, "");
            has_trained_ = true;
            if (const auto memory = platform::read_process_memory(); memory) {
                const std::uint64_t resident = memory.value().resident_bytes;
                own_bytes_at_seal_ =
                    resident - std::min(resident, sizeof(SharedPage) +
                                                      platform::read_cold_heap().present_bytes);
            }
        }
        drain();
        if (now_ns - last_status_ns_ >= status_every_ns) {
            last_status_ns_ = now_ns;
            const std::uint64_t absorbed = page_->status.games_absorbed.load();
            policy_.set_games(absorbed);
            observer_.on_status({page_->status.games_played.load(), absorbed, seconds()});
        }
        if (const auto end = child_.poll())
            return after_end(*end);
        watch();
    } else if (state_ == RunState::restarting && now_ns >= restart_at_ns_) {
        start_ = newest();
        launch();
    }
}

// The newest checkpoint on disk; from nothing if there is none.
Supervisor::Start Supervisor::newest() {
    (void)sweep_unfinished(directory_.store());  // of the save that was cut short
    const Catalog& catalog = directory_.checkpoints();
    if (catalog.count == 0)
        return {};
    return {true, catalog.entries[0].games};
}

void Supervisor::drain() {
    Event event;
    while (page_->status.events.pop(event)) {
        if (event.kind == EventKind::ticket_abandoned)
            on_abandoned(event);
        // A trainer that was started again tells once more what was told before, to the letter.
        const auto told = told_before_.find(event.kind);
        if (told != told_before_.end() && event.games <= told->second && !is_of_its_moment(event))
            continue;
        told_games_[event.kind] = std::max(told_games_[event.kind], event.games);
        observer_.on_event(event, seconds());
    }
    if (const std::uint64_t dropped = page_->status.events.dropped(); dropped > 0)
        events_dropped_ = std::max(events_dropped_, dropped);
}

void Supervisor::on_abandoned(const Event& event) {
    const auto abandoned = event.as<TicketAbandoned>();
    remember({IncidentKind::abandoned, event.games, abandoned.ticket, abandoned.worker,
              fmt::format("given up after {}",
                          format_duration(static_cast<double>(abandoned.duration_ns) * 1e-9))});
    if (policy_.has_too_many_errors())
        pause(policy_.pattern());
}

void Supervisor::remember(const Incident& incident) {
    policy_.note(incident);
    incidents_.append(incident, seconds_since_1970());
}

void Supervisor::watch() {
    const auto hung = watch_->look(clock_.now_ns(), page_->status);
    if (!hung)
        return;
    const Incident incident = incident_of(*hung);
    (void)child_.kill();
    drain();
    after_fault(incident);
}

void Supervisor::after_end(const platform::ChildEnd& end) {
    drain();
    const TrainerReport& report = page_->report;
    if (report.has_failed)
        return after_failed_start(end);
    if (report.stage.load(std::memory_order_acquire) == TrainerStage::ended && end.signal == 0)
        return after_run();
    after_fault(incident_of(end));
}

// The trainer could not even begin.
void Supervisor::after_failed_start(const platform::ChildEnd& end) {
    const TrainerReport& report = page_->report;
    if (report.is_checkpoint_damaged)
        return use_older_checkpoint(report.failure);
    if (!has_trained_)
        throw Failure(static_cast<ExitCode>(end.exit_code), report.failure);
    after_fault({IncidentKind::killed,
                 start_.games,
                 {},
                 {},
                 fmt::format("could not start: {}", report.failure)});
}

void Supervisor::use_older_checkpoint(const std::string& damage) {
    const FileName damaged = checkpoint_file_name(start_.games);
    if (settings_.on_corrupt == OnCorrupt::stop)
        throw Failure(ExitCode::bad_data,
                      fmt::format("{}; --on-corrupt previous goes on from the one before, "
                                  "--on-corrupt fresh from nothing",
                                  damage));
    // Never from nothing where that was not asked for.
    if (settings_.on_corrupt == OnCorrupt::previous && directory_.checkpoints().count <= 1)
        throw Failure(
            ExitCode::bad_data,
            fmt::format("{}; none is before it; --on-corrupt fresh starts from nothing", damage));
    directory_.set_aside(damaged);
    start_ = settings_.on_corrupt == OnCorrupt::previous ? newest() : Start();
    note(Severity::error, "checkpoint_damaged",
         fmt::format("{}; set aside as {}.damaged, going on from {}", damage, damaged.text,
                     start_.is_resuming ? place_text(settings_, start_.games) : "nothing"));
    ++restarts_;
    launch();
}

// The trainer ended in order.
void Supervisor::after_run() {
    const TrainerReport& report = page_->report;
    if (report.error.code == ErrorCode::too_many_skipped) {
        enter(RunState::paused, fmt::format("more than {} tickets had to be left out: {}",
                                            SkipList::capacity, policy_.pattern()));
        note(Severity::error, "paused", reason_);
        return;
    }
    const bool is_unsaved =
        report.error.code != ErrorCode::none && report.error.code != ErrorCode::data_unreadable;
    if (is_unsaved && (state_ == RunState::pausing || state_ == RunState::changing)) {
        enter(RunState::paused,
              fmt::format(
                  "{}; make room and resume from the checkpoint before",
                  failure_text(settings_, page_->status.games_absorbed.load(), report.error)));
        note(Severity::error, "paused", reason_);
        return;
    }
    if (report.error.code != ErrorCode::none) {
        error_ = report.error;
        ended_games_ = page_->status.games_absorbed.load();
        enter(RunState::ended, "");
        return;
    }
    start_ = {true, page_->status.games_absorbed.load()};
    ended_games_ = start_.games;
    is_at_target_ = report.is_at_target;
    if (report.is_at_target) {
        enter(RunState::ended, "");
    } else if (state_ == RunState::pausing) {
        enter(RunState::paused, reason_);
        note(Severity::info, "paused",
             fmt::format("paused at {}: {}", place_text(settings_, start_.games), reason_));
    } else if (state_ == RunState::changing) {
        launch();
    } else {
        enter(RunState::ended, "");
    }
}

void Supervisor::after_fault(const Incident& incident) {
    const std::uint64_t games = page_->status.games_absorbed.load();
    incidents_.append(incident, seconds_since_1970());
    const std::size_t skips_before = policy_.skips().size();
    const RestartPolicy::Decision decision = policy_.after_end(incident, games > launched_games_);
    start_ = newest();
    const std::string from = start_.is_resuming ? place_text(settings_, start_.games) : "nothing";
    Json fields = {{"kind", name_of(incident.kind)}, {"games", games}, {"from", start_.games}};
    if (incident.ticket)
        fields["ticket"] = *incident.ticket;
    const std::string what =
        fmt::format("at {} the trainer {}", place_text(settings_, games), incident.what);
    last_restart_ = what;
    last_restart_time_ = time_text();
    if (policy_.skips().size() > skips_before)
        note(Severity::warning, "ticket_skipped",
             fmt::format("ticket {} took the trainer down twice and is left out",
                         policy_.skips().back()));
    if (is_stop_wanted()) {
        note(Severity::warning, "trainer_ended", what + "; the run ends as asked", fields);
        ended_games_ = start_.games;
        return enter(RunState::ended, "");
    }
    if (decision.is_pause || state_ == RunState::pausing) {
        const std::string why = state_ == RunState::pausing ? reason_
                                : policy_.has_too_many_errors()
                                    ? policy_.pattern()
                                    : fmt::format("{}, and {} times before without getting on",
                                                  what, RestartPolicy::attempts_without_progress);
        enter(RunState::paused, why);
        note(Severity::error, "paused", "paused: " + why, fields);
        return;
    }
    ++restarts_;
    restart_at_ns_ = clock_.now_ns() + decision.delay_ns;
    const std::string delay =
        decision.delay_ns == 0
            ? ""
            : fmt::format(" in {}", format_duration(static_cast<double>(decision.delay_ns) * 1e-9));
    note(Severity::warning, "trainer_restarted",
         fmt::format("{}; going on from {}{}", what, from, delay), fields);
    enter(RunState::restarting, what + delay);
}

Incident Supervisor::blame(Incident incident, const Heartbeat& heartbeat, unsigned worker) const {
    incident.worker = worker;
    if (heartbeat.phase.load() == Phase::playing)
        incident.ticket = heartbeat.work.load();
    return incident;
}

Incident Supervisor::incident_of(const Hung& hung) const {
    Incident incident = {IncidentKind::hung, page_->status.games_absorbed.load(), {}, {}, ""};
    if (hung.is_stopped) {
        incident.what =
            fmt::format("was ended: it showed no life for {} ms, because it was stopped",
                        hung.silent_ns / 1'000'000);
        return incident;
    }
    const std::string who = hung.thread == Hung::Thread::worker
                                ? fmt::format("worker {}", hung.worker)
                            : hung.thread == Hung::Thread::session ? "its session"
                                                                   : "its scribe";
    incident.what = hung.is_over_limit ? fmt::format("was ended: {} did not give up {} in time",
                                                     who, describe_phase(hung.phase, hung.work))
                                       : fmt::format("was ended: {} showed no life for {} ms, {}",
                                                     who, hung.silent_ns / 1'000'000,
                                                     describe_phase(hung.phase, hung.work));
    if (hung.thread == Hung::Thread::worker)
        incident = blame(incident, page_->status.workers[hung.worker], hung.worker);
    return incident;
}

Incident Supervisor::incident_of(const platform::ChildEnd& end) const {
    Incident incident = {IncidentKind::crashed, page_->status.games_absorbed.load(), {}, {}, ""};
    const platform::LastWords& words = page_->words;
    if (!words.is_written.load(std::memory_order_acquire)) {
        incident.kind = end.signal == SIGKILL || end.signal == SIGTERM ? IncidentKind::killed
                                                                       : IncidentKind::crashed;
        incident.what = end.signal != 0 ? fmt::format("was ended by {}", ::strsignal(end.signal))
                                        : fmt::format("ended with code {}", end.exit_code);
        return incident;
    }
    incident.what = words.signal == 0 ? fmt::format("failed CHECK({}) at {}:{}", words.condition,
                                                    words.file, words.line)
                                      : fmt::format("was ended by {} at address {:#x}",
                                                    ::strsignal(words.signal), words.address);
    for (unsigned worker = 0; worker < StatusPage::workers_max; ++worker)
        if (const Heartbeat& heartbeat = page_->status.workers[worker];
            heartbeat.thread.load() == words.thread && words.thread != 0)
            return blame(incident, heartbeat, worker);
    return incident;
}

void Supervisor::stop() {
    if (has_ended() || state_ == RunState::stopping)
        return;
    if (!child_.is_running()) {
        ended_games_ = newest().games;
        return enter(RunState::ended, "");
    }
    enter(RunState::stopping, "asked to stop");
    page_->status.request_stop();
}

void Supervisor::pause(const std::string& reason) {
    if (state_ == RunState::restarting)
        return enter(RunState::paused, reason);
    if (state_ != RunState::starting && state_ != RunState::training &&
        state_ != RunState::changing)
        return;
    enter(RunState::pausing, reason);
    page_->status.request_stop();
}

void Supervisor::resume() {
    if (state_ != RunState::paused)
        return;
    policy_.forget();
    start_ = newest();
    note(Severity::info, "resumed", "going on from " + place_text(settings_, start_.games));
    launch();
}

void Supervisor::save() {
    page_->status.save_requested.store(true);
}

void Supervisor::request_ledger() {
    page_->status.ledger_requested.store(true);
}

void Supervisor::change(const RunSettings& settings) {
    settings_ = settings;
    if (state_ != RunState::starting && state_ != RunState::training)
        return;
    enter(RunState::changing, "starting again with other settings");
    page_->status.request_stop();
}

std::string failure_text(const RunSettings& settings, std::uint64_t games, const Error& error) {
    return fmt::format(
        "{} {} {}: {}", place_text(settings, games),
        error.code == ErrorCode::data_unreadable ? "was the last in" : "could not be saved in",
        settings.state, describe_error(error));
}

RunOutcome Supervisor::outcome() const {
    RunOutcome outcome;
    outcome.error = error_;
    outcome.games_before = games_before_;
    outcome.games = ended_games_;
    outcome.seconds = seconds();
    outcome.events_dropped = events_dropped_;
    outcome.restarts = restarts_;
    outcome.is_at_target = is_at_target_;
    return outcome;
}

}  // namespace kiln::app

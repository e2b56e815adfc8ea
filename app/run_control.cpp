#include "app/run_control.hpp"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/checkpoint/catalog.hpp"

#include "app/failure.hpp"
#include "app/operation.hpp"
#include "app/run_memory.hpp"
#include "app/run_reload.hpp"
#include "app/settings_change.hpp"
#include "app/text.hpp"
#include "platform/linux/process_info.hpp"

namespace kiln::app {
namespace {

const char* name_of(Phase phase) {
    switch (phase) {
        case Phase::waiting:
            return "idle";
        case Phase::loading:
            return "loading";
        case Phase::playing:
            return "playing";
        case Phase::absorbing:
            return "absorbing";
        case Phase::measuring:
            return "trial";
        case Phase::finishing:
            return "finishing";
        case Phase::saving:
            return "saving";
    }
    return "unknown";
}

Json workers_of(const Supervisor& supervisor, std::uint64_t now_ns) {
    const StatusPage& page = supervisor.page().status;
    const std::uint32_t workers = supervisor.settings().workers;
    Json list = Json::array();
    for (std::uint32_t worker = 0; worker < workers; ++worker) {
        const Heartbeat& heartbeat = page.workers[worker];
        const Phase phase = heartbeat.phase.load();
        Json entry = {{"worker", worker}, {"phase", name_of(phase)}};
        if (phase != Phase::waiting) {
            const std::uint64_t started_ns = heartbeat.started_ns.load();
            entry["ticket"] = heartbeat.work.load();
            entry["seconds"] = static_cast<double>(now_ns - std::min(now_ns, started_ns)) * 1e-9;
            if (const auto silent_ns = supervisor.worker_silent_ns(worker, now_ns))
                entry["beat_seconds"] = static_cast<double>(*silent_ns) * 1e-9;
        }
        list.push_back(std::move(entry));
    }
    return list;
}

// So far, by what was told last of one.
std::uint64_t failed_saves(const Json& told) {
    return told.is_null() ? 0 : told.value("failed_attempts", std::uint64_t{0});
}

}  // namespace

bool RunControl::open(const std::string& state, std::string& why_not) {
    try {
        server_.open(state);
        return true;
    } catch (const Failure& failure) {
        why_not = failure.what();
        return false;
    }
}

Json RunControl::done(const std::string& text) const {
    return {{"ok", true}, {"text", text}};
}

std::optional<Json> RunControl::answer(const Request& request, ControlTicket ticket) {
    const auto wait = [&]() -> std::optional<Json> {
        const StatusPage& page = supervisor_.page().status;
        waiting_.push_back({ticket, request.command, now_ns_, page.games_absorbed.load(),
                            page.games_saved.load(),
                            failed_saves(reporter_.latest("checkpoint_failed"))});
        return std::nullopt;
    };
    switch (request.command) {
        case ControlCommand::status:
            return status();
        case ControlCommand::memory:
            supervisor_.request_ledger();
            return wait();
        case ControlCommand::pause:
            supervisor_.pause("asked to pause");
            return wait();
        case ControlCommand::stop:
            supervisor_.stop();
            return wait();
        case ControlCommand::save:
            if (supervisor_.state() != RunState::training)
                return error_reply(fmt::format(
                    "save: the run is {}{}; the newest checkpoint is of "
                    "game {}",
                    name_of(supervisor_.state()),
                    supervisor_.reason().empty() ? "" : " (" + supervisor_.reason() + ")",
                    supervisor_.page().status.games_saved.load()));
            supervisor_.save();
            return wait();
        case ControlCommand::resume:
            if (supervisor_.state() != RunState::paused)
                return error_reply(
                    fmt::format("resume: the run is {}, not paused", name_of(supervisor_.state())));
            supervisor_.resume();
            return done("going on");
        case ControlCommand::set:
            return set(request);
        case ControlCommand::log_level: {
            const auto level = parse_severity(request.value);
            if (!level)
                return error_reply(fmt::format("log-level: '{}' is not allowed; it takes debug, "
                                               "info, warning or error",
                                               request.value),
                                   ExitCode::usage);
            log_.set_threshold(*level);
            return done(fmt::format("log-level {}", request.value));
        }
    }
    return error_reply("an unknown command");
}

Json RunControl::set(const Request& request) {
    const RunSettings& before = supervisor_.settings();
    const RunSettings after = apply_change(before, request.key, request.value);
    if (request.key == "log-level") {
        log_.set_threshold(*parse_severity(after.log_level));
        return done("log-level " + request.value);
    }
    const std::uint64_t games = supervisor_.page().status.games_absorbed.load();
    follow_settings(supervisor_, after, "set");
    return done(fmt::format("{} {}, from about game {} on", request.key, request.value,
                            format_count(games)));
}

// What a waiting client gets now; nothing if it has to wait on.
std::optional<Json> RunControl::outcome_of(const Waiting& waiting) const {
    const RunState state = supervisor_.state();
    switch (waiting.command) {
        case ControlCommand::pause:
            if (state == RunState::paused)
                return done(fmt::format("paused: {}", supervisor_.reason()));
            if (state != RunState::pausing)
                return error_reply(fmt::format("pause: the run is {}", name_of(state)));
            return std::nullopt;
        case ControlCommand::save:
            return outcome_of_save(waiting);
        case ControlCommand::memory: {
            constexpr std::uint64_t patience_ns = 1'000'000'000;
            const bool is_stale = supervisor_.page().status.ledger_requested.load();
            if (is_stale && now_ns_ - waiting.since_ns < patience_ns)
                return std::nullopt;
            return memory();
        }
        default:
            return std::nullopt;
    }
}

// What was being written when it was asked is no answer: it holds less than had been learned.
std::optional<Json> RunControl::outcome_of_save(const Waiting& waiting) const {
    const StatusPage& page = supervisor_.page().status;
    if (!page.save_requested.load()) {
        const std::uint64_t saved = page.games_saved.load();
        if (saved != waiting.games_saved && saved >= waiting.games_absorbed)
            return done(fmt::format("saved game {}", format_count(saved)));
        const Json failed = reporter_.latest("checkpoint_failed");
        if (failed_saves(failed) > waiting.failed_saves &&
            failed.value("games", std::uint64_t{0}) >= waiting.games_absorbed)
            return error_reply("save: " + failed.value("text", ""), ExitCode::io_failed);
    }
    if (const RunState state = supervisor_.state(); state != RunState::training)
        return error_reply(fmt::format("save: the run is {}", name_of(state)));
    return std::nullopt;
}

void RunControl::serve(std::uint64_t now_ns) {
    now_ns_ = now_ns;
    server_.serve(*this, now_ns);
    std::erase_if(waiting_, [&](const Waiting& waiting) {
        const auto outcome = outcome_of(waiting);
        if (outcome)
            server_.reply(waiting.ticket, *outcome);
        return outcome.has_value();
    });
}

void RunControl::finish() {
    const RunOutcome outcome = supervisor_.outcome();
    const RunSettings& settings = supervisor_.settings();
    const Json reply = outcome.error
                           ? error_reply(failure_text(settings, outcome.games, *outcome.error),
                                         ExitCode::io_failed)
                           : done("ended; saved up to " + place_text(settings, outcome.games));
    for (const Waiting& waiting : waiting_)
        server_.reply(waiting.ticket, reply);
    waiting_.clear();
    server_.serve(*this, now_ns_);
    server_.close();
}

Json RunControl::status() const {
    const SharedPage& page = supervisor_.page();
    const RunSettings& settings = supervisor_.settings();
    const RestartPolicy& policy = supervisor_.policy();
    Json json = {{"ok", true},
                 {"state", name_of(supervisor_.state())},
                 {"reason", supervisor_.reason()},
                 {"workload", settings.workload},
                 {"directory", settings.state},
                 {"started", started_},
                 {"pid", ::getpid()},
                 {"trainer_pid", supervisor_.trainer_pid()},
                 {"uptime_seconds", supervisor_.seconds()},
                 {"games", page.status.games_absorbed.load()},
                 {"games_played", page.status.games_played.load()},
                 {"target_games", settings.othello.target_games}};
    RunSettings now = settings;
    now.log_level = name_of(log_.threshold());  // `kiln set` changes it there alone
    json["operation"] = operation_json(now);
    if (supervisor_.state() == RunState::training) {
        json["games_per_second"] = reporter_.progress().games_per_second();
        if (const auto left = reporter_.progress().seconds_left())
            json["seconds_left"] = *left;
    }
    if (Json newest = newest_checkpoint(); !newest.is_null())
        json["newest_checkpoint"] = std::move(newest);
    json["restarts"] = {{"total", supervisor_.restarts()}};
    if (supervisor_.restarts() > 0)
        json["restarts"]["last"] = {{"when", supervisor_.last_restart_time()},
                                    {"why", supervisor_.last_restart()}};
    json["errors"] = {{"last_10000_games", policy.errors()},
                      {"limit", RestartPolicy::errors_allowed},
                      {"skipped_tickets", policy.skips()}};
    json["counts"] = counts();
    json["workers"] = workers_of(supervisor_, now_ns_);
    for (const char* report : {"window", "summary", "strength", "held_out", "convergence"})
        if (Json latest = reporter_.latest(report); !latest.is_null())
            json[report] = std::move(latest);
    if (json.contains("strength")) {
        std::string strengths;
        for (const auto& [opponent, text] : reporter_.last_strengths())
            strengths += (strengths.empty() ? "" : "; ") + text;
        json["strength"]["text"] = strengths;
        for (const char* opponent : {"random", "corner", "self"})
            json["strengths"][opponent] = reporter_.latest(std::string("strength.") + opponent);
        json["strength_curve"] = reporter_.strength_curve().json();
    }
    json["warnings"] = reporter_.warnings();
    json["memory"] = memory_summary(supervisor_, plan_);
    return json;
}

// Since this process began.
Json RunControl::counts() const {
    Json counts = reporter_.counts().json();
    counts["log_lines_dropped"] = log_.dropped_lines();
    if (supervisor_.settings().workload == "othello") {
        const RunTotals& totals = reporter_.totals();
        counts["results"] = {
            {"black", totals.black_wins}, {"white", totals.white_wins}, {"draw", totals.draws}};
    }
    return counts;
}

// As it was told, or the file that the run began from; null if there is none.
Json RunControl::newest_checkpoint() const {
    Json newest = reporter_.latest("checkpoint_saved");
    const std::uint64_t saved = supervisor_.page().status.games_saved.load();
    if (newest.is_null() && saved > 0)
        newest = {{"games", saved},
                  {"path", fmt::format("{}/{}", supervisor_.settings().state,
                                       checkpoint_file_name(saved).text)}};
    if (newest.is_null())
        return newest;
    const std::string path = newest.value("path", "");
    newest["name"] = path.substr(path.rfind('/') + 1);
    struct stat file {};
    if (::stat(path.c_str(), &file) == 0) {
        newest["bytes"] = file.st_size;
        newest["time"] = file.st_mtime;
        newest["age_seconds"] =
            std::max<double>(0, std::difftime(std::time(nullptr), file.st_mtime));
    }
    return newest;
}

Json RunControl::memory() const {
    return memory_report(supervisor_, plan_);
}

}  // namespace kiln::app

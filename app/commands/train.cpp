#include <algorithm>
#include <array>
#include <atomic>

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>

#include "app/commands/commands.hpp"
#include "app/console.hpp"
#include "app/memory_table.hpp"
#include "app/metrics_export.hpp"
#include "app/metrics_text.hpp"
#include "app/operation.hpp"
#include "app/progress.hpp"
#include "app/reporter.hpp"
#include "app/run_control.hpp"
#include "app/run_log.hpp"
#include "app/run_memory.hpp"
#include "app/run_reload.hpp"
#include "app/run_start.hpp"
#include "app/service_link.hpp"
#include "app/state_directory.hpp"
#include "app/strength_log.hpp"
#include "app/supervisor.hpp"
#include "app/text.hpp"
#include "app/trainer.hpp"
#include "platform/linux/process_info.hpp"
#include "platform/linux/service_notify.hpp"
#include "platform/linux/signals.hpp"

namespace kiln::app {
namespace {

constexpr int tick_ms = 20;
constexpr std::size_t strength_rows_max = 20;
constexpr std::uint64_t heap_look_every_ns = 600'000'000'000;

// Whether there is nothing to do, and says so.
bool is_finished(Console& console, const RunSettings& settings, std::uint64_t games) {
    const std::uint64_t stop_after = settings.session.stop_after_games;
    if (games >= settings.othello.target_games) {
        console.print(fmt::format(
            "{}: already at its target, {} of {} {}s{}", settings.state, format_count(games),
            format_count(settings.othello.target_games), unit_of(settings.workload),
            settings.workload == "router" ? "" : "; a larger --games goes on"));
        return true;
    }
    if (stop_after != 0 && games >= stop_after) {
        console.print(fmt::format("{}: already past --stop-after {}, at {} of {} {}s",
                                  settings.state, stop_after, format_count(games),
                                  format_count(settings.othello.target_games),
                                  unit_of(settings.workload)));
        return true;
    }
    return false;
}

std::string opening_line(const Trainer& trainer, const StartingPoint& start) {
    const RunSettings& settings = trainer.settings();
    return fmt::format(
        "training {} {}to {} {}s in {}: {} {}, {} of {} memory planned", settings.workload,
        start.checkpoint ? fmt::format("from {} ", place_text(settings, start.games)) : "",
        format_count(settings.othello.target_games), unit_of(settings.workload), settings.state,
        settings.workers, settings.workers == 1 ? "worker" : "workers",
        format_bytes(trainer.plan().planned_bytes), format_bytes(settings.memory_bytes));
}

void announce(Console& console, const Trainer& trainer, const StartingPoint& start) {
    const RunSettings& settings = trainer.settings();
    if (start.checkpoint) {
        console.print(fmt::format("resuming from {}", start.checkpoint->path));
        for (const std::string& line : differences(start.settings, settings))
            console.print(fmt::format("  {} from {} on", line, place_text(settings, start.games)));
        if (settings.workload == "othello" &&
            start.settings.othello.table_bytes != settings.othello.table_bytes)
            console.print(
                "  another table size: games from here on differ from those of the run "
                "as it was");
    } else if (settings.resume) {
        console.print(
            fmt::format("{}: no checkpoint to resume from; starting fresh", settings.state));
    }
    if (settings.workload == "othello" && !settings.othello.is_reproducible())
        console.print("time-ms: the clock decides, so this run cannot be reproduced");
    console.print(opening_line(trainer, start));
    if (trainer.is_streaming())
        console.print(
            "the samples do not fit in the budget: they are read from disk as they are needed");
}

const char* how_it_ended(const RunSettings& settings, const RunOutcome& outcome) {
    if (outcome.is_at_target || outcome.games >= settings.othello.target_games)
        return "finished";
    if (platform::stop_signals_received() > 0)
        return platform::last_stop_signal() == SIGINT ? "interrupted" : "terminated";
    return "stopped";
}

void report_games(Console& console, const RunSettings& settings, const RunOutcome& outcome) {
    const std::uint64_t games = outcome.games - outcome.games_before;
    if (outcome.restarts > 0)
        console.print(fmt::format("the trainer was started again {} {} on the way",
                                  outcome.restarts, outcome.restarts == 1 ? "time" : "times"));
    const double rate = outcome.seconds > 0 ? static_cast<double>(games) / outcome.seconds : 0;
    console.print(fmt::format("{0} at {1} of {2}: {3} {4}s in {5}, {6} {4}s/s, {7} a worker",
                              how_it_ended(settings, outcome), place_text(settings, outcome.games),
                              format_count(settings.othello.target_games), format_count(games),
                              unit_of(settings.workload), format_duration(outcome.seconds),
                              format_rate(rate), format_rate(rate / settings.workers)));
}

void report_learning(Console& console, const Reporter& reporter) {
    const RunTotals& totals = reporter.totals();
    if (totals.games > 0) {
        const auto games = static_cast<double>(totals.games);
        console.print(fmt::format(
            "self-play: difference {} discs (black minus white), black {}, white {}, drawn {} of "
            "{} games",
            format_discs(totals.stone_difference / games),
            format_percent(static_cast<double>(totals.black_wins) / games),
            format_percent(static_cast<double>(totals.white_wins) / games),
            format_percent(static_cast<double>(totals.draws) / games), format_count(totals.games)));
    }
    for (const auto& [opponent, first] : reporter.first_strengths()) {
        const std::string& last = reporter.last_strengths().at(opponent);
        console.print("strength at " + first);
        if (last != first)
            console.print("strength at " + last);
    }
    if (const Json held_out = reporter.latest("held_out"); !held_out.is_null())
        console.print("solved positions at " + held_out.value("text", ""));
    if (std::string table = reporter.strength_curve().table(strength_rows_max); !table.empty()) {
        table.pop_back();
        console.print(table);
    }
}

// A bounded copy of the trainer's last page: what it used and how it ended.
void report_memory(Console& console, const Trainer& trainer, const Supervisor& supervisor) {
    const TrainerReport& report = supervisor.page().report;
    const std::uint64_t planned = trainer.plan().planned_bytes;
    const auto own = platform::read_process_memory();
    const std::uint64_t peak =
        report.peak_resident_bytes + (own ? own.value().peak_resident_bytes : 0);
    console.print(fmt::format(
        "memory: {} planned of {}, peak resident {}; {} page faults after memory was sealed",
        format_bytes(planned), format_bytes(trainer.plan().budget_bytes), format_bytes(peak),
        // A trainer that did not end in order says nothing of its end.
        format_count(std::max(report.minor_faults_at_end, report.minor_faults_at_seal) -
                     report.minor_faults_at_seal)));
    std::string table = format_plan(trainer.requests(), trainer.plan());
    table.pop_back();
    console.print(table);
}

ExitCode conclude(Console& console, Trainer& trainer, const Supervisor& supervisor,
                  const Reporter& reporter, const RunOutcome& outcome, StateDirectory& directory) {
    report_games(console, supervisor.settings(), outcome);
    report_learning(console, reporter);
    if (!trainer.settings().quiet && !console.is_journal())
        report_memory(console, trainer, supervisor);
    if (outcome.events_dropped > 0)
        print_warning(console, fmt::format("{} reports were lost because the console was slow",
                                           outcome.events_dropped));
    if (outcome.error)
        throw Failure(
            ExitCode::io_failed,
            fmt::format(
                "--state: {}; what was saved before is intact: {} and go on with --resume",
                failure_text(trainer.settings(), outcome.games, *outcome.error),
                outcome.error->code == ErrorCode::data_unreadable ? "put it right" : "make room"));
    // The trainer may have been ended before its first save.
    const Catalog& catalog = directory.checkpoints();
    console.print(catalog.count == 0
                      ? std::string("checkpoint: none was saved yet")
                      : fmt::format("checkpoint: {}", directory.path_of(catalog.entries[0].name)));
    return ExitCode::ok;
}

// What is asked of the run by signals.
struct SignalRequests {
    std::atomic<bool> stop{false};
    std::atomic<bool> reload{false};

    SignalRequests() {
        (void)platform::install_stop_signals(stop);  // cannot fail for these signals
        // Who loses a terminal wants the run to end; without one nobody can mean that.
        if (!platform::has_terminal())
            (void)platform::install_reload_signal(reload);
    }
};

// Looks after the run until it has ended, and answers who asks.
RunOutcome supervise(Supervisor& supervisor, RunControl& control, MetricsExport& metrics,
                     Reporter& reporter, ServiceLink& service, SignalRequests& signals,
                     const std::function<void()>& reload) {
    platform::MonotonicClock clock;
    std::uint64_t heap_looked_at_ns = clock.now_ns();
    while (!supervisor.has_ended()) {
        std::array<pollfd, 3> waited_for = {
            pollfd{.fd = supervisor.descriptor(), .events = POLLIN, .revents = 0},
            pollfd{.fd = control.descriptor(), .events = POLLIN, .revents = 0},
            pollfd{.fd = metrics.descriptor(), .events = POLLIN, .revents = 0}};
        (void)::poll(waited_for.data(), waited_for.size(), tick_ms);
        if (signals.stop.load())
            supervisor.stop();
        if (signals.reload.exchange(false)) {
            service.begin_reload(clock.now_ns());
            reload();
        }
        supervisor.tick();
        const std::uint64_t now_ns = clock.now_ns();
        control.serve(now_ns);
        metrics.serve(now_ns);
        service.look(now_ns, {supervisor.state(), signs_of_life(supervisor.page().status)},
                     [&] { return service_status(supervisor, reporter.progress()); });
        if (now_ns - heap_looked_at_ns < heap_look_every_ns)
            continue;
        heap_looked_at_ns = now_ns;
        if (const std::string warning = fragmentation_warning(); !warning.empty())
            reporter.on_note({Severity::warning, "fragmentation", warning});
    }
    control.finish();
    metrics.finish();
    return supervisor.outcome();
}

ExitCode train(const RunOptions& options, Console& console, ServiceLink& service) {
    const RunSettings asked = options.over(RunSettings());
    StateDirectory directory(asked.state);
    StartingPoint start = find_start(directory, asked);
    const RunSettings settings = options.over(start.settings);
    check_workload(start, settings);
    if (is_finished(console, settings, start.games)) {
        service.end("already at " + place_text(settings, start.games));
        return ExitCode::ok;
    }

    Trainer trainer(settings);
    if (!trainer.plan().fits) {
        console.print(format_plan(trainer.requests(), trainer.plan()));
        throw budget_too_small(trainer.plan());
    }
    claim_for_writing(directory, start);
    if (start.checkpoint)
        start.checkpoint->reader->close();
    announce(console, trainer, start);
    SignalRequests signals;
    Progress progress(console, trainer.settings());
    RunLog log(settings.state, *parse_severity(settings.log_level),
               [&](const std::string& line) { print_warning(console, line); });
    Reporter reporter(progress, log, trainer.settings());
    if (start.checkpoint)
        reporter.go_on_from(read_strength_curve(settings.state, start.games));
    Supervisor supervisor(trainer.settings(), directory, reporter);
    RunControl control(supervisor, reporter, log, trainer.plan());
    if (std::string why_not; !control.open(settings.state, why_not))
        print_warning(console, why_not + "; the run goes on without answering commands");
    for (const DamagedFile& file : start.damaged)
        reporter.on_note({Severity::error, "checkpoint_damaged", file.text});
    log.write(started_entry(trainer, start.games, opening_line(trainer, start)));
    if (const auto group = platform::read_cgroup_memory(); group)
        if (const std::string warning = control_group_warning(trainer.plan(), group.value());
            !warning.empty())
            reporter.on_note({Severity::warning, "control_group", warning});
    supervisor.start({start.checkpoint.has_value(), start.games});
    MetricsExport metrics(
        settings,
        [&] {
            std::string text = format_metrics(control.status(), control.memory());
            supervisor.request_ledger();  // for the next time
            return text;
        },
        [&](const LogEntry& entry) { reporter.on_note(entry); });
    const RunOutcome outcome =
        supervise(supervisor, control, metrics, reporter, service, signals,
                  [&] { reload_configuration(options, settings, supervisor, reporter, log); });
    progress.finish();
    const ExitCode exit_code = conclude(console, trainer, supervisor, reporter, outcome, directory);
    service.end(fmt::format("{} at {} of {}", how_it_ended(supervisor.settings(), outcome),
                            place_text(supervisor.settings(), outcome.games),
                            format_count(supervisor.settings().othello.target_games)));
    return exit_code;
}

}  // namespace

ExitCode run_train(const RunOptions& options) {
    Console console(stdout);
    platform::ServiceNotify manager;
    if (!manager.open())
        print_warning(console,
                      "NOTIFY_SOCKET names no socket that can be used, neither /path nor @name; "
                      "the service manager is told nothing");
    ServiceLink service([&](std::string_view message) { return manager.send(message); },
                        manager.watchdog_ns());
    try {
        return train(options, console, service);
    } catch (const Failure& failure) {
        service.fail(failure.what());
        throw;
    }
}

}  // namespace kiln::app

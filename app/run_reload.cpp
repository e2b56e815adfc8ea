#include "app/run_reload.hpp"

#include <fmt/format.h>

#include "app/failure.hpp"
#include "app/settings_file.hpp"
#include "app/settings_reload.hpp"
#include "app/text.hpp"
#include "app/trainer.hpp"

namespace kiln::app {
namespace {

void reload(const RunOptions& options, const RunSettings& asked, Supervisor& supervisor,
            Reporter& reporter, RunLog& log) {
    RunSettings running = supervisor.settings();
    running.log_level = name_of(log.threshold());  // `kiln set` changes it there alone
    const SettingsReload reload = reload_settings(
        running, asked, read_settings_file(options.config_path), options.from_flags);

    // Of all that may change only this is none of the trainer's business.
    RunSettings with_level = running;
    with_level.log_level = reload.settings.log_level;
    if (launch_text(reload.settings) != launch_text(with_level))
        follow_settings(supervisor, reload.settings, options.config_path.c_str());
    log.set_threshold(*parse_severity(reload.settings.log_level));

    reporter.on_note(
        {Severity::info,
         "reloaded",
         reload.changed.empty()
             ? fmt::format("{} read again: nothing to change", options.config_path)
             : fmt::format("{} read again: {}", options.config_path,
                           fmt::join(reload.changed, ", ")),
         {{"games", supervisor.page().status.games_absorbed.load()}, {"changed", reload.changed}}});
    for (const std::string& line : reload.postponed)
        reporter.on_note(
            {Severity::warning, "reload_postponed",
             fmt::format("{}: not before the next start: {}", options.config_path, line)});
}

}  // namespace

void follow_settings(Supervisor& supervisor, const RunSettings& settings, const char* what) {
    const Trainer changed(settings);
    if (!changed.plan().fits)
        throw Failure(ExitCode::bad_configuration,
                      fmt::format("{}: with these settings the plan needs {} of the budget's {}",
                                  what, format_bytes(changed.plan().minimum_bytes),
                                  format_bytes(changed.plan().budget_bytes)));
    const std::uint64_t games = supervisor.page().status.games_absorbed.load();
    if (settings.othello.target_games <= games)
        throw Failure(ExitCode::usage,
                      fmt::format("{}: the run is at game {} already", what, games));
    supervisor.change(changed.settings());
}

void reload_configuration(const RunOptions& options, const RunSettings& asked,
                          Supervisor& supervisor, Reporter& reporter, RunLog& log) {
    if (options.config_path.empty()) {
        reporter.on_note({Severity::warning, "reload_refused",
                          "SIGHUP: there is no configuration file to read again, because the run "
                          "was started without --config"});
        return;
    }
    try {
        reload(options, asked, supervisor, reporter, log);
    } catch (const Failure& failure) {
        reporter.on_note({Severity::error, "reload_refused",
                          fmt::format("{}; the run goes on as before", failure.what())});
    }
}

}  // namespace kiln::app

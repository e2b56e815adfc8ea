#include "app/report/run_report.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <sys/stat.h>

#include "app/control_client.hpp"
#include "app/incident_file.hpp"
#include "app/log_follower.hpp"
#include "app/state_directory.hpp"
#include "app/text.hpp"
#include "app/trainer.hpp"
#include "platform/linux/errno_error.hpp"

namespace kiln::app {
namespace {

constexpr double patience_seconds = 5;
constexpr std::uint64_t log_piece_bytes = 8'000'000;

void check_directory(const std::string& state) {
    struct stat there {};
    if (::stat(state.c_str(), &there) != 0)
        throw Failure(exit_code_of(platform::error_from_errno(errno)),
                      fmt::format("--state: cannot read {}: {}; give the state directory of a run",
                                  state, std::strerror(errno)));
    if (!S_ISDIR(there.st_mode))
        throw Failure(ExitCode::no_input,
                      fmt::format("--state: {} is not a directory; give the state directory of a "
                                  "run",
                                  state));
}

void ask(const std::string& state, RunReport& report) {
    try {
        const auto status = ask_run(state, {ControlCommand::status, "", ""}, patience_seconds);
        if (!status) {
            report.why_not = "nobody is training there";
            return;
        }
        report.run = read_run_snapshot(*status);
        const auto memory = ask_run(state, {ControlCommand::memory, "", ""}, patience_seconds);
        if (!memory)
            return;
        report.memory = read_memory_snapshot(*memory);
        report.memory_source = MemorySource::live;
        report.memory_note = "measured while the run goes on";
    } catch (const Failure& failure) {
        report.why_not = failure.what();
    }
}

void read_incidents(const std::string& state, RunReport& report) {
    const std::string path = state + "/" + IncidentFile::name;
    std::error_code unknown;
    if (!std::filesystem::is_regular_file(path, unknown))  // a pipe would make us wait
        return;
    std::ifstream incidents(path, std::ios::binary);
    std::string line(IncidentFile::bytes_max, '\0');  // the file is hardly longer
    while (incidents.getline(line.data(), static_cast<std::streamsize>(line.size())))
        if (line[0] != '\0')
            report.history.add_incident(std::string_view(line.data()));
}

void read_logs(const std::string& state, RunReport& report) {
    LogFollower follower(state);
    const auto take = [&](std::string_view line) { report.history.add_line(line); };
    for (bool is_more = true; is_more;) {
        is_more = follower.read(take, log_piece_bytes);
        if (!follower.problem().empty())
            report.log_problem = follower.problem();
    }
    report.log_files = follower.files();
    report.log_bytes = follower.bytes();
    read_incidents(state, report);
    report.skipped_lines = follower.skipped_lines() + report.history.bad_lines();
}

void list_checkpoints(StateDirectory& directory, RunReport& report) {
    CheckpointReader reader;
    const Catalog& catalog = directory.checkpoints();
    for (const CatalogEntry& entry : std::span(catalog.entries, catalog.count)) {
        CheckpointRow row = {entry.name.text, entry.games, 0, 0, ""};
        struct stat file {};
        if (::stat(directory.path_of(entry.name).c_str(), &file) == 0) {
            row.bytes = static_cast<std::uint64_t>(file.st_size);
            row.time = static_cast<double>(file.st_mtime);
        }
        if (const auto opened = reader.open(directory.store(), entry.name); !opened)
            row.damage =
                describe_checkpoint_error(opened.error(), reader, directory.store(), entry.name);
        reader.close();
        report.checkpoints.push_back(std::move(row));
    }
}

// Of the newest checkpoint that can be opened; nothing, and a note, if there is none.
std::optional<RunSettings> read_settings(StateDirectory& directory, RunReport& report) {
    report.settings_note = "there is no checkpoint that could tell them";
    for (const CheckpointRow& row : report.checkpoints) {
        if (!row.damage.empty())
            continue;
        try {
            FileName name;
            std::memcpy(name.text, row.name.data(), row.name.size());  // it is the catalog's
            const OpenCheckpoint checkpoint = open_checkpoint(directory, name);
            RunSettings settings =
                from_text(read_settings_text(directory, checkpoint), checkpoint.path);
            report.settings_note = "as kept in " + row.name;
            return settings;
        } catch (const Failure& failure) {
            report.settings_note = failure.what();
        }
    }
    return std::nullopt;
}

SettingRow row_of(const Setting& setting, const std::string& value) {
    SettingRow row = {setting.name, value, format_value(setting, RunSettings()), false,
                      setting.help};
    row.is_default = row.value == row.standard;
    if (setting.standard != nullptr && !row.is_default)
        row.standard = setting.standard;
    if (setting.standard != nullptr && row.is_default)
        row.value = row.standard = setting.standard;
    return row;
}

void list_settings(const RunSettings& settings, RunReport& report) {
    for (const Setting& setting : all_settings())
        if (setting.kept != Kept::nowhere && means_something(setting, settings.workload))
            report.settings.push_back(row_of(setting, format_value(setting, settings)));
}

void list_operation(RunReport& report) {
    const auto& with = report.history.started_with();
    const SettingTexts* texts = nullptr;
    if (report.run && !report.run->operation.empty()) {
        texts = &report.run->operation;
        report.operation_note = "as the run has them now";
    } else if (with && !with->operation.empty()) {
        texts = &with->operation;
        report.operation_note =
            "as it was started last, says the log; what kiln set changed since then is not known";
    } else {
        report.operation_note = "neither the run nor its log tells them";
        return;
    }
    for (const Setting& setting : all_settings())
        if (const auto text = texts->find(setting.name); text != texts->end())
            report.operation.push_back(row_of(setting, text->second));
}

void plan_memory(RunSettings settings, RunReport& report) {
    if (const auto& with = report.history.started_with(); with && with->workers > 0) {
        settings.workers = static_cast<std::uint32_t>(
            std::min<std::uint64_t>(with->workers, StatusPage::workers_max));
        settings.memory_bytes = with->memory_bytes;
        if (const auto compress = with->operation.find("compress");
            compress != with->operation.end())
            settings.session.compress = compress->second == "true";
        report.memory_note =
            "not measured, because the run does not answer: the plan, for the workers and the "
            "budget of its last start";
    } else {
        report.memory_note =
            "not measured, because the run does not answer: the plan, for this machine's "
            "processors and the usual budget";
    }
    try {
        const Trainer trainer(settings);
        const Plan& plan = trainer.plan();
        for (const Region& region : plan.regions.all())
            report.memory.regions.push_back({region.name, region.owner, region.bytes, std::nullopt,
                                             std::nullopt, !region.in_arena});
        report.memory.budget_bytes = plan.budget_bytes;
        report.memory.planned_bytes = plan.planned_bytes;
        report.memory_source = MemorySource::plan;
    } catch (const Failure& failure) {
        report.memory_note = failure.what();
    }
}

bool is_empty(const RunReport& report) {
    return !report.run && report.checkpoints.empty() && report.history.lines() == 0 &&
           report.history.incidents().total == 0 && report.log_problem.empty() &&
           report.checkpoints_note.empty();
}

}  // namespace

std::string RunReport::workload() const {
    if (run && !run->workload.empty())
        return run->workload;
    for (const SettingRow& row : settings)
        if (row.name == "workload")
            return row.value;
    const std::string logged = history.workload();
    return logged.empty() ? RunSettings().workload : logged;
}

std::string RunReport::unit() const {
    return std::string(unit_of(workload())) + "s";
}

std::optional<TrainingEnd> RunReport::end() const {
    const auto& end = history.router().end();
    return end && games() >= end->games ? end : std::nullopt;
}

std::uint64_t RunReport::games() const {
    if (run)
        return run->games;
    return checkpoints.empty() ? history.last_games() : checkpoints.front().games;
}

std::uint64_t RunReport::target_games() const {
    if (run)
        return run->target_games;
    for (const SettingRow& row : settings)
        if (row.name == "games")
            return parse_count(row.value).value_or(0);
    return 0;
}

std::string RunReport::state() const {
    if (run)
        return run->state.empty() ? "running" : run->state;
    const bool is_at_target = target_games() > 0 && games() >= target_games();
    return is_at_target || end() ? "finished" : "not training";
}

void gather_report(const std::string& state, RunReport& report) {
    check_directory(state);
    report.state_directory = state;
    report.version = KILN_VERSION;
    report.now =
        std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    ask(state, report);
    read_logs(state, report);
    StateDirectory directory(state);
    std::optional<RunSettings> settings;
    try {
        if (directory.open_existing()) {
            list_checkpoints(directory, report);
            settings = read_settings(directory, report);
        }
    } catch (const Failure& failure) {
        if (failure.exit_code() == ExitCode::permission && !report.run &&
            report.history.lines() == 0)
            throw;
        report.checkpoints_note = failure.what();
    }
    if (settings) {
        list_settings(*settings, report);
        if (report.memory_source == MemorySource::none)
            plan_memory(*settings, report);
    } else if (report.memory_source == MemorySource::none) {
        report.memory_note =
            "not known: the run does not answer, and no checkpoint tells its settings";
    }
    list_operation(report);
    if (is_empty(report))
        throw Failure(ExitCode::no_input,
                      fmt::format("--state: there is nothing of a run in {}: no checkpoints, no "
                                  "logs; give the state directory of a run",
                                  state));
}

}  // namespace kiln::app

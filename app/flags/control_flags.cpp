#include "app/flags/control_flags.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "app/failure.hpp"
#include "app/settings_change.hpp"

namespace kiln::app {
namespace {

constexpr const char* status_examples = R"(Examples:
  kiln status --state state/first
  kiln status --state state/first --json
Where nobody is training: what is on disk, and exit code 69.)";
constexpr const char* pause_examples = R"(Examples:
  kiln pause --state state/first
  kiln pause --state state/first --timeout 600
Answers when the checkpoint is durable; the run then waits, without using the processor.)";
constexpr const char* resume_examples = R"(Examples:
  kiln resume --state state/first
  kiln resume --state state/first --json
Goes on with a paused run. `kiln train --resume` starts one that has ended.)";
constexpr const char* save_examples = R"(Examples:
  kiln save --state state/first
  kiln save --state state/first --timeout 600
Answers when the checkpoint is durable; training goes on meanwhile.)";
constexpr const char* stop_examples = R"(Examples:
  kiln stop --state state/first
  kiln stop --state state/first --timeout 600
Saves and ends the run, as Ctrl-C does; `kiln train --resume` goes on from there.)";
constexpr const char* set_examples = R"(Examples:
  kiln set --state state/first learning-rate 0.02
  kiln set --state state/first depth 4
  kiln set --state state/first log-level debug
May change in a run: )";

std::string name_of(ControlCommand command) {
    return std::string(control_command_names[static_cast<std::size_t>(command)]);
}

}  // namespace

CLI::App* ControlFlags::add(CLI::App& app, ControlCommand command, const char* what,
                            const char* examples) {
    CLI::App* const added = app.add_subcommand(name_of(command), what);
    added->footer(examples);
    added->add_option("--state", options_.state, "state directory of the run [state]")
        ->type_name("DIR");
    add_answer_flags(*added);
    return added;
}

void ControlFlags::add_answer_flags(CLI::App& command) {
    command.add_flag("--json", options_.json, "print the answer as JSON");
    command
        .add_option("--timeout", options_.timeout_seconds,
                    "how long to wait for the answer [10; pause 60, save and stop 300]")
        ->type_name("SECONDS")
        ->check(CLI::Range(1.0, 86'400.0));
}

void ControlFlags::add_to(CLI::App& app) {
    add(app, ControlCommand::status, "how a run is and how far it got", status_examples);
    add(app, ControlCommand::pause, "save a run and let it wait", pause_examples);
    add(app, ControlCommand::resume, "go on with a paused run", resume_examples);
    add(app, ControlCommand::save, "save a run now", save_examples);
    add(app, ControlCommand::stop, "save and end a run", stop_examples);
    CLI::App* const set = add(app, ControlCommand::set, "change a setting of a run", set_examples);
    set->footer(fmt::format("{}{}.", set_examples, fmt::join(changeable_settings(), ", ")));
    set->add_option("key", options_.request.key, "the setting, as in kiln train --help")
        ->required()
        ->type_name("KEY");
    set->add_option("value", options_.request.value, "its new value")
        ->required()
        ->type_name("VALUE");
}

void ControlFlags::add_to_memory(CLI::App& memory, CLI::Option* plan) {
    add_answer_flags(memory);
    memory.get_option("--json")->excludes(plan);
    memory.get_option("--timeout")->excludes(plan);
}

std::optional<ControlOptions> ControlFlags::options(const std::string& name) const {
    const auto* const found = std::find_if(
        control_command_names.begin(), control_command_names.end(),
        [&](std::string_view command) { return name == fmt::format("kiln {}", command); });
    if (found == control_command_names.end())
        return std::nullopt;
    ControlOptions options = options_;
    options.request.command = static_cast<ControlCommand>(found - control_command_names.begin());
    return options;
}

ControlOptions ControlFlags::memory_options(const RunOptions& run) const {
    for (const Assignment& assignment : run.from_flags)
        if (assignment.setting->name != std::string_view("state"))
            throw Failure(ExitCode::usage,
                          fmt::format("memory: {} belongs to --plan; without it a running trainer "
                                      "is asked, and --state says which",
                                      assignment.origin));
    ControlOptions options = *this->options("kiln memory");
    options.state = run.over(RunSettings()).state;
    return options;
}

}  // namespace kiln::app

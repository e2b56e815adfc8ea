// status, pause, resume, save, stop, set and memory: what asks a running trainer.
#include <optional>

#include <fmt/format.h>
#include <unistd.h>

#include "app/commands/commands.hpp"
#include "app/control_client.hpp"
#include "app/control_text.hpp"
#include "app/failure.hpp"
#include "app/state_directory.hpp"
#include "app/text.hpp"

namespace kiln::app {
namespace {

// How long a client waits, in seconds. A save of a large model to a slow card takes a minute; the
// rest is answered within an epoch.
double usual_patience(ControlCommand command) {
    switch (command) {
        case ControlCommand::save:
        case ControlCommand::stop:
            return 300;
        case ControlCommand::pause:
            return 60;
        case ControlCommand::set:
            return 30;
        default:
            return 10;
    }
}

std::string name_of(ControlCommand command) {
    return std::string(control_command_names[static_cast<std::size_t>(command)]);
}

// A checkpoint on disk, every byte of it checked.
struct FoundCheckpoint {
    FileName name;
    std::uint64_t games = 0;
    std::uint64_t bytes = 0;
    std::string damage;  // empty: intact
};

FoundCheckpoint check(StateDirectory& directory, const CatalogEntry& entry) {
    FoundCheckpoint found = {entry.name, entry.games, 0, ""};
    CheckpointReader reader;
    const auto opened = reader.open(directory.store(), entry.name);
    if (opened)
        found.bytes = opened.value().file_bytes;
    const Status verified = opened ? reader.verify() : Status(opened.error());
    if (!verified)
        found.damage =
            describe_checkpoint_error(verified.error(), reader, directory.store(), entry.name);
    reader.close();
    return found;
}

// The newest checkpoint and, if it is damaged, those behind it up to the newest that is intact.
std::vector<FoundCheckpoint> check_newest(StateDirectory& directory) {
    std::vector<FoundCheckpoint> found;
    const Catalog& catalog = directory.checkpoints();
    for (const CatalogEntry& entry : std::span(catalog.entries, catalog.count)) {
        found.push_back(check(directory, entry));
        if (found.back().damage.empty())
            break;
    }
    return found;
}

std::string text_of(const FoundCheckpoint& checkpoint) {
    if (!checkpoint.damage.empty())
        return fmt::format("  {:<12} {}, DAMAGED: {}\n", "checkpoint", checkpoint.name.text,
                           on_one_line(checkpoint.damage));
    return fmt::format("  {:<12} {}, {} games, {}, intact\n", "checkpoint", checkpoint.name.text,
                       format_count(checkpoint.games), format_bytes(checkpoint.bytes));
}

// As in the status of a run, and whether it is intact.
Json json_of(const FoundCheckpoint& checkpoint) {
    Json json = {{"name", checkpoint.name.text},
                 {"games", checkpoint.games},
                 {"bytes", checkpoint.bytes},
                 {"intact", checkpoint.damage.empty()}};
    if (!checkpoint.damage.empty())
        json["damage"] = checkpoint.damage;
    return json;
}

void print_json(const Json& json) {
    fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
}

Failure no_run(const std::string& state) {
    return Failure(ExitCode::no_run,
                   fmt::format("nobody is training in {}; `kiln train --resume --state {}` would "
                               "go on there",
                               state, state));
}

// What is on disk where nobody is training.
void print_what_is_left(const ControlOptions& options) {
    StateDirectory directory(options.state);
    std::vector<FoundCheckpoint> found;
    if (directory.open_existing())
        found = check_newest(directory);
    if (options.json) {
        Json json = error_reply(no_run(options.state).what(), ExitCode::no_run);
        json["checkpoints"] = Json::array();
        for (const FoundCheckpoint& checkpoint : found)
            json["checkpoints"].push_back(json_of(checkpoint));
        return print_json(json);
    }
    fmt::print("{}: not training\n", on_one_line(options.state));
    for (const FoundCheckpoint& checkpoint : found)
        fmt::print("{}", text_of(checkpoint));
    if (found.empty())
        fmt::print("  {:<12} none\n", "checkpoint");
}

}  // namespace

ExitCode run_control(const ControlOptions& options) {
    const ControlCommand command = options.request.command;
    const double patience =
        options.timeout_seconds > 0 ? options.timeout_seconds : usual_patience(command);
    const auto waiting = [&] {
        if (::isatty(STDERR_FILENO) == 1)
            fmt::print(stderr, "kiln: {}: waiting for the run in {}, at most {}\n",
                       name_of(command), options.state, format_duration(patience));
    };
    const std::optional<Json> reply = ask_run(options.state, options.request, patience, waiting);
    if (!reply) {
        if (command == ControlCommand::status)
            print_what_is_left(options);
        throw no_run(options.state);
    }
    if (options.json)
        print_json(*reply);
    else if (command == ControlCommand::status)
        fmt::print("{}", format_status(*reply, options.state));
    else if (command == ControlCommand::memory)
        fmt::print("{}", format_memory(*reply));
    else
        fmt::print("{}", format_done(*reply, name_of(command)));
    return ExitCode::ok;
}

}  // namespace kiln::app

#include <algorithm>
#include <array>
#include <cstdio>

#include <fmt/format.h>

#include "app/commands/commands.hpp"
#include "app/failure.hpp"
#include "app/state_directory.hpp"
#include "app/text.hpp"

namespace kiln::app {
namespace {

const char* type_name(ElementType type) {
    switch (type) {
        case ElementType::bytes:
            return "bytes";
        case ElementType::u16:
            return "u16";
        case ElementType::u32:
            return "u32";
        case ElementType::u64:
            return "u64";
        case ElementType::f32:
            return "f32";
        case ElementType::f64:
            return "f64";
        case ElementType::adam_slot:
            return "adam slot";
        case ElementType::text:
            return "text";
        case ElementType::record:
            return "record";
    }
    return "unknown";
}

std::unique_ptr<StateDirectory> open_listed(const std::string& path) {
    auto directory = std::make_unique<StateDirectory>(path);
    if (!directory->open_existing())
        throw Failure(
            ExitCode::no_input,
            fmt::format("there is no directory {}; give the state directory of a run", path));
    return directory;
}

ExitCode list(const std::string& path) {
    const auto directory = open_listed(path);
    const Catalog& catalog = directory->checkpoints();
    if (catalog.count == 0) {
        fmt::print("{}: no checkpoints\n", path);
        return ExitCode::ok;
    }
    fmt::print("{:<28} {:>15} {:>10}  {:<10} {}\n", "checkpoint", "games", "size", "workload",
               "state");
    CheckpointReader reader;
    for (const CatalogEntry& entry : std::span(catalog.entries, catalog.count)) {
        const auto opened = reader.open(directory->store(), entry.name);
        const CheckpointInfo info = opened ? opened.value() : CheckpointInfo();
        const std::string state =
            opened
                ? "complete"
                : describe_checkpoint_error(opened.error(), reader, directory->store(), entry.name);
        fmt::print("{:<28} {:>15} {:>10}  {:<10} {}\n", entry.name.text, format_count(entry.games),
                   format_bytes(info.file_bytes), info.workload, state);
    }
    return ExitCode::ok;
}

// Checks one file; the complaint, or nothing.
std::optional<Failure> verify_one(StateDirectory& directory, const FileName& name) {
    try {
        const OpenCheckpoint checkpoint = open_checkpoint(directory, name);
        if (const Status verified = checkpoint.reader->verify(); !verified)
            refuse(verified.error(), directory, checkpoint);
        fmt::print("{}: intact, {} games, {} in {} chunks\n", checkpoint.path,
                   format_count(checkpoint.reader->info().games),
                   format_bytes(checkpoint.reader->info().file_bytes),
                   format_count(checkpoint.reader->info().chunks));
        return std::nullopt;
    } catch (const Failure& failure) {
        return failure;
    }
}

ExitCode verify(const std::string& path) {
    const CheckpointPlace place = find_checkpoint(path, "verify");
    const Catalog& catalog = place.directory->checkpoints();
    std::vector<FileName> names;
    // A directory means all its checkpoints: find_checkpoint gave its newest.
    if (place.directory->path() == path)
        for (std::size_t i = 0; i < catalog.count; ++i)
            names.push_back(catalog.entries[i].name);
    else
        names.push_back(place.name);
    ExitCode worst = ExitCode::ok;
    for (const FileName& name : names) {
        const auto failure = verify_one(*place.directory, name);
        if (!failure)
            continue;
        std::fflush(stdout);
        fmt::print(stderr, "kiln: {}\n", failure->what());
        worst = std::max(worst, failure->exit_code());
    }
    return worst;
}

ExitCode inspect(const std::string& path) {
    const CheckpointPlace place = find_checkpoint(path, "inspect");
    const OpenCheckpoint checkpoint = open_checkpoint(*place.directory, place.name);
    const CheckpointInfo& info = checkpoint.reader->info();
    fmt::print("{}\n", checkpoint.path);
    fmt::print("format version {}{}, workload {}, {} games, {} bytes, {} chunks\n", info.version,
               info.is_compressed ? ", compressed" : "", info.workload, format_count(info.games),
               format_count(info.file_bytes), format_count(info.chunks));
    fmt::print("  {:<22} {:<10} {:>13} {:>8} {:>15} {:>12} {:>7}\n", "section", "type", "elements",
               "each", "bytes", "offset", "chunks");
    for (const SectionInfo& section : std::span(info.sections, info.section_count))
        fmt::print("  {:<22} {:<10} {:>13} {:>8} {:>15} {:>12} {:>7}\n", section.name,
                   type_name(section.type), format_count(section.bytes / section.element_bytes),
                   section.element_bytes, format_count(section.bytes), section.offset,
                   section.chunks);
    const std::string settings = read_settings_text(*place.directory, checkpoint);
    if (!settings.empty())
        fmt::print("settings\n");
    for (std::size_t at = 0; at < settings.size();) {
        const std::size_t end = std::min(settings.find('\n', at), settings.size());
        fmt::print("  {}\n", settings.substr(at, end - at));
        at = end + 1;
    }
    return ExitCode::ok;
}

}  // namespace

ExitCode run_checkpoint(const CheckpointOptions& options) {
    switch (options.action) {
        case CheckpointAction::list:
            return list(options.path);
        case CheckpointAction::verify:
            return verify(options.path);
        case CheckpointAction::inspect:
            return inspect(options.path);
        case CheckpointAction::diff:
            return diff_checkpoints(options);
    }
    return ExitCode::internal;
}

}  // namespace kiln::app

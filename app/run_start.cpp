#include "app/run_start.hpp"

#include <fmt/format.h>

#include "app/failure.hpp"

namespace kiln::app {
namespace {

Failure already_holds_a_run(const StateDirectory& directory, const FileName& newest) {
    return Failure(ExitCode::cannot_create,
                   fmt::format("--state: {} already holds a run ({}); add --resume to go on with "
                               "it, or choose another directory",
                               directory.path(), newest.text));
}

// What to type when checkpoint number `at`, counted from the newest, stops the run.
Advice ways_on(const Catalog& catalog, std::size_t at) {
    if (at + 1 < catalog.count) {
        const char* const before = catalog.entries[at + 1].name.text;
        return {fmt::format("--on-corrupt previous goes on from {}, --on-corrupt fresh from "
                            "nothing",
                            before),
                fmt::format("remove or rename it to go on from {}", before)};
    }
    const std::string why =
        at == 0 ? "it is the only one" : "it is the oldest, and every newer one is damaged";
    return {why + "; --on-corrupt fresh starts from nothing",
            why + "; choose another --state to start again"};
}

// Throws DamagedCheckpoint, or another Failure, unless the run can go on from it.
void open_start(StartingPoint& start, StateDirectory& directory, const FileName& name,
                Scrutiny scrutiny, const Advice& advice) {
    const OpenCheckpoint& checkpoint =
        start.checkpoint.emplace(open_checkpoint(directory, name, advice));
    const std::string settings = read_settings_text(directory, checkpoint, advice);
    if (scrutiny == Scrutiny::whole)
        if (const Status whole = checkpoint.reader->verify(); !whole)
            refuse(whole.error(), directory, checkpoint, advice);
    start.games = checkpoint.reader->info().games;
    start.settings = from_text(settings, checkpoint.path);
}

// From the newest checkpoint that is whole, as far as --on-corrupt lets damaged ones go.
void open_newest(StartingPoint& start, StateDirectory& directory, const RunSettings& asked,
                 Scrutiny scrutiny) {
    const Catalog& catalog = directory.checkpoints();
    if (catalog.count > 0 && !asked.resume)
        throw already_holds_a_run(directory, catalog.entries[0].name);
    for (std::size_t at = 0; at < catalog.count; ++at) {
        const FileName name = catalog.entries[at].name;
        const bool may_be_damaged =
            asked.on_corrupt == OnCorrupt::fresh ||
            (asked.on_corrupt == OnCorrupt::previous && at + 1 < catalog.count);
        Advice advice = ways_on(catalog, at);
        if (may_be_damaged)
            advice.if_damaged.clear();
        try {
            return open_start(start, directory, name, scrutiny, advice);
        } catch (const DamagedCheckpoint& damage) {
            if (start.checkpoint)
                start.checkpoint->reader->close();
            start.checkpoint.reset();
            if (!may_be_damaged)
                throw;
            start.damaged.push_back(
                {name, fmt::format("{}; set aside as {}.damaged", damage.what(), name.text)});
            if (asked.on_corrupt == OnCorrupt::fresh)
                return;
        }
    }
}

}  // namespace

StartingPoint find_start(StateDirectory& directory, const RunSettings& asked, Scrutiny scrutiny) {
    StartingPoint start;
    if (!directory.open_existing())
        return start;
    directory.claim();
    start.is_claimed = true;
    open_newest(start, directory, asked, scrutiny);
    if (start.checkpoint && start.settings.pattern_shapes != RunSettings::shape_set_name())
        throw Failure(ExitCode::bad_data,
                      fmt::format("{}: its weights belong to the pattern shapes {}, this kiln's "
                                  "are {}; use the kiln that wrote it",
                                  start.checkpoint->path, start.settings.pattern_shapes,
                                  RunSettings::shape_set_name()));
    return start;
}

void check_workload(const StartingPoint& start, const RunSettings& settings) {
    if (!start.checkpoint || settings.workload == start.settings.workload)
        return;
    throw Failure(ExitCode::bad_data,
                  fmt::format("{}: it belongs to workload '{}', not to '{}'; choose another "
                              "--state for another workload",
                              start.checkpoint->path, start.settings.workload, settings.workload));
}

void claim_for_writing(StateDirectory& directory, const StartingPoint& start) {
    if (!start.is_claimed) {
        directory.create();
        directory.claim();
        // Another kiln may have been faster.
        if (const Catalog& catalog = directory.checkpoints(); catalog.count > 0)
            throw already_holds_a_run(directory, catalog.entries[0].name);
    }
    directory.prepare_for_writing();
    for (const DamagedFile& file : start.damaged)
        directory.set_aside(file.name);
}

}  // namespace kiln::app

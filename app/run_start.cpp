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

// What to type when a damaged checkpoint stops the run.
Advice ways_on(const Catalog& catalog) {
    Advice advice;
    advice.if_damaged = catalog.count > 1
                            ? fmt::format(
                                  "--on-corrupt previous goes on from {}, --on-corrupt "
                                  "fresh from nothing",
                                  catalog.entries[1].name.text)
                            : "it is the only one; --on-corrupt fresh starts from nothing";
    advice.otherwise =
        catalog.count > 1
            ? fmt::format("remove or rename it to go on from {}", catalog.entries[1].name.text)
            : "it is the only one; choose another --state to start again";
    return advice;
}

// The newest checkpoint whose header is whole, as far as --on-corrupt lets damaged ones go.
std::optional<OpenCheckpoint> open_newest(StateDirectory& directory, const RunSettings& asked) {
    for (;;) {
        const Catalog& catalog = directory.checkpoints();
        if (catalog.count == 0)
            return std::nullopt;
        const FileName newest = catalog.entries[0].name;
        if (!asked.resume)
            throw already_holds_a_run(directory, newest);
        const Advice advice = ways_on(catalog);
        try {
            return open_checkpoint(directory, newest, advice);
        } catch (const DamagedCheckpoint&) {
            if (asked.on_corrupt == OnCorrupt::stop)
                throw;
            directory.set_aside(newest);
            if (asked.on_corrupt == OnCorrupt::fresh)
                return std::nullopt;
        }
    }
}

}  // namespace

StartingPoint find_start(StateDirectory& directory, const RunSettings& asked) {
    StartingPoint start;
    if (!directory.open_existing())
        return start;
    directory.claim();
    start.is_claimed = true;
    start.checkpoint = open_newest(directory, asked);
    if (!start.checkpoint)
        return start;
    const OpenCheckpoint& checkpoint = *start.checkpoint;
    start.games = checkpoint.reader->info().games;
    start.settings = from_text(read_settings_text(directory, checkpoint), checkpoint.path);
    if (start.settings.pattern_shapes != RunSettings::shape_set_name())
        throw Failure(ExitCode::bad_data,
                      fmt::format("{}: its weights belong to the pattern shapes {}, this kiln's "
                                  "are {}; use the kiln that wrote it",
                                  checkpoint.path, start.settings.pattern_shapes,
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
}

}  // namespace kiln::app

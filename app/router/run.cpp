#include "app/router/run.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "app/failure.hpp"
#include "app/state_directory.hpp"

namespace kiln::app {
namespace {

Assignment fact(const char* name, const std::string& text) {
    const Setting* const setting = find_setting(name);
    CHECK(setting != nullptr);
    return {setting, text, fmt::format("router train: {}", name), ExitCode::usage};
}

bool is_given(const RunOptions& run, std::string_view name) {
    return std::any_of(run.from_flags.begin(), run.from_flags.end(),
                       [&](const Assignment& given) { return name == given.setting->name; });
}

// Where a run is already, nothing is written.
void refuse_other_run(StateDirectory& directory) {
    if (const Catalog& catalog = directory.checkpoints(); catalog.count > 0)
        throw Failure(ExitCode::cannot_create,
                      fmt::format("--state: {} already holds a run ({}); add --resume to go on "
                                  "with it, or choose another directory",
                                  directory.path(), catalog.entries[0].name.text));
}

}  // namespace

PreparedRun prepare_run(const RunOptions& run, Dataset data, double validation, bool normalise) {
    const RunSettings asked = run.over(RunSettings());
    PreparedRun prepared;
    PreparedSamples& samples = prepared.samples;
    samples.parts = split(data, validation, asked.othello.seed);
    if (samples.parts.first().empty())
        throw Failure(ExitCode::usage,
                      fmt::format("--validation: {} of {} samples leave none to learn from",
                                  validation, data.samples));
    if (normalise)  // fitted to what is learned from, and to nothing else
        samples.normaliser = fit_normaliser(data, samples.parts.first());

    const auto number = [](std::uint64_t value) { return fmt::format("{}", value); };
    prepared.facts = {
        fact("workload", "router"),
        fact("router-inputs", number(data.inputs)),
        fact("router-outputs", number(data.outputs)),
        fact("router-steps", number(data.steps)),
        fact("router-training", number(samples.parts.first().size())),
        fact("router-validation", number(samples.parts.second().size())),
        fact("router-loss",
             data.kind == router::LossKind::squared_error ? "squared-error" : "cross-entropy"),
    };
    if (data.has_teacher() && !is_given(run, "alpha"))
        prepared.facts.push_back(fact("alpha", "0.5"));
    if (!data.has_teacher() && asked.router.loss.alpha > 0)
        throw Failure(ExitCode::usage,
                      "--alpha: there is no teacher; give --teacher MODEL or data "
                      "with teacher_logits");
    samples.data = std::move(data);
    return prepared;
}

void keep_data(PreparedRun& prepared, const std::string& state) {
    StateDirectory directory(state);
    if (!directory.open_existing())
        directory.create();
    directory.claim();
    refuse_other_run(directory);
    prepared.facts.push_back(fact("router-data", write_prepared(state, prepared.samples)));
}

void add_length(RunOptions& run) {
    const RunSettings settings = run.over(RunSettings());
    const router::Schedule schedule(settings.router);
    run.from_flags.push_back(fact("games", fmt::format("{}", router::tickets_of(settings.router))));
    run.from_flags.push_back(fact("epoch-games", fmt::format("{}", schedule.tickets_per_batch)));
}

RouterModel trained_model(const std::string& state) {
    const CheckpointPlace place = find_checkpoint(state, "--state");
    const OpenCheckpoint checkpoint = open_checkpoint(*place.directory, place.name);
    const RunSettings settings =
        from_text(read_settings_text(*place.directory, checkpoint), checkpoint.path);
    if (settings.workload != "router")
        throw Failure(ExitCode::bad_data, fmt::format("{}: belongs to workload '{}'",
                                                      checkpoint.path, settings.workload));
    RouterModel model;
    model.shape = settings.router.shape;
    model.steps = settings.router.steps;
    model.kind = settings.router.loss.kind;
    model.parameters.resize(router::Layout(model.shape).size());
    const auto read = checkpoint.reader->read_section(
        "router.parameters", std::as_writable_bytes(std::span(model.parameters)));
    if (!read)
        refuse(read.error(), *place.directory, checkpoint);
    checkpoint.reader->close();
    model.exact.assign(model.parameters.begin(), model.parameters.end());
    model.normaliser = prepared_normaliser(state);
    return model;
}

}  // namespace kiln::app

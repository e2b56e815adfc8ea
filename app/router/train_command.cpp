// `kiln router train` and `distill`: data to the state directory, then a run like any other.
#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "app/console.hpp"
#include "app/failure.hpp"
#include "app/memory_table.hpp"
#include "app/router/commands.hpp"
#include "app/router/model.hpp"
#include "app/router/prepared.hpp"
#include "app/state_directory.hpp"
#include "app/text.hpp"
#include "app/trainer.hpp"

namespace kiln::app {
namespace {

Assignment decided(const char* name, const std::string& text) {
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

// A teacher's logits for every sample, before anything is normalised for the student.
void ask_teacher(const std::string& path, Dataset& data) {
    const RouterModel teacher = load_model(path);
    if (teacher.shape.outputs != data.outputs)
        throw Failure(ExitCode::usage,
                      fmt::format("--teacher: {} has {} outputs, and the data take {}", path,
                                  teacher.shape.outputs, data.outputs));
    const std::vector<float> logits = logits_of(teacher, data);
    data.teacher = Block(logits.size() * sizeof(float));
    std::copy(logits.begin(), logits.end(), data.teacher.floats().begin());
}

// The length of the run in tickets follows from all the rest.
void add_length(RunOptions& run) {
    const RunSettings settings = run.over(RunSettings());
    const router::Schedule schedule(settings.router);
    run.from_flags.push_back(
        decided("games", fmt::format("{}", router::tickets_of(settings.router))));
    run.from_flags.push_back(decided("epoch-games", fmt::format("{}", schedule.tickets_per_batch)));
}

// A run that does not fit leaves nothing behind.
void refuse_without_room(RunOptions run, const std::vector<Assignment>& facts) {
    run.from_flags.insert(run.from_flags.end(), facts.begin(), facts.end());
    add_length(run);
    const Trainer trainer(run.over(RunSettings()));
    if (trainer.plan().fits)
        return;
    fmt::print("{}", format_plan(trainer.requests(), trainer.plan()));
    throw budget_too_small(trainer.plan());
}

std::string keep_data(const std::string& state, const Dataset& data, const Normaliser& normaliser) {
    StateDirectory directory(state);
    if (!directory.open_existing())
        directory.create();
    directory.claim();
    refuse_other_run(directory);
    return write_prepared(state, data, normaliser);
}

// From the data to the settings that follow from them.
std::vector<Assignment> prepare(const RouterOptions& options, const RunSettings& asked) {
    Dataset data = load_dataset(options.data);
    if (!options.teacher.empty())
        ask_teacher(options.teacher, data);
    const Split parts = split(data, options.validation, asked.othello.seed);
    if (parts.first.empty())
        throw Failure(ExitCode::usage,
                      fmt::format("--validation: {} of {} samples leave none to learn from",
                                  options.validation, data.samples));
    std::vector<std::uint32_t> order = parts.first;
    order.insert(order.end(), parts.second.begin(), parts.second.end());
    Normaliser normaliser;
    if (options.normalise)  // fitted to what is learned from, and to nothing else
        normaliser = fit_normaliser(select(data, parts.first));
    data = select(data, order);
    normaliser.apply(data);

    const auto number = [](std::uint64_t value) { return fmt::format("{}", value); };
    std::vector<Assignment> facts = {
        decided("workload", "router"),
        decided("router-inputs", number(data.inputs)),
        decided("router-outputs", number(data.outputs)),
        decided("router-steps", number(data.steps)),
        decided("router-training", number(parts.first.size())),
        decided("router-validation", number(parts.second.size())),
        decided("router-loss",
                data.kind == router::LossKind::squared_error ? "squared-error" : "cross-entropy"),
    };
    if (data.has_teacher() && !is_given(options.run, "alpha"))
        facts.push_back(decided("alpha", "0.5"));
    if (!data.has_teacher() && asked.router.loss.alpha > 0)
        throw Failure(ExitCode::usage,
                      "--alpha: there is no teacher; give --teacher MODEL or data "
                      "with teacher_logits");
    refuse_without_room(options.run, facts);
    facts.push_back(decided("router-data", keep_data(asked.state, data, normaliser)));
    return facts;
}

// What a resumed run may be told anew is what decides nothing about its result.
void check_resumed(const RouterOptions& options) {
    if (!options.data.path.empty() || options.data.task != Task::none || !options.teacher.empty())
        throw Failure(ExitCode::usage,
                      "--resume: the run goes on with the data it began with; leave --data, --task "
                      "and --teacher out");
    for (const Assignment& given : options.run.from_flags)
        if (given.setting->kept != Kept::nowhere && given.setting->name != std::string("workload"))
            throw Failure(ExitCode::usage,
                          fmt::format("{}: a resumed run goes on as it began; leave it out or "
                                      "train anew in another --state",
                                      given.origin));
}

void save_model(const RunSettings& asked, const std::string& out) {
    Console console(stdout);
    const CheckpointPlace place = find_checkpoint(asked.state, "--state");
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
    model.normaliser = prepared_normaliser(asked.state);
    const std::vector<std::byte> file = to_file(model);
    write_whole(out, file);
    console.print(fmt::format("model: {}, {} parameters, {}", out,
                              format_count(model.parameters.size()), format_bytes(file.size())));
}

}  // namespace

ExitCode run_router_train(const RouterOptions& options) {
    RunOptions run = options.run;
    const RunSettings asked = run.over(RunSettings());
    StateDirectory directory(asked.state);
    const bool is_resuming =
        asked.resume && directory.open_existing() && directory.checkpoints().count > 0;
    if (is_resuming) {
        check_resumed(options);
        run.from_flags.push_back(decided("workload", "router"));
    } else {
        if (options.data.path.empty() && options.data.task == Task::none)
            throw Failure(ExitCode::usage,
                          "router train: nothing to learn from; give --data FILE (.csv, .csv.gz or "
                          ".npz) or --task adding, latch or parity");
        for (Assignment& fact : prepare(options, asked))
            run.from_flags.push_back(std::move(fact));
        add_length(run);
    }
    const ExitCode exit_code = run_train(run);
    if (exit_code == ExitCode::ok)
        save_model(asked, options.out.empty() ? asked.state + "/model.safetensors" : options.out);
    return exit_code;
}

}  // namespace kiln::app

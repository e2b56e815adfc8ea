// `kiln router train` and `distill`: data to the state directory, then a run like any other.
#include <algorithm>

#include <fmt/format.h>

#include "app/console.hpp"
#include "app/failure.hpp"
#include "app/memory_table.hpp"
#include "app/router/commands.hpp"
#include "app/router/run.hpp"
#include "app/state_directory.hpp"
#include "app/text.hpp"
#include "app/trainer.hpp"

namespace kiln::app {
namespace {

// A teacher's logits for every sample, before anything is normalised for the student.
void ask_teacher(const std::string& path, Dataset& data) {
    const RouterModel teacher = load_model(path);
    if (teacher.shape.outputs != data.outputs)
        throw Failure(ExitCode::usage,
                      fmt::format("--teacher: {} has {} outputs, and the data take {}", path,
                                  teacher.shape.outputs, data.outputs));
    data.teacher = logits_of(teacher, data);
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

// From the data to the settings that follow from them.
std::vector<Assignment> prepare(const RouterOptions& options, const RunSettings& asked) {
    Dataset data = load_dataset(options.data);
    if (!options.teacher.empty())
        ask_teacher(options.teacher, data);
    PreparedRun prepared =
        prepare_run(options.run, std::move(data), options.validation, options.normalise);
    refuse_without_room(options.run, prepared.facts);
    keep_data(prepared, asked.state);
    return prepared.facts;
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
    const RouterModel model = trained_model(asked.state);
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
        run.from_flags.push_back({find_setting("workload"), "router", "workload", ExitCode::usage});
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

#include <algorithm>
#include <atomic>
#include <optional>

#include <fmt/format.h>

#include "app/bench_report.hpp"
#include "app/commands/commands.hpp"
#include "app/control_text.hpp"
#include "app/failure.hpp"
#include "app/late_file.hpp"
#include "app/state_directory.hpp"
#include "perf/benchmarks.hpp"
#include "perf/jobs.hpp"
#include "perf/machine.hpp"
#include "perf/signature.hpp"
#include "platform/linux/signals.hpp"

namespace kiln::app {
namespace {

perf::Report measure(const BenchOptions& options) {
    std::atomic<bool> stop{false};
    (void)platform::install_stop_signals(stop);  // cannot fail for these signals
    perf::Options bench;
    bench.filter = options.filter.c_str();
    bench.directory = options.directory.c_str();
    bench.executable = "/proc/self/exe";
    std::optional<CheckpointPlace> model;
    if (!options.model.empty()) {
        model = find_checkpoint(options.model, "--model");
        const OpenCheckpoint checkpoint = open_checkpoint(*model->directory, model->name);
        if (const std::string workload = checkpoint.reader->info().workload; workload != "othello")
            throw Failure(ExitCode::bad_data,
                          fmt::format("--model: {} was trained as workload '{}', a model comes "
                                      "from workload 'othello'",
                                      checkpoint.path, workload));
        bench.model_store = &model->directory->store();
        bench.model_file = model->name;
    }
    bench.out = options.json ? stderr : stdout;
    bench.stop = &stop;
    perf::Report report = perf::run_benchmarks(bench);
    platform::restore_stop_signals();
    return report;
}

void print_memory(const std::string& answer) {
    const Json memory = Json::parse(answer, nullptr, false);
    if (!memory.is_discarded())
        fmt::print("\nmemory of a training run with the default budget\n{}", format_memory(memory));
}

void warn_of_differences(const perf::Machine& before, const perf::Machine& now) {
    if (before.kind != now.kind)
        fmt::print(stderr,
                   "kiln: bench: the baseline is of a machine of another kind: {}, not {}\n",
                   before.kind, now.kind);
    if (before.compiler != now.compiler || before.build != now.build)
        fmt::print(stderr, "kiln: bench: the baseline is of another build: {}, {}; not {}, {}\n",
                   before.compiler, before.build, now.compiler, now.build);
}

ExitCode compare(const perf::Report& baseline, const perf::Report& report,
                 const BenchOptions& options) {
    warn_of_differences(baseline.machine, report.machine);
    std::vector<perf::ComparedFigure> compared =
        perf::compare(baseline.figures, report.figures, options.filter, options.threshold);
    if (report.is_partial)
        std::erase_if(compared, [](const perf::ComparedFigure& row) {
            return row.change == perf::Change::missing;
        });
    fmt::print(options.json ? stderr : stdout, "\n{}",
               format_comparison(compared, options.compare));
    const bool has_regressed = std::any_of(
        compared.begin(), compared.end(),
        [](const perf::ComparedFigure& row) { return row.change == perf::Change::regressed; });
    return has_regressed ? ExitCode::regressed : ExitCode::ok;
}

ExitCode run_measurement(const BenchOptions& options) {
    // What cannot be read or written is told before minutes of measuring, not after them.
    std::optional<perf::Report> baseline;
    if (!options.compare.empty())
        baseline = read_report(options.compare);
    std::optional<LateFile> kept;
    if (!options.save_baseline.empty())
        kept.emplace("--save-baseline", options.save_baseline);

    const perf::Report report = measure(options);
    if (options.json)
        fmt::print("{}", to_json(report));
    else
        print_memory(report.memory_answer);
    if (report.is_partial)
        fmt::print(stderr, "kiln: bench: interrupted; these are the figures that were complete{}\n",
                   kept ? ", and no baseline was saved" : "");
    else if (report.figures.empty() && report.breakdowns.empty() && report.memory_answer.empty())
        throw Failure(ExitCode::usage,
                      fmt::format("--filter: no figure's name contains '{}'; `kiln bench` without "
                                  "it lists them",
                                  options.filter));
    else if (kept)
        kept->finish(to_json(report));
    // A missed target is a finding, not a failure of the command.
    return baseline ? compare(*baseline, report, options) : ExitCode::ok;
}

ExitCode run_job(const BenchOptions& options) {
    const perf::Machine machine = perf::this_machine();
    const Json json = {
        {"job", options.job},     {"repeat", options.repeat},
        {"isa", machine.isa},     {"compiler", machine.compiler},
        {"build", machine.build}, {"did", perf::run_job(options.job, options.repeat)}};
    fmt::print("{}\n", json.dump());
    return ExitCode::ok;
}

}  // namespace

ExitCode run_bench(const BenchOptions& options) {
    switch (options.action) {
        case BenchAction::measure:
            return run_measurement(options);
        case BenchAction::print_kind:
            fmt::print("{}\n", perf::this_machine().kind);
            break;
        case BenchAction::print_signature:
            fmt::print("{}", perf::format_signature(perf::measure_signature()));
            break;
        case BenchAction::run_job:
            return run_job(options);
    }
    return ExitCode::ok;
}

}  // namespace kiln::app

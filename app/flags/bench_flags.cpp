#include "app/flags/bench_flags.hpp"

#include <algorithm>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/flags/whole.hpp"
#include "perf/jobs.hpp"

namespace kiln::app {
namespace {

double parse_threshold(const std::string& text) {
    const auto percent = parse_real(text);
    if (!percent || !(*percent >= 0 && *percent <= 1000))
        throw Failure(ExitCode::usage,
                      fmt::format("--threshold: '{}' is not allowed; it takes a number of per cent "
                                  "from 0 to 1000",
                                  text));
    return *percent / 100;
}

void check_job(const std::string& name) {
    const std::vector<std::string> names = perf::job_names();
    if (std::find(names.begin(), names.end(), name) == names.end())
        throw Failure(ExitCode::usage,
                      fmt::format("--job: there is no job '{}'; it takes one of {}", name,
                                  fmt::join(names, ", ")));
}

}  // namespace

void BenchFlags::add_to(CLI::App& bench) {
    auto* filter =
        bench.add_option("--filter", options_.filter, "only figures whose name contains this");
    filter->type_name("TEXT");
    auto* directory =
        bench.add_option("--directory", options_.directory, "where to save [/var/tmp]");
    directory->type_name("DIR");
    auto* model = bench.add_option(
        "--model", options_.model,
        "checkpoint or state directory to search and play with [a short training]");
    model->type_name("PATH");
    auto* json = bench.add_flag("--json", options_.json, "print the result as JSON");
    auto* save =
        bench.add_option("--save-baseline", options_.save_baseline, "keep the result in this file");
    save->type_name("FILE");
    auto* compare =
        bench.add_option("--compare", options_.compare,
                         "tell what changed against this file; 1 if a figure regressed");
    compare->type_name("FILE");
    bench.add_option("--threshold", threshold_, "a change below this is none, in per cent [5]")
        ->type_name("PERCENT")
        ->needs(compare);
    auto* kind =
        bench.add_flag("--kind", is_kind_, "print what baselines of this machine are called");
    auto* signature =
        bench.add_flag("--signature", is_signature_,
                       "print how many positions the searches of fixed positions visit");
    auto* job = bench.add_option("--job", options_.job,
                                 fmt::format("do one fixed piece of work, for counting and "
                                             "profiling tools: {}",
                                             fmt::join(perf::job_names(), ", ")));
    job->type_name("NAME");
    bench.add_option("--repeat", repeat_, "do the job that many times [1]")
        ->type_name("TIMES")
        ->needs(job);
    // Baselines are of the short training, which is the same everywhere.
    model->excludes(save)->excludes(compare);
    for (auto* other : {kind, signature, job})
        for (auto* measuring : {filter, directory, model, json, save, compare})
            other->excludes(measuring);
    kind->excludes(signature)->excludes(job);
    signature->excludes(job);
}

BenchOptions BenchFlags::options() const {
    BenchOptions options = options_;
    options.threshold = parse_threshold(threshold_);
    options.repeat = whole("--repeat", repeat_, 1, 1'000'000);
    if (is_kind_)
        options.action = BenchAction::print_kind;
    if (is_signature_)
        options.action = BenchAction::print_signature;
    if (!options.job.empty()) {
        check_job(options.job);
        options.action = BenchAction::run_job;
    }
    return options;
}

}  // namespace kiln::app

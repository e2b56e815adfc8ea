#include "perf/rig.hpp"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "core/checkpoint/reader.hpp"

namespace kiln::perf {
namespace {

constexpr const char* region_stacks = "worker stacks";
constexpr const char* region_scribe = "scribe stack";
constexpr std::uint64_t stack_bytes = 1u << 20;
constexpr std::uint64_t page_bytes = 4096;
constexpr std::uint64_t warm_up_games = 50'000;
constexpr std::uint64_t budget_bytes = 2'000'000'000;

}  // namespace

void give_up(const char* what) {
    std::fprintf(stderr, "kiln: bench: %s\n", what);
    std::exit(71);
}

Rig::Rig(const othello::OthelloSettings& settings, const SessionSettings& session, unsigned workers)
    : workload_(settings), session_(session, measured_) {
    const std::uint64_t stacks_bytes =
        platform::WorkerTeam::stack_region_bytes(workers, stack_bytes);
    const std::uint64_t scribe_bytes = platform::WorkerTeam::stack_region_bytes(1, stack_bytes);
    RegionList regions;
    regions.add(region_stacks, "bench", stacks_bytes, page_bytes);
    regions.add(region_scribe, "bench", scribe_bytes, page_bytes);
    session_.plan(workers, regions);
    const Plan plan = plan_budget(regions, budget_bytes);
    if (!plan.fits || !mapping_.map(plan.arena_bytes))
        give_up("not enough memory");
    Arena arena(mapping_.span(), plan);
    session_.bind(workers, arena);
    if (!team_.launch(workers, arena.take(region_stacks)) ||
        !scribe_.launch(1, arena.take(region_scribe)))
        give_up("cannot start a thread");
    arena.seal();
    session_.start_fresh({});
}

void Rig::train(Store& store) {
    const auto end = session_.run({&team_, &scribe_, &store, &clock_, &page_});
    if (!end)
        give_up(describe(end.error().code));
}

Rig& TrainedRig::get() {
    if (rig_ == nullptr && options_.model_store != nullptr)
        load();
    else if (rig_ == nullptr)
        train();
    return *rig_;
}

void TrainedRig::load() {
    rig_ = std::make_unique<Rig>(othello::OthelloSettings(), SessionSettings());
    SectionList sections;
    rig_->workload().list_sections(sections);
    const auto reader = std::make_unique<CheckpointReader>();
    if (!reader->open(*options_.model_store, options_.model_file) || !reader->load(sections))
        give_up("the checkpoint of --model cannot be read; kiln checkpoint verify tells more");
    rig_->workload().restored();
    std::fprintf(options_.out, "with the model of %s, game %llu\n", options_.model_file.text,
                 static_cast<unsigned long long>(reader->info().games));
}

void TrainedRig::train() {
    std::fprintf(options_.out, "training %llu games at one ply, seed 1, for a model...\n",
                 static_cast<unsigned long long>(warm_up_games));
    std::fflush(options_.out);
    othello::OthelloSettings settings;
    settings.target_games = warm_up_games;
    SessionSettings session;
    session.target_games = warm_up_games;
    rig_ = std::make_unique<Rig>(settings, session);
    rig_->measured().after_epoch = [this] {
        if (options_.stop != nullptr && options_.stop->load(std::memory_order_relaxed))
            rig_->page().request_stop();
    };
    const ScratchDirectory scratch(options_.directory);
    platform::FileStore store;
    if (!store.open_directory(scratch.path(), false))
        give_up("cannot use the directory for saves; name another with --directory");
    rig_->train(store);
}

ScratchDirectory::ScratchDirectory(const char* parent) {
    std::snprintf(path_, sizeof path_, "%s/kiln-bench-XXXXXX", parent);
    if (mkdtemp(path_) == nullptr)
        give_up("cannot make a directory for saves; name another with --directory");
}

ScratchDirectory::~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

}  // namespace kiln::perf

#include "app/model_file.hpp"

#include <algorithm>
#include <new>

#include <fmt/format.h>

#include "core/othello/othello_workload.hpp"

#include "app/failure.hpp"
#include "app/memory_table.hpp"
#include "app/state_directory.hpp"
#include "app/text.hpp"
#include "app/trainer.hpp"
#include "platform/linux/worker_team.hpp"

namespace kiln::app {
namespace {

constexpr const char* region_weights = "pattern weights";
constexpr const char* region_table_heads = "table heads";
constexpr const char* region_tables = "transposition table";
constexpr const char* region_searchers = "search stacks";
constexpr const char* region_worker_stacks = "worker stacks";
constexpr const char* owner = "othello";
constexpr const char* weights_section = "othello.weights";
constexpr std::uint64_t worker_stack_bytes = 1u << 20;

Plan plan_model(unsigned workers, std::uint64_t budget_bytes, std::uint64_t table_bytes) {
    std::uint64_t entries = 0;
    for (const othello::Shape& shape : othello::default_shapes())
        entries += othello::shape_size(shape).play_size;
    RegionList regions;
    regions.add(region_weights, owner, othello::stage_count * entries * sizeof(std::uint16_t),
                2u << 20);
    othello::plan_geometry(regions);
    regions.add(region_searchers, owner, workers * sizeof(othello::Searcher));
    regions.add(region_table_heads, owner, workers * sizeof(othello::TranspositionTable));
    regions.add(region_tables, owner, workers * table_bytes);
    regions.add(region_worker_stacks, "team",
                platform::WorkerTeam::stack_region_bytes(workers, worker_stack_bytes), 4096);
    plan_program(regions);
    return plan_budget(regions, budget_bytes);
}

}  // namespace

unsigned PlayingModel::workers_that_fit(unsigned wanted, std::uint64_t budget_bytes,
                                        std::uint64_t table_bytes) {
    while (wanted > 1 && !plan_model(wanted, budget_bytes, table_bytes).fits)
        --wanted;
    return wanted;
}

PlayingModel::PlayingModel(const ModelSource& source, unsigned workers, std::uint64_t budget_bytes,
                           std::uint64_t table_bytes) {
    const Plan plan = plan_model(workers, budget_bytes, table_bytes);
    if (!plan.fits)
        throw budget_too_small(plan);
    if (const Status mapped = mapping_.map(plan.arena_bytes); !mapped)
        throw Failure(ExitCode::system_refuses,
                      fmt::format("the system does not grant {} of memory; give fewer --workers",
                                  format_bytes(plan.arena_bytes)));
    arena_.emplace(mapping_.span(), plan);
    othello::bind_geometry(*arena_, geometry_);
    const auto weights = arena_->take_as<std::uint16_t>(region_weights);
    load(source, weights);
    model_ = othello::Model(geometry_, weights);

    searchers_ = arena_->take_as<othello::Searcher>(region_searchers);
    tables_ = arena_->take_as<othello::TranspositionTable>(region_table_heads);
    const auto buckets = arena_->take_as<othello::TableBucket>(region_tables);
    const std::size_t share = buckets.size() / workers;
    for (unsigned i = 0; i < workers; ++i) {
        auto* const table = new (&tables_[i]) othello::TranspositionTable;
        table->bind(buckets.subspan(i * share, share));
        searchers_[i].bind(model_, *table);
    }
    worker_stacks_ = arena_->take(region_worker_stacks);
    arena_->seal();
}

void PlayingModel::load(const ModelSource& source, std::span<std::uint16_t> weights) {
    if (source.is_untrained) {
        std::fill(weights.begin(), weights.end(),
                  static_cast<std::uint16_t>(othello::neutral_weight));
        name_ = "untrained";
        return;
    }
    const CheckpointPlace place = find_checkpoint(source.path, source.origin);
    const Advice advice = {"give another checkpoint", "give another checkpoint"};
    const OpenCheckpoint checkpoint = open_checkpoint(*place.directory, place.name, advice);
    SectionList wanted;
    wanted.add(section(weights_section, ElementType::u16, weights));
    const CheckpointInfo& info = checkpoint.reader->info();
    const Status loaded = checkpoint.reader->load(wanted);
    if (!loaded && loaded.error().code == ErrorCode::section_missing)
        throw Failure(ExitCode::bad_data,
                      fmt::format("{}: there is no section {} in it; it was trained as workload "
                                  "'{}', a model comes from workload 'othello'",
                                  checkpoint.path, weights_section, info.workload));
    if (!loaded && loaded.error().code == ErrorCode::section_mismatch)
        throw Failure(
            ExitCode::bad_data,
            fmt::format("{}: section {} has {} weights, this kiln's shapes need {}; use "
                        "the kiln that trained it",
                        checkpoint.path, weights_section, loaded.error().detail, weights.size()));
    if (!loaded)
        refuse(loaded.error(), *place.directory, checkpoint, advice);
    name_ = checkpoint.path;
    games_ = info.games;
}

}  // namespace kiln::app

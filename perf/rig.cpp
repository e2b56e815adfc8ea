#include "perf/rig.hpp"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace kiln::perf {
namespace {

constexpr const char* region_stack = "worker stack";
constexpr std::uint64_t budget_bytes = 2'000'000'000;

[[noreturn]] void give_up(const char* what) {
    std::fprintf(stderr, "kiln: bench: %s\n", what);
    std::exit(71);
}

}  // namespace

Rig::Rig(const othello::OthelloSettings& settings, const SessionSettings& session)
    : workload_(settings), session_(session, workload_) {
    RegionList regions;
    regions.add(region_stack, "bench", platform::WorkerTeam::stack_region_bytes(2, 1u << 20), 4096);
    session_.plan(1, regions);
    const Plan plan = plan_budget(regions, budget_bytes);
    if (!plan.fits || !mapping_.map(plan.arena_bytes))
        give_up("not enough memory");
    Arena arena(mapping_.span(), plan);
    session_.bind(1, arena);
    const std::span<std::byte> stacks = arena.take(region_stack);
    if (!team_.launch(1, stacks.first(stacks.size() / 2)) ||
        !scribe_.launch(1, stacks.last(stacks.size() / 2)))
        give_up("cannot start a thread");
    arena.seal();
    session_.start_fresh({});
}

void Rig::train(Store& store) {
    const auto end = session_.run({&team_, &scribe_, &store, &clock_, &page_});
    if (!end)
        give_up(describe(end.error().code));
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

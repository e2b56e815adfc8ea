#include "perf/fixed_player.hpp"

#include <cstring>
#include <span>

#include "core/base/check.hpp"
#include "core/base/random.hpp"

#include "perf/rig.hpp"

namespace kiln::perf {
namespace {

constexpr std::uint64_t budget_bytes = 2'000'000'000;

// Uniform in [-limit, limit], for every number another.
int offset_of(std::uint64_t number, int limit) {
    const auto width = static_cast<std::uint64_t>(2 * limit + 1);
    return static_cast<int>(multiply_high(mix64(number + 1), width)) - limit;
}

// Lanes x (192 + 32) stays below 64 discs of 256.
void make_up_weights(std::span<std::uint16_t> weights) {
    const std::size_t entries = weights.size() / othello::stage_count;
    for (std::size_t i = 0; i < weights.size(); ++i)
        weights[i] =
            static_cast<std::uint16_t>(othello::neutral_weight + offset_of(i % entries, 192) +
                                       offset_of((std::uint64_t{1} << 32) + i, 32));
}

// The workload's state is reached as a checkpoint reaches it.
std::span<std::uint16_t> weights_of(othello::OthelloWorkload& workload) {
    SectionList sections;
    workload.list_sections(sections);
    for (const Section& section : sections.all())
        if (std::strcmp(section.name, "othello.weights") == 0)
            return {reinterpret_cast<std::uint16_t*>(section.bytes.data()),
                    section.bytes.size() / sizeof(std::uint16_t)};
    CHECK(false && "no section of weights");
    return {};
}

}  // namespace

FixedPlayer::FixedPlayer(const othello::OthelloSettings& settings) : workload_(settings) {
    const Limits limits;
    RegionList regions;
    workload_.plan(limits, regions);
    const Plan plan = plan_budget(regions, budget_bytes);
    if (!plan.fits || !mapping_.map(plan.arena_bytes))
        give_up("not enough memory");
    Arena arena(mapping_.span(), plan);
    workload_.bind(limits, arena);
    arena.seal();
    workload_.reset();
    make_up_weights(weights_of(workload_));
    workload_.restored();
}

}  // namespace kiln::perf

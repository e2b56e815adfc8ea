#include "core/memory/arena.hpp"

namespace kiln {
namespace {
constexpr std::uintptr_t block_alignment = 4096;
}

Arena::Arena(std::span<std::byte> block, const Plan& plan) : block_(block), plan_(plan) {
    CHECK(plan.fits);
    CHECK(block.size() >= plan.arena_bytes);
    CHECK(reinterpret_cast<std::uintptr_t>(block.data()) % block_alignment == 0);
}

std::span<std::byte> Arena::take(const char* name) {
    CHECK(!sealed_);
    const Region* region = plan_.regions.find(name);
    CHECK(region != nullptr);
    CHECK(region->in_arena);
    bool& taken = taken_[region - plan_.regions.all().data()];
    CHECK(!taken);
    taken = true;
    return block_.subspan(region->offset, region->bytes);
}

void Arena::seal() {
    CHECK(!sealed_);
    const std::span<const Region> regions = plan_.regions.all();
    for (std::size_t i = 0; i < regions.size(); ++i)
        CHECK(taken_[i] || !regions[i].in_arena);
    sealed_ = true;
}

}  // namespace kiln

#include "core/memory/budget.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "core/base/check.hpp"
#include "core/base/wide.hpp"

namespace kiln {
namespace {

constexpr std::uint64_t page_bytes = 4096;
constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();

// Sizes come from what a user configured, so sums may pass 2^64. They stick at the largest value,
// which fits no budget.
std::uint64_t saturating_add(std::uint64_t left, std::uint64_t right) {
    return left > unlimited - right ? unlimited : left + right;
}

std::uint64_t align_up(std::uint64_t value, std::uint64_t alignment) {
    if (value > unlimited - (alignment - 1))
        return unlimited;
    return (value + alignment - 1) & ~(alignment - 1);
}

std::uint64_t align_down(std::uint64_t value, std::uint64_t alignment) {
    return value & ~(alignment - 1);
}

// How far every shrinkable region is opened: 0 is its floor, fully_open what it asked for, and
// between them 64 bits of fraction, so that even the largest request is cut to the byte.
constexpr std::uint64_t fully_open = std::numeric_limits<std::uint64_t>::max();

std::uint64_t granted_bytes(const Region& request, std::uint64_t opening) {
    if (!request.is_shrinkable() || opening == fully_open)
        return request.bytes;
    const std::uint64_t size =
        request.floor_bytes + multiply_high(request.bytes - request.floor_bytes, opening);
    return std::max(request.floor_bytes, align_down(size, request.alignment));
}

// Lays the regions out with that opening. The total never falls when the opening grows, because
// granted_bytes and align_up do not.
Plan lay_out(const RegionList& requests, std::uint64_t opening) {
    Plan plan;
    plan.regions = requests;
    std::uint64_t end = 0;
    std::uint64_t outside = 0;
    for (Region& region : plan.regions.all()) {
        region.bytes = granted_bytes(region, opening);
        if (!region.in_arena) {
            outside = saturating_add(outside, region.bytes);
            continue;
        }
        region.offset = align_up(end, region.alignment);
        plan.padding_bytes += region.offset - end;
        end = saturating_add(region.offset, region.bytes);
    }
    // Memory comes in pages, so the tail of the last one is spent too.
    plan.arena_bytes = align_up(end, page_bytes);
    plan.padding_bytes += plan.arena_bytes - end;
    plan.planned_bytes = saturating_add(plan.arena_bytes, outside);
    return plan;
}

}  // namespace

void RegionList::push(const Region& region) {
    CHECK(count_ < capacity);
    CHECK(region.name[0] != '\0' && find(region.name) == nullptr);
    CHECK(std::has_single_bit(region.alignment));
    CHECK(region.floor_bytes <= region.bytes);
    regions_[count_++] = region;
}

void RegionList::add(const char* name, const char* owner, std::uint64_t bytes,
                     std::uint64_t alignment) {
    push({.name = name,
          .owner = owner,
          .bytes = bytes,
          .alignment = alignment,
          .floor_bytes = bytes});
}

void RegionList::add_shrinkable(const char* name, const char* owner, std::uint64_t bytes,
                                std::uint64_t floor_bytes, std::uint64_t alignment) {
    push({.name = name,
          .owner = owner,
          .bytes = bytes,
          .alignment = alignment,
          .floor_bytes = floor_bytes});
}

void RegionList::add_outside(const char* name, const char* owner, std::uint64_t bytes) {
    push({.name = name,
          .owner = owner,
          .bytes = bytes,
          .alignment = 1,
          .floor_bytes = bytes,
          .in_arena = false});
}

const Region* RegionList::find(const char* name) const {
    for (const Region& region : all())
        if (std::strcmp(region.name, name) == 0)
            return &region;
    return nullptr;
}

Plan plan_budget(const RegionList& requests, std::uint64_t budget_bytes) {
    const auto fits = [&](const Plan& plan) {
        return plan.planned_bytes != unlimited && plan.planned_bytes <= budget_bytes;
    };
    Plan plan = lay_out(requests, 0);
    const std::uint64_t minimum_bytes = plan.planned_bytes;

    if (fits(plan)) {
        const Plan whole = lay_out(requests, fully_open);
        if (fits(whole)) {
            plan = whole;
        } else {
            // Bisect for the widest opening that fits: 64 layouts of at most 48 regions.
            std::uint64_t fitting = 0;
            std::uint64_t too_wide = fully_open;
            while (too_wide - fitting > 1) {
                const std::uint64_t middle = fitting + (too_wide - fitting) / 2;
                (fits(lay_out(requests, middle)) ? fitting : too_wide) = middle;
            }
            plan = lay_out(requests, fitting);
        }
        plan.fits = true;
    }
    plan.budget_bytes = budget_bytes;
    plan.minimum_bytes = minimum_bytes;
    return plan;
}

}  // namespace kiln

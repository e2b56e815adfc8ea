// Budget: from what the parts of the program ask for to a table of regions that fits a total.
//
// A pure function. It is called before any memory is taken, its table is what `kiln memory --plan`
// prints, what the Arena places and what the memory report is compared with. Exactly one kind of
// region may shrink (the transposition table); everything else is sized from stated limits.
#pragma once

#include <cstdint>
#include <span>

#include "core/base/result.hpp"

namespace kiln {

struct Region {
    const char* name = "";          // unique, static storage
    const char* owner = "";         // the module that uses it
    std::uint64_t bytes = 0;        // asked for; after planning: granted
    std::uint64_t alignment = 64;   // a power of two
    std::uint64_t floor_bytes = 0;  // smallest useful size; equal to bytes when the region is fixed
    bool in_arena = true;           // false: accounted for but lives elsewhere (code, page cache)
    std::uint64_t offset = 0;       // from the arena's start, set by planning

    bool is_shrinkable() const { return floor_bytes < bytes; }
};

// A list of regions with a fixed capacity.
class RegionList {
  public:
    static constexpr std::uint32_t capacity = 48;

    // Adds a region of fixed size.
    void add(const char* name, const char* owner, std::uint64_t bytes,
             std::uint64_t alignment = 64);
    // Adds a region that planning may shrink down to floor_bytes.
    void add_shrinkable(const char* name, const char* owner, std::uint64_t bytes,
                        std::uint64_t floor_bytes, std::uint64_t alignment);
    // Adds memory that counts against the budget but does not live in the arena.
    void add_outside(const char* name, const char* owner, std::uint64_t bytes);

    std::span<Region> all() { return {regions_, count_}; }
    std::span<const Region> all() const { return {regions_, count_}; }
    const Region* find(const char* name) const;  // nullptr if absent

  private:
    void push(const Region& region);

    Region regions_[capacity];
    std::uint32_t count_ = 0;
};

struct Plan {
    RegionList regions;  // granted sizes and offsets, in the order they were asked for
    std::uint64_t budget_bytes = 0;
    std::uint64_t planned_bytes = 0;  // all granted regions and padding; <= budget_bytes if it fits
    std::uint64_t padding_bytes = 0;  // lost to alignment inside the arena
    std::uint64_t arena_bytes = 0;    // the arena's size in whole pages, padding included
    std::uint64_t minimum_bytes = 0;  // planned_bytes with every shrinkable region at its floor
    bool fits = false;
};

// Grants each request its bytes. If the sum exceeds the budget, shrinks the shrinkable regions, in
// proportion to what each can give (to a multiple of its alignment or to its floor), until it fits.
// When even the floors do not fit, returns a plan with fits == false whose table shows the floors.
// Property: fits implies planned_bytes <= budget_bytes, and is the same as budget_bytes >=
// minimum_bytes.
Plan plan_budget(const RegionList& requests, std::uint64_t budget_bytes);

}  // namespace kiln

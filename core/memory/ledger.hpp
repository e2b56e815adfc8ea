// Ledger: how much of each planned region is in use, by name.
//
// A plan says what a region may take; only its user knows how much of it holds something. Regions
// that are not mentioned are in use as a whole. Plain data without pointers, so that it can be
// handed to another process. Not thread-safe.
#pragma once

#include <cstdint>
#include <span>

#include "core/memory/budget.hpp"

namespace kiln {

struct LedgerEntry {
    static constexpr std::size_t name_capacity = 32;

    char name[name_capacity] = {};
    std::uint64_t used_bytes = 0;
    std::uint64_t peak_bytes = 0;  // highest use seen
};

class Ledger {
  public:
    void clear() { count_ = 0; }
    // CHECK: the name fits, and there is room for it.
    void note(const char* name, std::uint64_t used_bytes, std::uint64_t peak_bytes);

    std::span<const LedgerEntry> entries() const { return {entries_, count_}; }
    const LedgerEntry* find(const char* name) const;  // nullptr if absent

  private:
    LedgerEntry entries_[RegionList::capacity];
    std::uint32_t count_ = 0;
};

}  // namespace kiln

// The table of regions: what a run will use, and afterwards what it used.
#pragma once

#include <cstdint>
#include <string>

#include "core/memory/budget.hpp"
#include "core/memory/ledger.hpp"

#include "app/failure.hpp"
#include "app/log_entry.hpp"

namespace kiln::app {

// region, owner, bytes, share of the budget, note; then padding, the sum and what is left.
std::string format_plan(const RegionList& requests, const Plan& plan);

// The line for a plan that does not fit: what would do.
Failure budget_too_small(const Plan& plan);

// A row of a report on memory in use, and one of which nothing is known but the plan.
Json region_row(const Region& region, std::uint64_t used_bytes, std::uint64_t peak_bytes,
                std::uint64_t resident_bytes);
Json planned_row(const Region& region);

struct StackPeaks {
    std::uint64_t worker_bytes = 0;  // of the fullest worker's stack
    std::uint64_t session_bytes = 0;
};
// The row of a region of the arena: how much of it holds something.
Json arena_row(const Region& region, const Ledger& ledger, const StackPeaks& peaks,
               std::uint32_t workers);

}  // namespace kiln::app

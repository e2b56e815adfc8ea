// The table of regions: what a run will use, and afterwards what it used.
#pragma once

#include <string>

#include "core/memory/budget.hpp"

#include "app/failure.hpp"

namespace kiln::app {

// region, owner, bytes, share of the budget, note; then padding, the sum and what is left.
std::string format_plan(const RegionList& requests, const Plan& plan);

// The line for a plan that does not fit: what would do.
Failure budget_too_small(const Plan& plan);

}  // namespace kiln::app

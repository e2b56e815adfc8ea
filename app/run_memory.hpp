// What a running trainer uses: every region as planned and as filled, beside the kernel's figures.
//
// The accounted total is the sum of what the parts say of themselves: the regions of the arena, the
// cold heap, the shared page, and what each process had beside them when memory was sealed. The
// kernel's is what is resident now. They agree as long as nothing grows that has no region.
#pragma once

#include "core/memory/budget.hpp"

#include "app/log_entry.hpp"
#include "app/supervisor.hpp"
#include "platform/linux/process_info.hpp"

namespace kiln::app {

// Budget, plan and what is resident, in one object.
Json memory_summary(const Supervisor& supervisor, const Plan& plan);
// The whole table.
Json memory_report(const Supervisor& supervisor, const Plan& plan);

// A warning when the control group of this process may use less than was planned; empty otherwise.
std::string control_group_warning(const Plan& plan, const platform::CgroupMemory& group);

// A warning when the cold heap holds much memory that it cannot use; empty otherwise.
std::string fragmentation_warning();

}  // namespace kiln::app

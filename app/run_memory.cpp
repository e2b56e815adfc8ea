#include "app/run_memory.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "app/text.hpp"
#include "app/trainer.hpp"
#include "platform/linux/cold_heap.hpp"
#include "platform/linux/process_info.hpp"

namespace kiln::app {
namespace {

// Worth a warning: so much of what is held, and so many bytes.
constexpr double fragmentation_limit = 0.3;
constexpr double fragmentation_limit_bytes = 4e6;

platform::ProcessMemory memory_of(int process) {
    const auto memory = platform::read_process_memory(process);
    return memory ? memory.value() : platform::ProcessMemory();
}

Json row(const Region& region, std::uint64_t used_bytes, std::uint64_t peak_bytes) {
    return {{"name", region.name},      {"owner", region.owner},    {"planned_bytes", region.bytes},
            {"used_bytes", used_bytes}, {"peak_bytes", peak_bytes}, {"outside", !region.in_arena}};
}

// How much of a region of the arena holds something.
Json arena_row(const Region& region, const SharedPage& page, std::uint32_t workers) {
    const std::string_view name = region.name;
    if (name == "worker stacks") {
        const std::uint64_t used = page.report.worker_stack_peak_bytes.load() * workers;
        return row(region, used, used);
    }
    if (name == "session stacks") {
        const std::uint64_t used = page.report.session_stack_peak_bytes.load() * 2;
        return row(region, used, used);
    }
    if (const LedgerEntry* entry = page.status.ledger.find(region.name); entry != nullptr)
        return row(region, entry->used_bytes, entry->peak_bytes);
    return row(region, region.bytes, region.bytes);
}

}  // namespace

Json memory_summary(const Supervisor& supervisor, const Plan& plan) {
    const platform::ProcessMemory own = memory_of(platform::own_process);
    const platform::ProcessMemory trainer = supervisor.trainer_pid() != 0
                                                ? memory_of(supervisor.trainer_pid())
                                                : platform::ProcessMemory();
    return {{"budget_bytes", plan.budget_bytes},
            {"planned_bytes", plan.planned_bytes},
            {"resident_bytes", own.resident_bytes + trainer.resident_bytes},
            {"peak_resident_bytes", own.peak_resident_bytes + trainer.peak_resident_bytes}};
}

Json memory_report(const Supervisor& supervisor, const Plan& plan) {
    const SharedPage& page = supervisor.page();
    const bool is_running = supervisor.trainer_pid() != 0;
    const platform::ProcessMemory own = memory_of(platform::own_process);
    const platform::ProcessMemory trainer =
        is_running ? memory_of(supervisor.trainer_pid()) : platform::ProcessMemory();
    const platform::ColdHeapFigures heap = platform::read_cold_heap();

    Json regions = Json::array();
    for (const Region& region : plan.regions.all()) {
        const std::string_view name = region.name;
        if (region.in_arena)
            regions.push_back(arena_row(region, page, supervisor.settings().workers));
        else if (name == region_cold_heap)
            regions.push_back(row(region, heap.used_bytes, heap.present_bytes));
        else if (name == region_shared_page)
            regions.push_back(row(region, sizeof(SharedPage), sizeof(SharedPage)));
        else if (name == region_program) {
            // Before the seal neither is known, and the heap has its own row.
            const std::uint64_t both =
                supervisor.own_bytes_at_seal() + page.report.program_bytes_at_seal;
            const std::uint64_t beside_heap = both - std::min(both, heap.present_bytes);
            regions.push_back(row(region, beside_heap, beside_heap));
        }
    }
    // What it costs is what is resident, so the page counts for each process that maps it.
    const std::uint64_t accounted = plan.arena_bytes + page.report.program_bytes_at_seal +
                                    supervisor.own_bytes_at_seal() + 2 * sizeof(SharedPage);
    const std::uint64_t resident = own.resident_bytes + trainer.resident_bytes;
    Json kernel = {
        {"resident_bytes", resident},
        {"peak_resident_bytes", own.peak_resident_bytes + trainer.peak_resident_bytes},
        {"minor_faults", trainer.minor_faults},
        {"major_faults", trainer.major_faults},
        {"faults_since_seal",
         trainer.minor_faults - std::min(trainer.minor_faults, page.report.minor_faults_at_seal)}};
    if (const auto huge = platform::read_huge_page_bytes(supervisor.trainer_pid()); huge)
        kernel["huge_page_bytes"] = huge.value();
    if (const auto group = platform::read_cgroup_memory(); group)
        kernel["control_group"] = {{"current_bytes", group.value().current_bytes},
                                   {"peak_bytes", group.value().peak_bytes},
                                   {"limit_bytes", group.value().limit_bytes}};
    Json report = {{"ok", true},
                   {"budget_bytes", plan.budget_bytes},
                   {"planned_bytes", plan.planned_bytes},
                   {"regions", std::move(regions)},
                   {"accounted_bytes", accounted},
                   {"kernel", std::move(kernel)},
                   {"fragmentation",
                    {{"arena_padding_bytes", plan.padding_bytes},
                     {"cold_heap_held_bytes", heap.held_bytes},
                     {"cold_heap_used_bytes", heap.used_bytes},
                     {"cold_heap_unused_share", heap.fragmentation()}}}};
    if (is_running && resident > 0)
        report["difference_percent"] =
            100 * (static_cast<double>(resident) - static_cast<double>(accounted)) /
            static_cast<double>(resident);
    return report;
}

std::string control_group_warning(const Plan& plan, const platform::CgroupMemory& group) {
    if (group.limit_bytes == 0 || group.limit_bytes >= plan.planned_bytes)
        return "";
    return fmt::format(
        "the control group of this process may use {} (memory.max), and {} are "
        "planned: the kernel may end the trainer; give the service MemoryMax={}, or "
        "the run a smaller --memory",
        format_bytes(group.limit_bytes), format_bytes(plan.planned_bytes), plan.budget_bytes);
}

std::string fragmentation_warning() {
    const platform::ColdHeapFigures heap = platform::read_cold_heap();
    const double lost = heap.fragmentation() * static_cast<double>(heap.held_bytes);
    if (heap.fragmentation() <= fragmentation_limit || lost <= fragmentation_limit_bytes)
        return "";
    return fmt::format("the cold heap is fragmented: {} of the {} it holds are not used",
                       format_bytes(static_cast<std::uint64_t>(lost)),
                       format_bytes(heap.held_bytes));
}

}  // namespace kiln::app

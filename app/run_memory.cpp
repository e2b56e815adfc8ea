#include "app/run_memory.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "app/memory_table.hpp"
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

// What stands in the books of a run whose trainer has sealed its memory.
Json used_regions(const Supervisor& supervisor, const Plan& plan) {
    const SharedPage& page = supervisor.page();
    const std::uint64_t heap_bytes = platform::read_cold_heap().present_bytes;
    const StackPeaks peaks = {page.report.worker_stack_peak_bytes.load(),
                              page.report.session_stack_peak_bytes.load()};
    Json regions = Json::array();
    for (const Region& region : plan.regions.all()) {
        const std::string_view name = region.name;
        if (region.in_arena)
            regions.push_back(
                arena_row(region, page.status.ledger, peaks, supervisor.settings().workers));
        else if (name == region_cold_heap)
            regions.push_back(
                region_row(region, platform::read_cold_heap().used_bytes, heap_bytes, heap_bytes));
        else if (name == region_shared_page)
            // Resident in each of the processes that map it.
            regions.push_back(
                region_row(region, sizeof(SharedPage), sizeof(SharedPage), 2 * sizeof(SharedPage)));
        else if (name == region_program) {
            const std::uint64_t both =
                supervisor.own_bytes_at_seal() + page.report.program_bytes_at_seal;
            regions.push_back(region_row(region, both, both, both));
        }
    }
    std::uint64_t padding_bytes = plan.arena_bytes;
    for (const Region& region : plan.regions.all())
        if (region.in_arena)
            padding_bytes -= region.bytes;
    Region padding;
    padding.name = "alignment";
    padding.owner = "arena";
    padding.bytes = padding_bytes;
    regions.push_back(region_row(padding, padding_bytes, padding_bytes, padding_bytes));
    return regions;
}

Json planned_regions(const Plan& plan) {
    Json regions = Json::array();
    for (const Region& region : plan.regions.all())
        regions.push_back(planned_row(region));
    return regions;
}

Json process_json(const platform::ProcessMemory& memory) {
    return {{"resident_bytes", memory.resident_bytes},
            {"peak_resident_bytes", memory.peak_resident_bytes},
            {"anonymous_bytes", memory.anonymous_bytes},
            {"file_bytes", memory.file_bytes},
            {"shared_bytes", memory.shared_bytes},
            {"minor_faults", memory.minor_faults},
            {"major_faults", memory.major_faults}};
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
    const bool is_sealed = is_running && supervisor.own_bytes_at_seal() != 0 &&
                           page.report.stage.load() == TrainerStage::training;
    const platform::ProcessMemory own = memory_of(platform::own_process);
    const platform::ProcessMemory trainer =
        is_running ? memory_of(supervisor.trainer_pid()) : platform::ProcessMemory();
    const platform::ColdHeapFigures heap = platform::read_cold_heap();

    Json regions = is_sealed ? used_regions(supervisor, plan) : planned_regions(plan);
    const std::uint64_t resident = own.resident_bytes + trainer.resident_bytes;
    Json kernel = {{"resident_bytes", resident},
                   {"peak_resident_bytes", own.peak_resident_bytes + trainer.peak_resident_bytes},
                   {"minor_faults", trainer.minor_faults},
                   {"major_faults", trainer.major_faults}};
    if (is_sealed)
        kernel["faults_since_seal"] =
            trainer.minor_faults - std::min(trainer.minor_faults, page.report.minor_faults_at_seal);
    kernel["supervisor"] = process_json(own);
    if (const auto shared = platform::read_proportional_bytes(); shared)
        kernel["supervisor"]["proportional_bytes"] = shared.value();
    if (is_running)
        kernel["trainer"] = process_json(trainer);
    if (is_running)
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
                   {"kernel", std::move(kernel)},
                   {"fragmentation",
                    {{"arena_padding_bytes", plan.padding_bytes},
                     {"cold_heap_held_bytes", heap.held_bytes},
                     {"cold_heap_used_bytes", heap.used_bytes},
                     {"cold_heap_unused_share", heap.fragmentation()}}}};
    if (is_sealed) {
        std::uint64_t accounted = 0;
        for (const Json& region : report["regions"])
            accounted += region["resident_bytes"].get<std::uint64_t>();
        report["accounted_bytes"] = accounted;
        report["difference_percent"] =
            100 * (static_cast<double>(resident) - static_cast<double>(accounted)) /
            static_cast<double>(resident);
    }
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

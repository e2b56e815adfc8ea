#include "app/memory_table.hpp"

#include <string_view>

#include <fmt/format.h>

#include "app/text.hpp"

namespace kiln::app {
namespace {

std::string row(std::string_view name, std::string_view owner, std::uint64_t bytes,
                std::uint64_t budget_bytes, std::string_view note) {
    const double share = static_cast<double>(bytes) / static_cast<double>(budget_bytes);
    std::string line = fmt::format("  {:<22} {:<8} {:>17}  {:>8}  {}", name, owner,
                                   format_count(bytes), format_percent(share), note);
    line.erase(line.find_last_not_of(' ') + 1);
    return line + "\n";
}

std::string note_on(const Region& request, const Region& granted) {
    if (granted.bytes < request.bytes)
        return fmt::format("shrunk from {}", format_count(request.bytes));
    return granted.in_arena ? "" : "allowance, outside the arena";
}

}  // namespace

std::string format_plan(const RegionList& requests, const Plan& plan) {
    const std::uint64_t budget = plan.budget_bytes;
    std::string text = fmt::format("  {:<22} {:<8} {:>17}  {:>8}  {}\n", "region", "owner", "bytes",
                                   "share", "note");
    for (const Region& region : plan.regions.all())
        text += row(region.name, region.owner, region.bytes, budget,
                    note_on(*requests.find(region.name), region));
    text += row("alignment", "arena", plan.padding_bytes, budget, "");
    text += row("planned", "", plan.planned_bytes, budget,
                plan.fits ? "" : "with every region at its smallest");
    if (plan.fits)
        text += row("unassigned", "", budget - plan.planned_bytes, budget, "");
    text += row("budget", "", budget, budget, "--memory");
    return text;
}

Failure budget_too_small(const Plan& plan) {
    return Failure(
        ExitCode::bad_configuration,
        fmt::format("--memory: {} ({} bytes) is too small for this run; the smallest that would do "
                    "is {} bytes",
                    format_bytes(plan.budget_bytes), plan.budget_bytes, plan.minimum_bytes));
}

Json region_row(const Region& region, std::uint64_t used_bytes, std::uint64_t peak_bytes,
                std::uint64_t resident_bytes) {
    return {{"name", region.name},           {"owner", region.owner},
            {"planned_bytes", region.bytes}, {"used_bytes", used_bytes},
            {"peak_bytes", peak_bytes},      {"resident_bytes", resident_bytes},
            {"outside", !region.in_arena}};
}

Json planned_row(const Region& region) {
    return {{"name", region.name},
            {"owner", region.owner},
            {"planned_bytes", region.bytes},
            {"outside", !region.in_arena}};
}

// All of a region of the arena is resident, because the arena was filled in when it was mapped.
Json arena_row(const Region& region, const Ledger& ledger, const StackPeaks& peaks,
               std::uint32_t workers) {
    const auto used = [&](std::uint64_t used_bytes, std::uint64_t peak_bytes) {
        return region_row(region, used_bytes, peak_bytes, region.bytes);
    };
    const std::string_view name = region.name;
    if (name == "worker stacks")
        return used(peaks.worker_bytes * workers, peaks.worker_bytes * workers);
    if (name == "session stacks")
        return used(2 * peaks.session_bytes, 2 * peaks.session_bytes);
    if (const LedgerEntry* entry = ledger.find(region.name); entry != nullptr)
        return used(entry->used_bytes, entry->peak_bytes);
    if (!ledger.entries().empty())
        return used(region.bytes, region.bytes);
    // Nobody has told yet what is in use.
    Json unknown = planned_row(region);
    unknown["resident_bytes"] = region.bytes;
    return unknown;
}

}  // namespace kiln::app

#include "platform/linux/cold_heap.hpp"

#include <algorithm>
#include <mutex>

#include <mimalloc.h>
#include <sys/mman.h>
#include <unistd.h>

namespace kiln::platform {
namespace {

constexpr std::uint64_t least_page_bytes = 4096;
constexpr std::size_t largest_alignment = 64u << 10;

// mimalloc's rule that only the thread that made a heap may allocate from it is there because its
// fast paths take no lock. Here every call to it holds this one.
std::mutex mutex;
std::byte* region = nullptr;
// A heap goes with the thread that made it, except for the first thread's. So it is taken while the
// program, or a library with this in it, is loaded, whichever thread starts it, and before anything
// else is initialised there, which may allocate. mimalloc starts itself when it is first called.
mi_heap_t* heap = nullptr;
[[gnu::constructor(101)]] void take_heap() {
    heap = mi_heap_get_backing();
}
bool is_started = false;
std::uint64_t used_bytes = 0;
std::uint64_t peak_used_bytes = 0;
bool is_closed = false;

bool lies_inside(const void* address) {
    const auto* const byte = static_cast<const std::byte*>(address);
    return region != nullptr && byte >= region && byte < region + cold_heap_region_bytes;
}

// Reserves twice the size and gives back what lies outside the boundary.
std::byte* map_region() {
    constexpr std::uint64_t bytes = cold_heap_region_bytes;
    void* const address =
        ::mmap(nullptr, 2 * bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (address == MAP_FAILED)
        return nullptr;
    auto* const start = static_cast<std::byte*>(address);
    const std::uint64_t past = reinterpret_cast<std::uintptr_t>(start) % bytes;
    const std::uint64_t before = past == 0 ? 0 : bytes - past;
    if (before > 0)
        ::munmap(start, before);
    ::munmap(start + before + bytes, bytes - before);
    // Only what is used shall be there; also keeps it apart from what is mapped beside it.
    (void)::madvise(start + before, bytes, MADV_NOHUGEPAGE);
    return start + before;
}

// With the lock held.
bool start() {
    if (is_started)
        return true;
    // Before the first block: nothing from the system besides the region, nothing back to it, and
    // no word on standard error. The environment has no say in it.
    mi_option_set(mi_option_limit_os_alloc, 1);
    mi_option_set(mi_option_eager_commit, 1);
    mi_option_set(mi_option_eager_commit_delay, 0);
    mi_option_set(mi_option_allow_decommit, 0);
    mi_option_set(mi_option_page_reset, 0);
    mi_option_set(mi_option_show_errors, 0);
    mi_option_set(mi_option_show_stats, 0);
    mi_option_set(mi_option_verbose, 0);
    if (region == nullptr)
        region = map_region();
    constexpr bool is_committed = true;
    constexpr bool is_large = false;
    constexpr bool is_zero = true;
    if (region == nullptr ||
        !mi_manage_os_memory(region, cold_heap_region_bytes, is_committed, is_large, is_zero, -1))
        return false;
    void* const block = mi_heap_malloc(heap, 64);
    CHECK(lies_inside(block));
    mi_free(block);
    is_started = true;
    return true;
}

bool add_area(const mi_heap_t*, const mi_heap_area_t* area, void*, std::size_t, void* sum) {
    *static_cast<std::uint64_t*>(sum) += area->committed;
    return true;
}

// Pages are present once they were used, and stay.
std::uint64_t count_present_bytes() {
    unsigned char is_present[cold_heap_region_bytes / least_page_bytes];
    if (::mincore(region, cold_heap_region_bytes, is_present) != 0)
        return 0;
    const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    return page * static_cast<std::uint64_t>(
                      std::count_if(is_present, is_present + cold_heap_region_bytes / page,
                                    [](unsigned char flags) { return (flags & 1) != 0; }));
}

}  // namespace

Status start_cold_heap() {
    const std::scoped_lock lock(mutex);
    if (!start())
        return Error{.code = ErrorCode::out_of_memory, .detail = cold_heap_region_bytes};
    return {};
}

void* cold_allocate(std::size_t bytes, std::size_t alignment) noexcept {
    const std::scoped_lock lock(mutex);
    CHECK(!is_closed);
    if (alignment > largest_alignment || !start())
        return nullptr;
    // Blocks of 16 bytes and more lie on 16 anyway; asking for it costs up to a third more.
    void* const block = alignment <= alignof(std::max_align_t)
                            ? mi_heap_malloc(heap, std::max(bytes, alignment))
                            : mi_heap_malloc_aligned(heap, bytes, alignment);
    if (block != nullptr) {
        used_bytes += mi_usable_size(block);
        peak_used_bytes = std::max(peak_used_bytes, used_bytes);
    }
    return block;
}

void cold_free(void* block) noexcept {
    if (block == nullptr)
        return;
    const std::scoped_lock lock(mutex);
    CHECK(!is_closed);
    CHECK(lies_inside(block));
    used_bytes -= mi_usable_size(block);
    mi_free(block);
}

void close_cold_heap() {
    const std::scoped_lock lock(mutex);
    is_closed = true;
}

bool is_in_cold_heap(const void* address) {
    const std::scoped_lock lock(mutex);
    return lies_inside(address);
}

ColdHeapFigures read_cold_heap() {
    const std::scoped_lock lock(mutex);
    if (!is_started)
        return {};
    ColdHeapFigures figures{.region_bytes = cold_heap_region_bytes,
                            .present_bytes = count_present_bytes(),
                            .used_bytes = used_bytes,
                            .peak_used_bytes = peak_used_bytes};
    (void)mi_heap_visit_blocks(heap, false, add_area, &figures.held_bytes);
    return figures;
}

}  // namespace kiln::platform

// The cold heap: mimalloc, held inside one mapped region, for what allocates as it pleases.
//
// Settings, command line, JSON and other third-party code need a general heap. Theirs is one block
// of the plan and not the machine's memory: when it is full, allocating fails, and nothing else is
// ever mapped for it. What is freed stays with the region, so its pages only ever become more.
//
// malloc itself remains the C library's, for the library's own use: see CMakeLists.txt here for how
// that is held. Thread-safe: every call takes one lock, also around mimalloc, whose heaps otherwise
// belong to a thread each, with a region each. Largest block: about 16 MB.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/base/result.hpp"

namespace kiln::platform {

// mimalloc takes memory in pieces of this size, on multiples of it.
constexpr std::uint64_t cold_heap_region_bytes = 32u << 20;

// Maps the region. The first allocation does it too, and then fails if this does; called again it
// does nothing. out_of_memory with the bytes asked for when the system refuses. CHECK: a block of
// it really lies in the region.
Status start_cold_heap();

// nullptr when there is no room. alignment: a power of two, at most 64 KiB.
void* cold_allocate(std::size_t bytes, std::size_t alignment) noexcept;
// A block of cold_allocate(), or nullptr.
void cold_free(void* block) noexcept;

// From here on allocating or freeing fails a CHECK: what runs sealed has no heap.
void close_cold_heap();

bool is_in_cold_heap(const void* address);

struct ColdHeapFigures {
    std::uint64_t region_bytes = 0;
    std::uint64_t present_bytes = 0;  // pages that were ever used: what it costs, and its peak
    std::uint64_t used_bytes = 0;     // in blocks, their rounding included
    std::uint64_t peak_used_bytes = 0;
    std::uint64_t held_bytes = 0;  // in pages that hold blocks of some size, or did

    // The part of the held pages that no block uses.
    double fragmentation() const {
        return held_bytes == 0
                   ? 0.0
                   : 1.0 - static_cast<double>(used_bytes) / static_cast<double>(held_bytes);
    }
};

// All zero before the first allocation. Tens of microseconds.
ColdHeapFigures read_cold_heap();

}  // namespace kiln::platform

// Makes every page of this process present, code and data of its libraries too, so that a trainer
// that has sealed its memory takes no page fault: none for code that runs for the first time hours
// later, and none that finds the machine out of memory then.
//
// What is left out: address space that cannot be read, and nameless mappings beyond 16 MiB. Those
// are Mapping's, which populates its own, and the cold heap, of which only what is used should be
// there. Works from /proc/self/maps in fixed buffers and allocates nothing; changes no byte. Call
// from the main thread while nothing else maps or unmaps.
#pragma once

#include <cstdint>

#include "core/base/result.hpp"

namespace kiln::platform {

// How much of the main thread's stack is made present, below the caller's frame.
constexpr std::uint64_t prefaulted_stack_bytes = 256u << 10;

// out_of_memory when a page cannot be had; otherwise detail is the system's error number, when
// there is no /proc to read.
Status prefault_process();

}  // namespace kiln::platform

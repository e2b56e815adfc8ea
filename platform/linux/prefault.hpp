// Makes every page of this process present, code and data of its libraries too, so that a trainer
// that has sealed its memory takes no page fault: none for code that runs for the first time hours
// later, and none that finds the machine out of memory then.
//
// What is left out: address space that cannot be read, and nameless mappings beyond 16 MiB, but for
// the block that is named. Of the cold heap only what is used should be there. Works from
// /proc/self/maps in fixed buffers and allocates nothing; changes no byte. Call from the main
// thread while nothing else maps or unmaps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/base/result.hpp"

namespace kiln::platform {

// How much of the main thread's stack is made present, below the caller's frame.
constexpr std::uint64_t prefaulted_stack_bytes = 256u << 10;

// `block` is a Mapping's, in which parts may have been protected since. It was populated, but a
// part protected splits the huge page around it, and with that the kernel forgets that the pieces
// were written: a processor that does not note this by itself (before ARMv8.1) traps once more at
// the first write to each. out_of_memory when a page cannot be had; otherwise detail is the
// system's error number, when there is no /proc to read.
Status prefault_process(std::span<const std::byte> block = {});

}  // namespace kiln::platform

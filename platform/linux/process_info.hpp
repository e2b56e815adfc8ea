// What the kernel says about this process and this machine, to stand beside what was planned.
//
// Read from /proc with fixed buffers: no allocation, so it may be called after the arena is sealed.
// An error means that the kernel does not tell (no /proc, or a container that hides it).
// Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/base/result.hpp"

namespace kiln::platform {

struct ProcessMemory {
    std::uint64_t resident_bytes = 0;       // VmRSS
    std::uint64_t peak_resident_bytes = 0;  // VmHWM
    std::uint64_t minor_faults = 0;         // pages that were mapped without I/O
    std::uint64_t major_faults = 0;         // pages that had to be read
};

Result<ProcessMemory> read_process_memory();

// Bytes of this process that huge pages back (AnonHugePages). The kernel walks all page tables for
// it: milliseconds, not for a loop.
Result<std::uint64_t> read_huge_page_bytes();

Result<std::uint64_t> read_machine_memory_bytes();

// CPUs that this process may run on; at least 1.
unsigned allowed_cpu_count();

// A name for the processor, as /proc/cpuinfo, the device tree or the architecture gives it; cut to
// the buffer and always terminated.
void read_cpu_model(std::span<char> buffer);

}  // namespace kiln::platform

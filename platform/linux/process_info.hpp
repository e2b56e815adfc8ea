// What the kernel says about a process and this machine, to stand beside what was planned.
//
// Read from /proc with fixed buffers: no allocation, so it may be called after the arena is sealed.
// A process is named by its number, this one by own_process. An error means that the kernel does
// not tell: there is no such process, no /proc, or a container that hides it. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/base/result.hpp"

namespace kiln::platform {

constexpr int own_process = 0;

struct ProcessMemory {
    std::uint64_t resident_bytes = 0;       // VmRSS: the sum of the next three
    std::uint64_t anonymous_bytes = 0;      // RssAnon: heap, stacks, data that was written to
    std::uint64_t file_bytes = 0;           // RssFile: code and files that are mapped
    std::uint64_t shared_bytes = 0;         // RssShmem: memory shared with other processes
    std::uint64_t peak_resident_bytes = 0;  // VmHWM
    std::uint64_t minor_faults = 0;         // pages that were mapped without I/O
    std::uint64_t major_faults = 0;         // pages that had to be read
};

Result<ProcessMemory> read_process_memory(int process = own_process);

// Bytes that huge pages back (AnonHugePages), and what is resident with every shared page divided
// by the number of processes that share it (Pss), so that the sum over processes counts it once.
// The kernel walks all page tables for either: milliseconds, not for a loop.
Result<std::uint64_t> read_huge_page_bytes(int process = own_process);
Result<std::uint64_t> read_proportional_bytes(int process = own_process);

// What tells a thread that loops from one that waits, and waiting for a processor from waiting for
// anything else.
struct ThreadTime {
    std::uint64_t cpu_ns = 0;  // used so far, in steps of the kernel's clock, usually 10 ms
    bool is_runnable = false;  // has a processor or waits for one
    bool is_stopped = false;   // by SIGSTOP and the like, or by a debugger
};
Result<ThreadTime> read_thread_time(int process, int thread);

// What the kernel charges the control group of this process, page cache of its files included.
struct CgroupMemory {
    std::uint64_t current_bytes = 0;
    std::uint64_t peak_bytes = 0;   // 0: not told, before Linux 5.19
    std::uint64_t limit_bytes = 0;  // of this group itself; 0: none
};

// Control groups of version 2 only. The two places are the system's; tests have others.
Result<CgroupMemory> read_cgroup_memory(const char* membership = "/proc/self/cgroup",
                                        const char* root = "/sys/fs/cgroup");

Result<std::uint64_t> read_machine_memory_bytes();

// CPUs that this process may run on; at least 1.
unsigned allowed_cpu_count();

// A name for the processor, as /proc/cpuinfo, the device tree or the architecture gives it; cut to
// the buffer and always terminated.
void read_cpu_model(std::span<char> buffer);

}  // namespace kiln::platform

// Takes from this process every way to get memory, threads or programs, for good.
//
// A trainer that has sealed its memory needs a few dozen system calls: to save and load files, to
// sleep and wake its threads, to tell the time, and to end. lock_down() leaves it those; any other
// one, above all mmap, munmap, mprotect, brk, clone, execve and socket, ends the whole process by
// SIGSYS. So "no memory after the seal" is held by the kernel, not by care.
//
// It binds every thread that runs, and what they start. There is no way back: neither a mapping nor
// a thread's stack can be given up, so leave by _exit(), and not through destructors. Call once,
// after every thread has started and everything that will be used was used once.
#pragma once

#include "core/base/result.hpp"

namespace kiln::platform {

// Sanitizers map memory as they go, so nothing can be locked down in builds with them.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool can_lock_down = false;
#elif defined(__has_feature)
constexpr bool can_lock_down =
    !(__has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||
      __has_feature(memory_sanitizer));
#else
constexpr bool can_lock_down = true;
#endif

// detail: the system's error number, when the kernel has no filters (ENOSYS under emulators, and
// without can_lock_down) or refuses this one. Nothing has changed then, except that the process can
// no longer gain privileges.
Status lock_down();

}  // namespace kiln::platform

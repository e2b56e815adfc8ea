// LastWords: what a process that ends by a fault could still say, in memory another process reads.
//
// A failed CHECK and a fatal signal leave which thread it was, and where. Written by the first
// thread that fails, with nothing but stores; the process then ends the way it would have.
#pragma once

#include <atomic>
#include <cstdint>

namespace kiln::platform {

struct LastWords {
    std::atomic<bool> is_written{false};
    std::int32_t thread = 0;    // the kernel's number for it
    std::int32_t signal = 0;    // 0: a failed CHECK
    std::uint64_t address = 0;  // that the signal is about
    std::int32_t line = 0;      // of the CHECK
    char file[96] = {};
    char condition[160] = {};
};

// Catches SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGSYS and remembers failed CHECKs (install
// check_report before). `words` must stay for the rest of the process. Call once, before the
// threads start.
void install_last_words(LastWords& words);

// Gives the calling thread a stack of its own for these signals, so that a stack overflow can be
// told too. Each thread for itself.
void use_signal_stack();

// The kernel's number for the calling thread.
int this_thread();

}  // namespace kiln::platform

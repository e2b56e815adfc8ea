// Reports a failed CHECK on standard error and ends the process.
//
// What a failed check leaves behind cannot be trusted, not even the heap or stdio: the report is
// made of constant pieces and one write, and nothing is saved. The process ends by SIGABRT, so that
// a supervisor can tell it from an ordinary exit.
#pragma once

namespace kiln::platform {

// Call once at the start of main(), before the first thread.
void install_check_report();

// The report itself. Async-signal-safe: no locale, no stdio, no heap.
[[noreturn]] void report_and_abort(const char* condition, const char* file, int line);

}  // namespace kiln::platform

// Assertions for programmer errors.
//
// A failed CHECK means that the program is wrong, so nothing it holds can be trusted: it reports
// once and ends the process without saving. Never CHECK the contents of a file or anything a user
// typed; those are Errors (core/base/result.hpp). CHECK is on in every build, DCHECK only in debug
// builds.
//
// Core has no console, so the report goes through a handler that the program installs once at
// start. Without a handler the process traps.
#pragma once

namespace kiln {

using CheckHandler = void (*)(const char* condition, const char* file, int line);

// Installs the function that reports a failed check. It may return; the process ends either way.
// Not thread-safe: call before the first thread starts.
void set_check_handler(CheckHandler handler);

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace kiln

#define CHECK(condition)                                          \
    do {                                                          \
        if (!(condition)) [[unlikely]]                            \
            ::kiln::check_failed(#condition, __FILE__, __LINE__); \
    } while (false)

#ifdef NDEBUG
#define DCHECK(condition) \
    do {                  \
    } while (false && (condition))
#else
#define DCHECK(condition) CHECK(condition)
#endif

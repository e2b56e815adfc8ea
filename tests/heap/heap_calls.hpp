// Counts heap calls of threads that ask to be watched.
//
// This program defines the malloc family itself and passes every call on to the C library, so
// nothing that allocates gets past it: not operator new, not a library, not the C++ runtime.
#pragma once

#include <cstdint>

namespace kiln::test {

// Whether heap calls of this thread count from now on.
void watch_heap(bool watching);

// Calls so far, of all watched threads together.
std::uint64_t heap_calls();

}  // namespace kiln::test

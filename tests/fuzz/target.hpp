// Target: what a file tests/fuzz/<name>_fuzz.cpp defines. A new target is one such file.
//
// The same two functions are linked twice: with replay.cpp, by any compiler, for `make test`; and
// with libfuzzer.cpp, by clang, for `make fuzz`. A finding is kept as a file in
// tests/fuzz/findings/<name>/ and replayed for ever.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kiln::fuzz {

using Input = std::span<const std::uint8_t>;

// Runs the code under test. What it must not do, a sanitizer, a CHECK or demand() ends the
// process for.
void run(Input input);
// Inputs to begin with: small, and together reaching most of the code.
std::vector<std::string> seeds();

inline std::string_view text_of(Input input) {
    return {reinterpret_cast<const char*>(input.data()), input.size()};
}

inline void demand(bool holds, const char* what) {
    if (holds)
        return;
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
}

}  // namespace kiln::fuzz

// The signature of a build: how many positions its searches visit, on fixed positions with made-up
// weights and a table of fixed size.
//
// The same on every machine and in every build, so a number that changed means that the search
// decides differently: on purpose, and the commit says so and why, or by mistake.
// perf/signature.txt holds the counts of this tree.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace kiln::perf {

struct SignaturePart {
    std::string name;
    std::uint64_t nodes = 0;
};

// Takes a second or two. Ends the process with a message if the machine has not enough memory.
std::vector<SignaturePart> measure_signature();

// A line a part, and the total: what perf/signature.txt holds.
std::string format_signature(const std::vector<SignaturePart>& parts);

}  // namespace kiln::perf

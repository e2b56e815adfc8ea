// Machine: on what a figure was measured, and which machines' figures may be compared.
#pragma once

#include <string>
#include <string_view>

#include "perf/figure.hpp"

namespace kiln::perf {

Machine this_machine();

// A word for the processor's design, like zen4 or neoverse-n1, from the text of /proc/cpuinfo: the
// design decides the speed, and virtual machines give it all kinds of names. For a design that is
// not known, `name` in lower case with hyphens, without frequency and trade marks; "unknown" if
// nothing is left.
std::string processor_design(std::string_view cpuinfo, std::string_view name);

}  // namespace kiln::perf

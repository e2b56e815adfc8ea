// Jobs: small pieces of work that are the same in every build, to count instructions of and to
// profile, where time is too noisy.
//
// Everything that a job needs is made before; the work itself is done inside one function,
// kiln_bench_job, at which a tool can begin and end counting (valgrind --tool=callgrind
// --toggle-collect=kiln_bench_job).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace kiln::perf {

std::vector<std::string> job_names();

// Does the named job that many times; one of job_names(). Returns what it did: nodes, leaves,
// moves, or a sum of values. With the same number from another build the work was the same.
std::uint64_t run_job(const std::string& name, std::uint64_t repetitions);

}  // namespace kiln::perf

// What `kiln bench` found, as JSON: printed, kept as a baseline, read back; and as text beside a
// baseline.
#pragma once

#include <string>
#include <vector>

#include "perf/comparison.hpp"
#include "perf/figure.hpp"

namespace kiln::app {

// The report with version and date; ends with a newline.
std::string to_json(const perf::Report& report);

// The machine and the figures of a report that to_json() wrote; the rest of it is for people.
// Throws no_input, permission or io_failed if the file cannot be read, bad_data if it is none.
perf::Report read_report(const std::string& path);

// A line a figure; then what regressed, and what was expected and not measured.
std::string format_comparison(const std::vector<perf::ComparedFigure>& compared,
                              const std::string& baseline);

}  // namespace kiln::app

// The figures of a run in Prometheus' text format 0.0.4.
//
// A pure function of what `kiln status --json` and `kiln memory --json` tell, so that the three
// cannot differ. What they do not know is absent and not 0. Names, units and labels follow
// https://prometheus.io/docs/practices/naming; deploy/metrics.md lists them. A label's values are
// few and known, but for the paths of the run. A Prometheus counter begins at 0 with the process
// and never goes back; where the run stands is a gauge, because a crash takes it back to its newest
// checkpoint.
#pragma once

#include <string>

#include "app/log_entry.hpp"

namespace kiln::app {

constexpr const char* metrics_content_type = "text/plain; version=0.0.4; charset=utf-8";

std::string format_metrics(const Json& status, const Json& memory);

}  // namespace kiln::app

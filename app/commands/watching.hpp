// monitor and report: the commands that show a run to people.
#pragma once

#include <string>

#include "app/exit_code.hpp"

namespace kiln::app {

// Watches the run in `state` until it is told to leave.
struct MonitorOptions {
    std::string state = "state";
    double interval_seconds = 0;  // 0: what is usual
    bool plain = false;
};

// Of the run in `state`, whether it goes on or not.
struct ReportOptions {
    std::string state = "state";
    std::string html;  // file to write; empty: none
    bool json = false;
};

ExitCode run_monitor(const MonitorOptions& options);
ExitCode run_report(const ReportOptions& options);

}  // namespace kiln::app

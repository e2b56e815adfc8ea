#include "app/flags/monitor_flags.hpp"

#include <CLI/CLI.hpp>

namespace kiln::app {

const char* const MonitorFlags::examples = R"(Examples:
  kiln monitor --state state/first
  kiln monitor --state /var/lib/kiln --interval 5
  kiln monitor --state state/first --plain --interval 60 >> run.txt
Keys: p pause, r resume, s save, ? help, q quit; pausing and resuming ask first. Needs a terminal of
80 columns and 24 rows; elsewhere, and with --plain, it prints a line every --interval seconds.
Colours follow NO_COLOR, characters the locale. It waits for a run that is not there yet, and stays
when one ends.)";

void MonitorFlags::add_to(CLI::App& monitor) {
    monitor.add_option("--state", options_.state, "state directory of the run [state]")
        ->type_name("DIR");
    monitor
        .add_option("--interval", options_.interval_seconds,
                    "between two looks at the run [1; lines: 10]")
        ->type_name("SECONDS")
        ->check(CLI::Range(0.1, 86'400.0));
    monitor.add_flag("--plain", options_.plain, "print lines, also on a terminal");
}

}  // namespace kiln::app

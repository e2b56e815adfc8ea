#include "app/flags/report_flags.hpp"

#include <CLI/CLI.hpp>

namespace kiln::app {

const char* const ReportFlags::examples = R"(Examples:
  kiln report --state state/first
  kiln report --state state/first --html report.html
  kiln report --state /var/lib/kiln --json > report.json
Of a run that goes on or one that has ended: settings, memory, curves from the logs, checkpoints,
restarts and warnings. The HTML file stands alone: no script, nothing to load.)";

void ReportFlags::add_to(CLI::App& report) {
    report.add_option("--state", options_.state, "state directory of the run [state]")
        ->type_name("DIR");
    report
        .add_option("--html", options_.html,
                    "write a page with charts to this file, instead of text")
        ->type_name("FILE");
    report.add_flag("--json", options_.json, "print the report as JSON");
}

}  // namespace kiln::app

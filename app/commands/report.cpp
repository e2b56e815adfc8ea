#include <memory>
#include <optional>

#include <fmt/format.h>

#include "app/commands/watching.hpp"
#include "app/failure.hpp"
#include "app/late_file.hpp"
#include "app/report/run_report.hpp"
#include "app/text.hpp"

namespace kiln::app {

ExitCode run_report(const ReportOptions& options) {
    // Known before logs of months are read.
    std::optional<LateFile> file;
    if (!options.html.empty())
        file.emplace("--html", options.html);
    const auto report = std::make_unique<RunReport>();
    gather_report(options.state, *report);
    if (file) {
        const std::string page = report_as_html(*report);
        file->finish(page);
        if (!options.json)
            fmt::print("{}: {}\n", options.html, format_bytes(page.size()));
    }
    if (options.json)
        fmt::print("{}", report_as_json(*report));
    else if (!file)
        fmt::print("{}", report_as_text(*report));
    return ExitCode::ok;
}

}  // namespace kiln::app

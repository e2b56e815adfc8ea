#include "app/bench_report.hpp"

#include <cerrno>
#include <cstring>
#include <ctime>

#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "app/failure.hpp"
#include "app/text.hpp"

namespace kiln::app {
namespace {

using Json = nlohmann::ordered_json;

// Counts up when readers of older ones would be wrong.
constexpr int format_version = 1;
// A report has some 50 kB.
constexpr std::size_t report_bytes_max = 4'000'000;

std::string now_as_text() {
    const std::time_t now = std::time(nullptr);
    std::tm utc = {};
    ::gmtime_r(&now, &utc);
    char text[32];
    (void)std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return text;
}

Json to_json(const perf::Figure& figure) {
    Json json = {{"name", figure.name},
                 {"unit", figure.unit},
                 {"better", figure.goal.better == perf::Better::higher ? "higher" : "lower"},
                 {"target", nullptr},
                 {"met", nullptr},
                 {"median", figure.median()},
                 {"lowest", figure.lowest()},
                 {"highest", figure.highest()},
                 {"samples", figure.samples}};
    if (figure.goal.target) {
        json["target"] = *figure.goal.target;
        json["met"] = figure.is_met();
    }
    return json;
}

Json to_json(const perf::Breakdown& breakdown) {
    Json shares = Json::object();
    for (const perf::TimeShare& share : breakdown.shares)
        shares[share.name] = share.share;
    return {{"work", breakdown.work},
            {"workers", breakdown.workers},
            {"seconds", breakdown.seconds},
            {"bottleneck", breakdown.bottleneck().name},
            {"share", breakdown.bottleneck().share},
            {"shares", std::move(shares)}};
}

Json to_json(const perf::Machine& machine) {
    return {{"kind", machine.kind}, {"cpu", machine.cpu},           {"cpus", machine.cpus},
            {"isa", machine.isa},   {"compiler", machine.compiler}, {"build", machine.build}};
}

// Throws what nlohmann throws where something is missing or of another type.
perf::Figure to_figure(const Json& json) {
    perf::Figure figure;
    figure.name = on_one_line(json.at("name").get<std::string>());
    figure.unit = on_one_line(json.at("unit").get<std::string>());
    const auto better = json.at("better").get<std::string>();
    if (better != "higher" && better != "lower")
        throw std::runtime_error(
            fmt::format("figure '{}': better is neither higher nor lower", figure.name));
    figure.goal.better = better == "higher" ? perf::Better::higher : perf::Better::lower;
    if (!json.at("target").is_null())
        figure.goal.target = json.at("target").get<double>();
    figure.samples = json.at("samples").get<std::vector<double>>();
    if (figure.samples.empty())
        throw std::runtime_error(fmt::format("figure '{}' has no samples", figure.name));
    return figure;
}

perf::Report to_report(const Json& json) {
    if (json.at("format").get<int>() != format_version)
        throw std::runtime_error(
            fmt::format("its format is {}; this kiln reads {}; save a new one with "
                        "`kiln bench --save-baseline`",
                        json.at("format").dump(), format_version));
    perf::Report report;
    const Json& machine = json.at("machine");
    report.machine.kind = machine.at("kind").get<std::string>();
    report.machine.build = machine.at("build").get<std::string>();
    report.machine.compiler = machine.at("compiler").get<std::string>();
    for (const Json& figure : json.at("figures"))
        report.figures.push_back(to_figure(figure));
    return report;
}

ExitCode exit_code_of_errno(int error) {
    return error == ENOENT || error == ENOTDIR || error == EISDIR ? ExitCode::no_input
           : error == EACCES || error == EPERM                    ? ExitCode::permission
                                                                  : ExitCode::io_failed;
}

std::string read_whole(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    std::string text;
    ssize_t count = file < 0 ? -1 : 1;
    char buffer[4096];
    while (count > 0 && text.size() <= report_bytes_max &&
           (count = ::read(file, buffer, sizeof buffer)) > 0)
        text.append(buffer, static_cast<std::size_t>(count));
    const int error = errno;
    if (file >= 0)
        ::close(file);
    if (count < 0)
        throw Failure(exit_code_of_errno(error),
                      fmt::format("--compare: cannot read {}: {}; give a file that "
                                  "`kiln bench --save-baseline` wrote",
                                  path, std::strerror(error)));
    return text;
}

const char* word_for(perf::Change change) {
    switch (change) {
        case perf::Change::same:
            return "";
        case perf::Change::regressed:
            return "REGRESSED";
        case perf::Change::improved:
            return "improved";
        case perf::Change::appeared:
            return "not in the baseline";
        case perf::Change::missing:
            return "not measured";
    }
    return "";
}

std::string names_of(const std::vector<perf::ComparedFigure>& compared, perf::Change change) {
    std::string names;
    for (const perf::ComparedFigure& row : compared)
        if (row.change == change)
            names += (names.empty() ? "" : "; ") + row.name;
    return names;
}

}  // namespace

std::string to_json(const perf::Report& report) {
    Json machine = to_json(report.machine);
    machine["version"] = KILN_VERSION;
    machine["date"] = now_as_text();
    Json figures = Json::array();
    for (const perf::Figure& figure : report.figures)
        figures.push_back(to_json(figure));
    Json time = Json::array();
    for (const perf::Breakdown& breakdown : report.breakdowns)
        time.push_back(to_json(breakdown));
    Json memory = Json::parse(report.memory_answer, nullptr, false);
    if (memory.is_discarded())
        memory = nullptr;
    const Json json = {{"format", format_version},     {"machine", std::move(machine)},
                       {"partial", report.is_partial}, {"figures", std::move(figures)},
                       {"time", std::move(time)},      {"memory", std::move(memory)}};
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

perf::Report read_report(const std::string& path) {
    const std::string text = read_whole(path);
    try {
        if (text.size() > report_bytes_max)
            throw std::runtime_error("it is too long");
        return to_report(Json::parse(text));
    } catch (const std::exception& error) {
        throw Failure(ExitCode::bad_data, fmt::format("--compare: {} is not a baseline: {}", path,
                                                      on_one_line(error.what())));
    }
}

std::string format_comparison(const std::vector<perf::ComparedFigure>& compared,
                              const std::string& baseline) {
    std::string text = fmt::format("{:<44} {:>12} {:>12} {:>7}  {:<10}\n", "compared with baseline",
                                   "baseline", "now", "ratio", "unit");
    for (const perf::ComparedFigure& row : compared) {
        std::string before = fmt::format("{:.4g}", row.before);
        std::string now = fmt::format("{:.4g}", row.now);
        if (row.change == perf::Change::appeared)
            before = "-";
        if (row.change == perf::Change::missing)
            now = "-";
        std::string line = fmt::format("{:<44} {:>12} {:>12} {:>7}  {:<10} {}", row.name, before,
                                       now, row.ratio ? fmt::format("{:.3f}", *row.ratio) : "-",
                                       row.unit, word_for(row.change));
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + "\n";
    }
    if (const std::string names = names_of(compared, perf::Change::missing); !names.empty())
        text += fmt::format("not measured, but in {}: {}\n", baseline, names);
    const std::string names = names_of(compared, perf::Change::regressed);
    return text + (names.empty() ? fmt::format("nothing regressed against {}\n", baseline)
                                 : fmt::format("regressed against {}: {}\n", baseline, names));
}

}  // namespace kiln::app

// Lines as the log of a router's run has them.
#pragma once

#include <string>

#include <fmt/format.h>

#include "core/router/report.hpp"

#include "app/event_text.hpp"

namespace kiln::test {

inline std::string log_line(const app::LogEntry& entry, double seconds = 0) {
    const int minutes = static_cast<int>(seconds) / 60;
    app::Json json = {{"time", fmt::format("2026-11-21T{:02}:{:02}:{:06.3f}Z", 20 + minutes / 60,
                                           minutes % 60, seconds - 60 * minutes)},
                      {"level", app::name_of(entry.severity)},
                      {"event", entry.event},
                      {"text", entry.text}};
    json.update(entry.fields);
    return app::dump_line(json);
}

constexpr std::uint64_t tickets_per_epoch = 50;

// Epochs of 0.25 s that get better and better, and from `best` on worse.
inline router::PassReport pass_report(std::uint32_t epoch, std::uint32_t best = 1'000'000) {
    router::PassReport report = {};
    report.pass = epoch;
    report.is_best = epoch <= best ? 1 : 0;
    report.training_loss = 0.7 / (1 + 0.2 * epoch);
    report.training_accuracy = 1 - 0.4 / (1 + 0.2 * epoch);
    report.rate = 0.01;
    report.gradient_norm = 0.5 / epoch;
    report.validation_samples = 200;
    report.loss = 0.75 / (1 + 0.2 * std::min(epoch, best)) + 0.01 * (epoch - std::min(epoch, best));
    report.accuracy = 0.95 * report.training_accuracy;
    report.auc = 0.98 * report.training_accuracy;
    report.calibration_error = 0.1 / epoch;
    return report;
}

inline std::string epoch_line(const router::PassReport& report) {
    app::EventTeller teller("state", "ticket");
    return log_line(
        teller.tell(Event::make(router::event_pass, tickets_per_epoch * report.pass, report),
                    0.25 * report.pass),
        0.25 * report.pass);
}

inline std::string end_line(const router::EndReport& report) {
    app::EventTeller teller("state", "ticket");
    return log_line(
        teller.tell(Event::make(router::event_end, tickets_per_epoch * report.passes, report),
                    0.25 * report.passes),
        0.25 * report.passes);
}

}  // namespace kiln::test

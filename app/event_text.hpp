// EventTeller: what the training half reports, as log entries.
//
// This is the one place that knows how an event reads. To add a kind of event, add a row to the
// table in event_text.cpp and a function that fills in the entry; console, log and JSON lines
// follow. An event of a kind without a row is told too, as unknown. One thread.
#pragma once

#include <cstdint>
#include <string>

#include "core/othello/report.hpp"
#include "core/router/report.hpp"

#include "app/log_entry.hpp"
#include "app/strength_curve.hpp"

namespace kiln::app {

std::string describe_strength(const othello::StrengthReport& report);
// For a line that says much else: "corner 87.0 % [80.1, 91.8]".
std::string short_strength(const othello::StrengthReport& report);

class EventTeller {
  public:
    // `state`: the state directory as the user wrote it; `unit`: what the run counts.
    explicit EventTeller(std::string state, const char* unit = "game")
        : state_(std::move(state)), unit_(unit) {}

    // A trainer begins, or begins again, at that game; `seconds` are the run's, which go on.
    // Nothing is said of the speed across it.
    void begin(std::uint64_t games, double seconds);
    // Every event once and in order.
    LogEntry tell(const Event& event, double seconds);
    // All measurements of strength that were told, after those that are known from elsewhere.
    void go_on_from(StrengthCurve curve) { strength_curve_ = std::move(curve); }
    const StrengthCurve& strength_curve() const { return strength_curve_; }

  private:
    struct Row;
    static const Row rows[];

    void tell_saved(const Event& event, LogEntry& entry);
    void tell_failed(const Event& event, LogEntry& entry);
    void tell_abandoned(const Event& event, LogEntry& entry);
    void tell_skipped(const Event& event, LogEntry& entry);
    void tell_healed(const Event& event, LogEntry& entry);
    void tell_window(const Event& event, LogEntry& entry);
    void tell_summary(const Event& event, LogEntry& entry);
    void tell_strength(const Event& event, LogEntry& entry);
    void tell_held_out(const Event& event, LogEntry& entry);
    void tell_convergence(const Event& event, LogEntry& entry);
    void tell_warning(const Event& event, LogEntry& entry);
    void tell_pass(const Event& event, LogEntry& entry);
    void tell_end(const Event& event, LogEntry& entry);

    std::string place_text(const Event& event) const;

    std::string state_;
    const char* unit_;
    StrengthCurve strength_curve_;
    double seconds_ = 0;               // of the event being told
    double summary_seconds_ = 0;       // nodes/s is measured from here ...
    std::uint64_t summary_games_ = 0;  // ... over the games since here
    unsigned failed_saves_ = 0;        // in a row
};

}  // namespace kiln::app

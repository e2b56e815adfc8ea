// Reporter: tells what happens in a run, the same to everybody: console, log files, status.
//
// It turns each event into words once and remembers the latest of each kind, for whoever asks.
#pragma once

#include <deque>
#include <map>
#include <string>

#include "app/event_text.hpp"
#include "app/progress.hpp"
#include "app/run_counts.hpp"
#include "app/run_log.hpp"
#include "app/supervisor.hpp"

namespace kiln::app {

// Sums of the window reports of this process.
struct RunTotals {
    std::uint64_t games = 0;
    std::uint64_t black_wins = 0;
    std::uint64_t white_wins = 0;
    std::uint64_t draws = 0;
    double stone_difference = 0;  // sum

    void add(const othello::WindowReport& report);
};

class Reporter final : public RunObserver {
  public:
    Reporter(Progress& progress, RunLog& log, const RunSettings& settings)
        : progress_(progress),
          log_(log),
          teller_(settings.state, unit_of(settings.workload)),
          unit_(unit_of(settings.workload)) {}

    // What was measured before this process.
    void go_on_from(StrengthCurve curve) { teller_.go_on_from(std::move(curve)); }

    void on_event(const Event& event, double seconds) override;
    void on_status(const TrainStatus& status) override;
    void on_note(const LogEntry& entry) override;
    void on_start(const RunSettings& settings, std::uint64_t games, double seconds) override;

    // The newest report of a kind, with its "text"; null if there was none. Of strength there is
    // also the newest against each opponent, as "strength.corner".
    Json latest(const std::string& event) const;
    // Of every opponent the newest and the first measurement of strength, as text.
    const std::map<std::string, std::string>& first_strengths() const { return first_strengths_; }
    const std::map<std::string, std::string>& last_strengths() const { return last_strengths_; }
    const StrengthCurve& strength_curve() const { return teller_.strength_curve(); }
    // The last few, oldest first.
    const std::deque<std::string>& warnings() const { return warnings_; }
    const RunTotals& totals() const { return totals_; }
    const RunCounts& counts() const { return counts_; }
    const Progress& progress() const { return progress_; }

  private:
    void keep(const LogEntry& entry);
    LogEntry summary(std::uint64_t games, double seconds) const;

    Progress& progress_;
    RunLog& log_;
    EventTeller teller_;
    const char* unit_;  // what the run counts
    std::map<std::string, Json> latest_;
    std::map<std::string, std::string> first_strengths_;
    std::map<std::string, std::string> last_strengths_;
    std::deque<std::string> warnings_;
    RunTotals totals_;
    RunCounts counts_;
    double last_flush_s_ = 0;
};

}  // namespace kiln::app

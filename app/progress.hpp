// Progress: a training run told on the console as it happens.
//
// On a terminal one line is redrawn in place and reports scroll by above it; elsewhere there are
// plain lines, at most one about every ten seconds besides the reports. In the journal, which keeps
// months, each kind of line and report comes four times an hour at most, warnings excepted; the log
// files have them all. Every figure was measured.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "core/othello/report.hpp"

#include "app/console.hpp"
#include "app/log_entry.hpp"
#include "app/settings.hpp"
#include "app/supervisor.hpp"

namespace kiln::app {

// Games a second over the last seconds.
class RecentRate {
  public:
    void add(double seconds, std::uint64_t games);
    // 0 until there is something to measure.
    double per_second() const;

  private:
    struct Sample {
        double seconds;
        std::uint64_t games;
    };
    static constexpr double window_seconds = 15;
    std::deque<Sample> samples_;
};

class Progress {
  public:
    Progress(Console& console, const RunSettings& settings);

    // An event, and how it reads.
    void show(const Event& event, const LogEntry& entry);
    void show(const TrainStatus& status);
    void show(const LogEntry& note);
    // Settings may be others from here on, and the speed is measured anew.
    void begin(const RunSettings& settings) {
        settings_ = settings;
        rate_ = RecentRate();
    }
    // Ends the live line; what follows is the final report.
    void finish() { console_.end_live(); }

    double games_per_second() const { return rate_.per_second(); }
    // Until the target at that speed; nothing while that is not known.
    std::optional<double> seconds_left() const;
    // "1,200 / 20,000 games (6.0 %), 812 games/s, 23 s left".
    std::string status_line() const;

  private:
    bool is_due(const Event& event, const LogEntry& entry);
    bool is_last_save(std::uint64_t games) const;
    void print(const LogEntry& entry);

    Console& console_;
    RunSettings settings_;
    RecentRate rate_;
    TrainStatus status_;
    std::optional<double> prediction_error_;  // of the last window
    std::string last_strength_;
    std::map<std::string, double> last_line_s_;  // by kind of report
    double line_every_s_;                        // of one kind
    double last_plain_line_s_ = 0;
    bool is_stopping_ = false;
};

}  // namespace kiln::app

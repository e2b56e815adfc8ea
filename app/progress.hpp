// Progress: a training run told on the console as it happens.
//
// On a terminal one line is redrawn in place and reports scroll by above it; elsewhere there are
// plain lines, at most one about every ten seconds besides the reports. Every figure was measured.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "core/numeric/interval.hpp"
#include "core/othello/report.hpp"

#include "app/console.hpp"
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

struct StrengthPoint {
    std::uint64_t games = 0;
    othello::StrengthReport report = {};

    std::uint32_t played() const { return report.wins + report.draws + report.losses; }
    double share() const { return (report.wins + 0.5 * report.draws) / played(); }
    Interval interval() const { return wilson_interval(share() * played(), played()); }
};

// Sums of the window reports of this process.
struct RunTotals {
    std::uint64_t games = 0;
    std::uint64_t black_wins = 0;
    std::uint64_t white_wins = 0;
    std::uint64_t draws = 0;
    double stone_difference = 0;  // sum

    void add(const othello::WindowReport& report);
};

class Progress final : public RunObserver {
  public:
    Progress(Console& console, const RunSettings& settings)
        : console_(console), settings_(settings) {}

    void on_event(const Event& event, double seconds) override;
    void on_status(const TrainStatus& status) override;
    void on_note(const LogEntry& entry) override;
    void on_start(std::uint64_t games, double seconds) override;
    // Ends the live line; what follows is the final report.
    void finish() { console_.end_live(); }

    const RunTotals& totals() const { return totals_; }
    const std::optional<StrengthPoint>& first_strength() const { return first_strength_; }
    const std::optional<StrengthPoint>& last_strength() const { return last_strength_; }

  private:
    void on_window(std::uint64_t games, const othello::WindowReport& window);
    void on_summary(std::uint64_t games, const othello::SummaryReport& summary);
    void on_strength(std::uint64_t games, const othello::StrengthReport& strength);
    void on_saved(std::uint64_t games, const CheckpointSaved& saved);
    void on_failed(std::uint64_t games, const CheckpointFailed& failed);
    bool is_last_save(std::uint64_t games) const;
    void report(const std::string& line);
    std::string status_line(const TrainStatus& status) const;

    Console& console_;
    const RunSettings& settings_;
    RecentRate rate_;
    RunTotals totals_;
    TrainStatus status_;
    std::optional<othello::WindowReport> last_window_;
    std::optional<StrengthPoint> first_strength_;
    std::optional<StrengthPoint> last_strength_;
    double last_window_line_s_ = 0;
    double last_plain_line_s_ = 0;
    double last_summary_s_ = 0;
    std::uint64_t last_summary_games_ = UINT64_MAX;  // where nodes/s is measured from
    unsigned failed_saves_ = 0;                      // in a row
    bool is_stopping_ = false;
};

std::string describe_strength(const StrengthPoint& point);

}  // namespace kiln::app

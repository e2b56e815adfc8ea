#include "app/progress.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <signal.h>

#include "app/event_text.hpp"
#include "app/text.hpp"
#include "platform/linux/signals.hpp"

namespace kiln::app {
namespace {

constexpr double line_every_s = 10;
constexpr double verbose_report_every_s = 2;
constexpr double journal_line_every_s = 900;

}  // namespace

void RecentRate::add(double seconds, std::uint64_t games) {
    // Games of an epoch that was dropped are not played twice over.
    if (!samples_.empty() && games < samples_.back().games)
        samples_.clear();
    samples_.push_back({seconds, games});
    while (samples_.size() > 2 && samples_[1].seconds < seconds - window_seconds)
        samples_.pop_front();
}

double RecentRate::per_second() const {
    if (samples_.size() < 2 || samples_.back().seconds <= samples_.front().seconds)
        return 0;
    return static_cast<double>(samples_.back().games - samples_.front().games) /
           (samples_.back().seconds - samples_.front().seconds);
}

Progress::Progress(Console& console, const RunSettings& settings)
    : console_(console),
      settings_(settings),
      line_every_s_(console.is_journal() ? journal_line_every_s : line_every_s) {}

void Progress::show(const Event& event, const LogEntry& entry) {
    if (event.kind == othello::event_window) {
        prediction_error_ = event.as<othello::WindowReport>().prediction_error;
    } else if (event.kind == othello::event_strength) {
        if (const auto strength = event.as<othello::StrengthReport>();
            strength.opponent == othello::Opponent::corner_edge)
            last_strength_ = short_strength(strength);
    } else if (event.kind == EventKind::checkpoint_failed && is_last_save(event.games)) {
        return;  // the run's outcome tells
    }
    if (is_due(event, entry))
        print(entry);
}

// Thousands of games a second are possible: of the workload's reports print some, never more than
// can be read. The log has them all.
bool Progress::is_due(const Event& event, const LogEntry& entry) {
    if (entry.severity >= Severity::warning ||
        (event.kind < EventKind::workload && !console_.is_journal()))
        return true;
    const bool is_window = event.kind == othello::event_window;
    const std::string kind = entry.event + entry.fields.value("opponent", "");
    const double every_s = settings_.verbose ? verbose_report_every_s : line_every_s_;
    const auto last = last_line_s_.try_emplace(kind, is_window ? 0 : -every_s).first;
    if (status_.seconds < last->second + every_s)
        return false;
    last->second = status_.seconds;
    return true;
}

void Progress::show(const LogEntry& note) {
    print(note);
}

void Progress::print(const LogEntry& entry) {
    if (entry.severity >= Severity::warning ||
        (!settings_.quiet && entry.severity >= Severity::info))
        console_.tell(entry);
}

// Whether a save at that game is the run's last, whose failure the run's outcome tells.
bool Progress::is_last_save(std::uint64_t games) const {
    const std::uint64_t stop_after = settings_.session.stop_after_games;
    return games >= settings_.othello.target_games || (stop_after != 0 && games >= stop_after) ||
           platform::stop_signals_received() > 0;
}

std::optional<double> Progress::seconds_left() const {
    const double rate = rate_.per_second();
    if (rate <= 0)
        return std::nullopt;
    const std::uint64_t target = settings_.othello.target_games;
    return static_cast<double>(target - std::min(target, status_.games_played)) / rate;
}

std::string Progress::status_line() const {
    const std::uint64_t target = settings_.othello.target_games;
    const char* const unit = unit_of(settings_.workload);
    std::string line = fmt::format(
        "{} / {} {}s ({:.1f} %)", format_count(status_.games_played), format_count(target), unit,
        100 * static_cast<double>(status_.games_played) / static_cast<double>(target));
    if (const auto left = seconds_left())
        line += fmt::format(", {} {}s/s, {} left", format_rate(rate_.per_second()), unit,
                            format_duration(*left));
    if (!last_strength_.empty())
        line += ", " + last_strength_;
    if (prediction_error_)
        line += fmt::format(", error {:.2f}", *prediction_error_);
    return line;
}

void Progress::show(const TrainStatus& status) {
    status_ = status;
    rate_.add(status.seconds, status.games_played);
    if (platform::stop_signals_received() > 0 && !is_stopping_) {
        is_stopping_ = true;
        console_.end_live();
        console_.print(fmt::format(
            "{}: stopping and saving (a second time: end at once, as of the newest checkpoint)",
            platform::last_stop_signal() == SIGINT ? "interrupted" : "asked to terminate"));
    }
    if (settings_.quiet || is_stopping_)
        return;
    console_.live(status_line());
    if (!console_.is_terminal() && status.seconds >= last_plain_line_s_ + line_every_s_) {
        last_plain_line_s_ = status.seconds;
        console_.tell({Severity::info,
                       "progress",
                       status_line(),
                       {{"games", status.games_absorbed},
                        {"target_games", settings_.othello.target_games},
                        {"games_per_second", rate_.per_second()}}});
    }
}

}  // namespace kiln::app

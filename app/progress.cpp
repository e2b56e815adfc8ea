#include "app/progress.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <signal.h>

#include "app/failure.hpp"
#include "app/text.hpp"
#include "platform/linux/signals.hpp"

namespace kiln::app {
namespace {

constexpr double plain_line_every_s = 10;
constexpr double window_line_every_s = 10;
constexpr double verbose_window_line_every_s = 2;

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

void RunTotals::add(const othello::WindowReport& report) {
    games += report.games;
    black_wins += report.black_wins;
    white_wins += report.white_wins;
    draws += report.draws;
    stone_difference += report.stone_difference * report.games;
}

std::string describe_strength(const StrengthPoint& point) {
    const Interval interval = point.interval();
    return fmt::format("{} against corner [{:.1f}, {:.1f}] ({} won, {} drawn, {} lost), {} discs",
                       format_percent(point.share()), interval.lower * 100, interval.upper * 100,
                       point.report.wins, point.report.draws, point.report.losses,
                       format_discs(point.report.stone_difference));
}

void Progress::on_start(std::uint64_t, double) {
    rate_ = RecentRate();
}

void Progress::on_note(const LogEntry& entry) {
    if (entry.severity >= Severity::warning)
        print_warning(console_, entry.text);
    else
        report(entry.text);
}

void Progress::on_event(const Event& event, double) {
    switch (event.kind) {
        case EventKind::checkpoint_saved:
            return on_saved(event.games, event.as<CheckpointSaved>());
        case EventKind::checkpoint_failed:
            return on_failed(event.games, event.as<CheckpointFailed>());
        case EventKind::values_healed:
            return print_warning(
                console_, fmt::format("game {}: {} values were not finite or out of range and are "
                                      "neutral again",
                                      format_count(event.games),
                                      format_count(event.as<ValuesHealed>().values)));
        default:
            break;
    }
    if (event.kind == othello::event_window)
        on_window(event.games, event.as<othello::WindowReport>());
    else if (event.kind == othello::event_summary)
        on_summary(event.games, event.as<othello::SummaryReport>());
    else if (event.kind == othello::event_strength)
        on_strength(event.games, event.as<othello::StrengthReport>());
}

void Progress::report(const std::string& line) {
    if (!settings_.quiet)
        console_.print(line);
}

void Progress::on_window(std::uint64_t games, const othello::WindowReport& window) {
    totals_.add(window);
    last_window_ = window;
    // Thousands of games a second are possible: print some windows, never more than can be read.
    const double every_s = settings_.verbose ? verbose_window_line_every_s : window_line_every_s;
    if (status_.seconds < last_window_line_s_ + every_s)
        return;
    last_window_line_s_ = status_.seconds;
    report(fmt::format(
        "games {} to {}: black {} white {} drawn {}, difference {} discs, {:.1f} moves, prediction "
        "error {:.2f}, epsilon {:.3g}, rate {:.3g}, after {}",
        format_count(games - window.games + 1), format_count(games), window.black_wins,
        window.white_wins, window.draws, format_discs(window.stone_difference), window.moves,
        window.prediction_error, window.epsilon, window.learning_rate,
        format_duration(status_.seconds)));
}

void Progress::on_summary(std::uint64_t games, const othello::SummaryReport& summary) {
    // Games of an earlier process are in the first summary, but not in this process's time.
    const std::uint64_t measured =
        last_summary_games_ == UINT64_MAX
            ? summary.games
            : std::min<std::uint64_t>(summary.games, games - last_summary_games_);
    const double seconds = std::max(status_.seconds - last_summary_s_, 1e-3);
    const double nodes_per_second =
        summary.nodes_per_game * static_cast<double>(measured) / seconds;
    last_summary_s_ = status_.seconds;
    last_summary_games_ = games;
    report(fmt::format(
        "games {} to {}: values mean {} deviation {:.2f} from {} to {}; depth {:.2f}, {} nodes/s, "
        "table hits {}; difference {} discs, prediction error {:.2f}; {} of {} weights touched "
        "({})",
        format_count(games - summary.games + 1), format_count(games),
        format_discs(summary.value_mean), summary.value_deviation, format_discs(summary.value_min),
        format_discs(summary.value_max), summary.depth, format_rate(nodes_per_second),
        format_percent(summary.table_hit_rate), format_discs(summary.stone_difference),
        summary.prediction_error, format_count(summary.touched_weights),
        format_count(summary.weights),
        format_percent(static_cast<double>(summary.touched_weights) /
                       static_cast<double>(summary.weights))));
}

void Progress::on_strength(std::uint64_t games, const othello::StrengthReport& strength) {
    last_strength_ = {games, strength};
    if (!first_strength_)
        first_strength_ = last_strength_;
    report(fmt::format("game {}: {}", format_count(games), describe_strength(*last_strength_)));
}

void Progress::on_saved(std::uint64_t games, const CheckpointSaved& saved) {
    const char* const attempt = failed_saves_ > 0 ? ", after an attempt that failed" : "";
    failed_saves_ = 0;
    report(fmt::format("game {}: saved {}/{} ({} in {}, workers waited {}{})", format_count(games),
                       settings_.state, checkpoint_file_name(saved.generation).text,
                       format_bytes(saved.bytes),
                       format_duration(static_cast<double>(saved.duration_ns) * 1e-9),
                       format_duration(static_cast<double>(saved.pause_ns) * 1e-9), attempt));
}

// Whether a save at that game is the run's last, whose failure the run's outcome tells.
bool Progress::is_last_save(std::uint64_t games) const {
    const std::uint64_t stop_after = settings_.session.stop_after_games;
    return games >= settings_.othello.target_games || (stop_after != 0 && games >= stop_after) ||
           platform::stop_signals_received() > 0;
}

void Progress::on_failed(std::uint64_t games, const CheckpointFailed& failed) {
    ++failed_saves_;
    if (is_last_save(games))
        return;
    // The session tries once more after five seconds, then at the next checkpoint.
    print_warning(
        console_,
        fmt::format("game {}: {}/{} could not be saved: {}; training goes on, the next "
                    "try is {}",
                    format_count(games), settings_.state,
                    checkpoint_file_name(failed.generation).text, describe_error(failed.error),
                    failed_saves_ % 2 == 1 ? "in 5 s" : "the next checkpoint"));
}

std::string Progress::status_line(const TrainStatus& status) const {
    const std::uint64_t target = settings_.othello.target_games;
    const double rate = rate_.per_second();
    std::string line = fmt::format(
        "{} / {} games ({:.1f} %)", format_count(status.games_played), format_count(target),
        100 * static_cast<double>(status.games_played) / static_cast<double>(target));
    if (rate > 0) {
        const double left = static_cast<double>(target - std::min(target, status.games_played));
        line +=
            fmt::format(", {} games/s, {} left", format_rate(rate), format_duration(left / rate));
    }
    if (last_strength_)
        line += fmt::format(", corner {:.0f} % ({} games)", last_strength_->share() * 100,
                            last_strength_->played());
    if (last_window_)
        line += fmt::format(", error {:.2f}", last_window_->prediction_error);
    return line;
}

void Progress::on_status(const TrainStatus& status) {
    if (last_summary_games_ == UINT64_MAX)
        last_summary_games_ = status.games_absorbed;
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
    console_.live(status_line(status));
    if (!console_.is_terminal() && status.seconds >= last_plain_line_s_ + plain_line_every_s) {
        last_plain_line_s_ = status.seconds;
        console_.print(status_line(status));
    }
}

}  // namespace kiln::app

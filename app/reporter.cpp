#include "app/reporter.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "app/text.hpp"

namespace kiln::app {
namespace {

constexpr std::size_t warnings_kept = 5;
constexpr double flush_every_s = 1;

}  // namespace

void RunTotals::add(const othello::WindowReport& report) {
    games += report.games;
    black_wins += report.black_wins;
    white_wins += report.white_wins;
    draws += report.draws;
    stone_difference += report.stone_difference * report.games;
}

void Reporter::on_event(const Event& event, double seconds) {
    const LogEntry entry = teller_.tell(event, seconds);
    log_.write(entry);
    keep(entry);
    if (event.kind == othello::event_window) {
        totals_.add(event.as<othello::WindowReport>());
    } else if (event.kind == othello::event_strength) {
        const std::string opponent = entry.fields.value("opponent", "");
        first_strengths_.emplace(opponent, entry.text);
        last_strengths_[opponent] = entry.text;
    }
    progress_.show(event, entry);
    if (event.kind == EventKind::checkpoint_saved)
        log_.write(summary(event.games, seconds));
}

// R4.3: what this process has seen of the run so far.
LogEntry Reporter::summary(std::uint64_t games, double seconds) const {
    LogEntry entry = {Severity::info, "run_summary", ""};
    const auto share = [&](std::uint64_t count) {
        return static_cast<double>(count) /
               static_cast<double>(std::max<std::uint64_t>(totals_.games, 1));
    };
    entry.text = fmt::format("{} {}: {} games told of in {}", unit_, format_count(games),
                             format_count(totals_.games), format_duration(seconds));
    entry.fields = {{"games", games}, {"seconds", seconds}, {"games_told", totals_.games}};
    if (totals_.games > 0) {
        const double difference = totals_.stone_difference / static_cast<double>(totals_.games);
        entry.text += fmt::format(
            ", difference {} discs, black {}, white {}, drawn {}", format_discs(difference),
            format_percent(share(totals_.black_wins)), format_percent(share(totals_.white_wins)),
            format_percent(share(totals_.draws)));
        entry.fields["stone_difference"] = difference;
        entry.fields["black_wins"] = totals_.black_wins;
        entry.fields["white_wins"] = totals_.white_wins;
        entry.fields["draws"] = totals_.draws;
    }
    for (const auto& [opponent, text] : last_strengths_)
        entry.text += "; " + text;
    for (const char* report : {"convergence", "held_out"})
        if (const auto found = latest_.find(report); found != latest_.end()) {
            entry.text += "; " + found->second.value("text", "");
            entry.fields[report] = found->second;
        }
    return entry;
}

void Reporter::keep(const LogEntry& entry) {
    counts_.add(entry);
    if (entry.severity >= Severity::warning) {
        warnings_.push_back(entry.text);
        if (warnings_.size() > warnings_kept)
            warnings_.pop_front();
    }
    Json fields = entry.fields;
    fields["text"] = entry.text;
    if (const std::string opponent = fields.value("opponent", ""); !opponent.empty())
        latest_[entry.event + "." + opponent] = fields;
    latest_[entry.event] = std::move(fields);
}

Json Reporter::latest(const std::string& event) const {
    const auto found = latest_.find(event);
    return found == latest_.end() ? Json() : found->second;
}

void Reporter::on_status(const TrainStatus& status) {
    counts_.advance(status.games_played, status.games_absorbed);
    progress_.show(status);
    if (status.seconds >= last_flush_s_ + flush_every_s) {
        last_flush_s_ = status.seconds;
        log_.flush();
    }
}

void Reporter::on_note(const LogEntry& entry) {
    log_.write(entry);
    keep(entry);
    progress_.show(entry);
}

void Reporter::on_start(const RunSettings& settings, std::uint64_t games, double seconds) {
    counts_.begin(games);
    teller_.begin(games, seconds);
    progress_.begin(settings);
}

}  // namespace kiln::app

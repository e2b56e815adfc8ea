#include "app/reporter.hpp"

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
}

void Reporter::keep(const LogEntry& entry) {
    if (entry.severity >= Severity::warning) {
        warnings_.push_back(entry.text);
        if (warnings_.size() > warnings_kept)
            warnings_.pop_front();
    }
    Json fields = entry.fields;
    fields["text"] = entry.text;
    latest_[entry.event] = std::move(fields);
}

Json Reporter::latest(const std::string& event) const {
    const auto found = latest_.find(event);
    return found == latest_.end() ? Json() : found->second;
}

void Reporter::on_status(const TrainStatus& status) {
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

void Reporter::on_start(std::uint64_t games, double seconds) {
    teller_.begin(games, seconds);
    progress_.begin();
}

}  // namespace kiln::app

#include "app/restart_policy.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace kiln::app {
namespace {

constexpr std::array<const char*, 4> kind_names = {"abandoned", "crashed", "hung", "killed"};
constexpr std::uint64_t millisecond = 1'000'000;
constexpr std::array<std::uint64_t, 7> delays_ms = {0, 100, 500, 2'000, 10'000, 30'000, 60'000};
constexpr std::size_t window_capacity = 1'000;
constexpr std::size_t most_named = 3;

// "12x worker 0, 3x worker 1", the most frequent first.
template <typename Key, typename Describe>
std::string most_frequent(const std::map<Key, unsigned>& counts, Describe describe) {
    std::vector<std::pair<Key, unsigned>> order(counts.begin(), counts.end());
    std::stable_sort(order.begin(), order.end(),
                     [](const auto& a, const auto& b) { return a.second > b.second; });
    std::string text;
    for (std::size_t i = 0; i < order.size() && i < most_named; ++i)
        text +=
            fmt::format("{}{}x {}", i == 0 ? "" : ", ", order[i].second, describe(order[i].first));
    if (order.size() > most_named)
        text += fmt::format(" and {} others", order.size() - most_named);
    return text;
}

}  // namespace

const char* name_of(IncidentKind kind) {
    return kind_names[static_cast<std::size_t>(kind)];
}

std::optional<IncidentKind> incident_kind(const std::string& name) {
    const auto found = std::find(kind_names.begin(), kind_names.end(), name);
    if (found == kind_names.end())
        return std::nullopt;
    return static_cast<IncidentKind>(found - kind_names.begin());
}

void RestartPolicy::note(const Incident& incident) {
    set_games(std::max(games_, incident.games));
    window_.push_back(incident);
    if (window_.size() > window_capacity)
        window_.pop_front();
}

RestartPolicy::Decision RestartPolicy::after_end(const Incident& incident, bool has_progressed) {
    note(incident);
    failures_ = has_progressed ? 1 : failures_ + 1;
    if (incident.ticket && incident.is_error())
        strike(*incident.ticket);
    Decision decision;
    decision.skips = skips_;
    decision.is_pause = has_too_many_errors() || failures_ > attempts_without_progress;
    decision.delay_ns =
        delays_ms[std::min<std::size_t>(failures_ - 1, delays_ms.size() - 1)] * millisecond;
    return decision;
}

void RestartPolicy::strike(std::uint64_t ticket) {
    if (std::find(skips_.begin(), skips_.end(), ticket) != skips_.end())
        return;  // it cannot be left out more than that
    if (++strikes_[ticket] < strikes_to_skip)
        return;
    strikes_.erase(ticket);
    skips_.push_back(ticket);
    failures_ = 1;  // leaving it out is a way to get on
}

std::size_t RestartPolicy::errors() const {
    return static_cast<std::size_t>(std::count_if(window_.begin(), window_.end(),
                                                  [](const Incident& i) { return i.is_error(); }));
}

std::string RestartPolicy::pattern() const {
    std::map<IncidentKind, unsigned> kinds;
    std::map<unsigned, unsigned> workers;
    std::map<std::uint64_t, unsigned> tickets;
    std::map<std::string, unsigned> texts;
    for (const Incident& incident : window_) {
        if (!incident.is_error())
            continue;
        ++kinds[incident.kind];
        ++texts[incident.what];
        if (incident.worker)
            ++workers[*incident.worker];
        if (incident.ticket)
            ++tickets[*incident.ticket];
    }
    std::string text = fmt::format("{} errors in the last {} games: {}", errors(), window_games,
                                   most_frequent(kinds, [](IncidentKind k) { return name_of(k); }));
    if (!workers.empty())
        text +=
            "; " + most_frequent(workers, [](unsigned w) { return fmt::format("worker {}", w); });
    if (!tickets.empty())
        text += "; " +
                most_frequent(tickets, [](std::uint64_t t) { return fmt::format("ticket {}", t); });
    if (!texts.empty())
        text += "; " + most_frequent(texts, [](const std::string& what) { return what; });
    return text;
}

void RestartPolicy::forget() {
    window_.clear();
    failures_ = 0;
}

void RestartPolicy::set_games(std::uint64_t games) {
    games_ = games;
    while (!window_.empty() && window_.front().games + window_games < games_)
        window_.pop_front();
}

}  // namespace kiln::app

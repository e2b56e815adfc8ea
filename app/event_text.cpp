#include "app/event_text.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/checkpoint/catalog.hpp"
#include "core/othello/held_out.hpp"

#include "app/failure.hpp"
#include "app/text.hpp"

namespace kiln::app {
namespace {

double seconds_of(std::uint64_t nanoseconds) {
    return static_cast<double>(nanoseconds) * 1e-9;
}

// "games 101 to 200"
std::string games_text(std::uint64_t last, std::uint64_t count) {
    return fmt::format("games {} to {}", format_count(last - std::min(last, count) + 1),
                       format_count(last));
}

const char* name_of(othello::Opponent opponent) {
    switch (opponent) {
        case othello::Opponent::random:
            return "random";
        case othello::Opponent::corner_edge:
            return "corner";
        case othello::Opponent::model:
            return "self";
    }
    return "unknown";
}

std::string opponent_text(const othello::StrengthReport& report) {
    if (report.opponent != othello::Opponent::model)
        return name_of(report.opponent);
    return fmt::format("itself at game {}", format_count(report.opponent_games));
}

const char* name_of(othello::WarningKind kind) {
    switch (kind) {
        case othello::WarningKind::few_weights_touched:
            return "few_weights_touched";
        case othello::WarningKind::stagnation:
            return "stagnation";
        case othello::WarningKind::few_updates:
            return "few_updates";
        case othello::WarningKind::invalid_values:
            return "invalid_values";
    }
    return "unknown";
}

std::string invalid_values_text(const othello::ConvergenceWarning& warning) {
    std::string text;
    if (warning.measured > 0 || warning.saturated_weights == 0)
        text = fmt::format("{:.0f} values were not finite or out of range", warning.measured);
    if (warning.saturated_weights > 0)
        text += fmt::format(
            "{}weights were driven to the end of their range, 128 discs, {} times; a lower "
            "learning rate or a little weight decay holds them",
            text.empty() ? "" : "; ", format_count(warning.saturated_weights));
    return text;
}

std::string warning_text(const othello::ConvergenceWarning& warning) {
    switch (warning.kind) {
        case othello::WarningKind::few_weights_touched:
            return fmt::format(
                "only {} of the weights that a game can reach were ever updated; {} "
                "should be by now",
                format_percent(warning.measured), format_percent(warning.limit));
        case othello::WarningKind::stagnation:
            return fmt::format(
                "stone differences are not becoming more alike: their variance over "
                "50,000 games is {:.1f}, and at {:.1f} it would be falling",
                warning.measured, warning.limit);
        case othello::WarningKind::few_updates:
            return fmt::format(
                "{:.2f} updates a weight are far below what so many games make, "
                "which is at least {:.2f}",
                warning.measured, warning.limit);
        case othello::WarningKind::invalid_values:
            return invalid_values_text(warning);
    }
    return "a warning that this kiln does not know";
}

void add_estimate(Json& fields, const std::string& name, const Estimate& estimate) {
    fields[name] = estimate.value;
    fields[name + "_lower"] = estimate.lower;
    fields[name + "_upper"] = estimate.upper;
}

double share(std::uint64_t part, std::uint64_t whole) {
    return static_cast<double>(part) / static_cast<double>(std::max<std::uint64_t>(whole, 1));
}

std::string path_in(const std::string& state, std::uint64_t generation) {
    return fmt::format("{}/{}", state, checkpoint_file_name(generation).text);
}

}  // namespace

std::string describe_strength(const othello::StrengthReport& report) {
    const Estimate score = score_of(report);
    return fmt::format("{} against {} [{:.1f}, {:.1f}] ({} won, {} drawn, {} lost), {} discs",
                       format_percent(score.value), opponent_text(report), score.lower * 100,
                       score.upper * 100, report.wins, report.draws, report.losses,
                       format_discs(report.stone_difference));
}

std::string short_strength(const othello::StrengthReport& report) {
    return "corner " + format_score(score_of(report));
}

// Every kind of event: its name for programs, and who tells it.
struct EventTeller::Row {
    EventKind kind;
    const char* name;
    Severity severity;
    void (EventTeller::*tell)(const Event& event, LogEntry& entry);
};
const EventTeller::Row EventTeller::rows[] = {
    {EventKind::checkpoint_saved, "checkpoint_saved", Severity::info, &EventTeller::tell_saved},
    {EventKind::checkpoint_failed, "checkpoint_failed", Severity::warning,
     &EventTeller::tell_failed},
    {EventKind::ticket_abandoned, "ticket_abandoned", Severity::warning,
     &EventTeller::tell_abandoned},
    {EventKind::ticket_skipped, "ticket_skipped", Severity::warning, &EventTeller::tell_skipped},
    {EventKind::values_healed, "values_healed", Severity::warning, &EventTeller::tell_healed},
    {othello::event_window, "window", Severity::info, &EventTeller::tell_window},
    {othello::event_summary, "summary", Severity::info, &EventTeller::tell_summary},
    {othello::event_strength, "strength", Severity::info, &EventTeller::tell_strength},
    {othello::event_convergence, "convergence", Severity::info, &EventTeller::tell_convergence},
    {othello::event_warning, "convergence_warning", Severity::warning, &EventTeller::tell_warning},
    {othello::event_held_out, "held_out", Severity::info, &EventTeller::tell_held_out},
    {router::event_pass, "epoch", Severity::info, &EventTeller::tell_pass},
    {router::event_end, "training_ended", Severity::info, &EventTeller::tell_end},
};

void EventTeller::begin(std::uint64_t games, double seconds) {
    summary_games_ = games;
    summary_seconds_ = seconds;
    failed_saves_ = 0;
}

// "game 1,234".
std::string EventTeller::place_text(const Event& event) const {
    return fmt::format("{} {}", unit_, format_count(event.games));
}

LogEntry EventTeller::tell(const Event& event, double seconds) {
    seconds_ = seconds;
    LogEntry entry;
    entry.fields["games"] = event.games;
    for (const Row& row : rows) {
        if (row.kind != event.kind)
            continue;
        entry.severity = row.severity;
        entry.event = row.name;
        (this->*row.tell)(event, entry);
        return entry;
    }
    const auto kind = static_cast<std::uint32_t>(event.kind);
    entry.severity = Severity::warning;
    entry.event = "unknown";
    entry.text = fmt::format("{}: an event of kind {}, which this kiln does not know",
                             place_text(event), kind);
    entry.fields["kind"] = kind;
    return entry;
}

void EventTeller::tell_saved(const Event& event, LogEntry& entry) {
    const auto saved = event.as<CheckpointSaved>();
    const char* const attempt = failed_saves_ > 0 ? ", after an attempt that failed" : "";
    entry.fields["path"] = path_in(state_, saved.generation);
    entry.fields["bytes"] = saved.bytes;
    entry.fields["duration_seconds"] = seconds_of(saved.duration_ns);
    entry.fields["pause_seconds"] = seconds_of(saved.pause_ns);
    entry.fields["failed_attempts"] = failed_saves_;
    entry.text = fmt::format("{}: saved {} ({} in {}, workers waited {}{})", place_text(event),
                             path_in(state_, saved.generation), format_bytes(saved.bytes),
                             format_duration(seconds_of(saved.duration_ns)),
                             format_duration(seconds_of(saved.pause_ns)), attempt);
    failed_saves_ = 0;
}

void EventTeller::tell_failed(const Event& event, LogEntry& entry) {
    const auto failed = event.as<CheckpointFailed>();
    ++failed_saves_;
    // The session tries once more after five seconds, then at the next checkpoint.
    const char* const next_try = failed_saves_ % 2 == 1 ? "in 5 s" : "the next checkpoint";
    entry.fields["path"] = path_in(state_, failed.generation);
    entry.fields["error"] = describe_error(failed.error);
    entry.fields["failed_attempts"] = failed_saves_;
    entry.text = fmt::format("{}: {} could not be saved: {}; training goes on, the next try is {}",
                             place_text(event), path_in(state_, failed.generation),
                             describe_error(failed.error), next_try);
}

void EventTeller::tell_abandoned(const Event& event, LogEntry& entry) {
    const auto abandoned = event.as<TicketAbandoned>();
    entry.fields["ticket"] = abandoned.ticket;
    entry.fields["worker"] = abandoned.worker;
    entry.fields["attempt"] = abandoned.attempt;
    entry.fields["duration_seconds"] = seconds_of(abandoned.duration_ns);
    entry.text = fmt::format("{}: ticket {} was given up by worker {} after {}; {}",
                             place_text(event), abandoned.ticket, abandoned.worker,
                             format_duration(seconds_of(abandoned.duration_ns)),
                             abandoned.attempt == 1 ? "it begins again" : "it is left out");
}

void EventTeller::tell_skipped(const Event& event, LogEntry& entry) {
    const auto skipped = event.as<TicketSkipped>();
    entry.fields["ticket"] = skipped.ticket;
    entry.fields["skipped"] = skipped.skipped;
    entry.text = fmt::format("{}: ticket {} is on the list of those left out, {} so far",
                             place_text(event), skipped.ticket, skipped.skipped);
}

void EventTeller::tell_healed(const Event& event, LogEntry& entry) {
    const std::uint64_t values = event.as<ValuesHealed>().values;
    entry.fields["values"] = values;
    entry.text = fmt::format("{}: {} values were not finite or out of range and are neutral again",
                             place_text(event), format_count(values));
}

void EventTeller::tell_window(const Event& event, LogEntry& entry) {
    const auto window = event.as<othello::WindowReport>();
    entry.fields["window_games"] = window.games;
    entry.fields["seconds"] = seconds_;
    entry.fields["black_wins"] = window.black_wins;
    entry.fields["white_wins"] = window.white_wins;
    entry.fields["draws"] = window.draws;
    entry.fields["stone_difference"] = window.stone_difference;
    entry.fields["moves"] = window.moves;
    entry.fields["prediction_error"] = window.prediction_error;
    entry.fields["epsilon"] = window.epsilon;
    entry.fields["learning_rate"] = window.learning_rate;
    entry.fields["updates_per_weight"] = window.updates;
    entry.text = fmt::format(
        "{}: black {} white {} drawn {}, difference {} discs, {:.1f} moves, prediction error "
        "{:.2f}, epsilon {:.3g}, rate {:.3g}, after {}",
        games_text(event.games, window.games), window.black_wins, window.white_wins, window.draws,
        format_discs(window.stone_difference), window.moves, window.prediction_error,
        window.epsilon, window.learning_rate, format_duration(seconds_));
}

void EventTeller::tell_summary(const Event& event, LogEntry& entry) {
    const auto summary = event.as<othello::SummaryReport>();
    // Games of an earlier trainer are in its first summary, but not in its time.
    const std::uint64_t measured =
        std::min<std::uint64_t>(summary.games, event.games - std::min(event.games, summary_games_));
    const double nodes_per_second = summary.nodes_per_game * static_cast<double>(measured) /
                                    std::max(seconds_ - summary_seconds_, 1e-3);
    summary_games_ = event.games;
    summary_seconds_ = seconds_;
    const double touched = share(summary.touched_weights, summary.weights);
    entry.fields["summary_games"] = summary.games;
    entry.fields["seconds"] = seconds_;
    entry.fields["value_mean"] = summary.value_mean;
    entry.fields["value_deviation"] = summary.value_deviation;
    entry.fields["value_min"] = summary.value_min;
    entry.fields["value_max"] = summary.value_max;
    entry.fields["depth"] = summary.depth;
    entry.fields["nodes_per_game"] = summary.nodes_per_game;
    entry.fields["nodes_per_second"] = nodes_per_second;
    entry.fields["table_hit_rate"] = summary.table_hit_rate;
    entry.fields["stone_difference"] = summary.stone_difference;
    entry.fields["prediction_error"] = summary.prediction_error;
    entry.fields["touched_weights"] = summary.touched_weights;
    entry.fields["weights"] = summary.weights;
    entry.text = fmt::format(
        "{}: values mean {} deviation {:.2f} from {} to {}; depth {:.2f}, {} nodes/s, table hits "
        "{}; difference {} discs, prediction error {:.2f}; {} of {} weights touched ({})",
        games_text(event.games, summary.games), format_discs(summary.value_mean),
        summary.value_deviation, format_discs(summary.value_min), format_discs(summary.value_max),
        summary.depth, format_rate(nodes_per_second), format_percent(summary.table_hit_rate),
        format_discs(summary.stone_difference), summary.prediction_error,
        format_count(summary.touched_weights), format_count(summary.weights),
        format_percent(touched));
}

void EventTeller::tell_strength(const Event& event, LogEntry& entry) {
    const auto strength = event.as<othello::StrengthReport>();
    strength_curve_.add(event.games, strength);
    const Estimate score = score_of(strength);
    const auto elo = elo_over(strength);
    entry.fields["opponent"] = name_of(strength.opponent);
    if (strength.opponent == othello::Opponent::model)
        entry.fields["opponent_games"] = strength.opponent_games;
    entry.fields["wins"] = strength.wins;
    entry.fields["draws"] = strength.draws;
    entry.fields["losses"] = strength.losses;
    entry.fields["pentanomial"] = strength.pairs;
    entry.fields["score"] = score.value;
    entry.fields["score_lower"] = score.lower;
    entry.fields["score_upper"] = score.upper;
    entry.fields["interval"] = elo ? "pairs" : "wilson";
    entry.fields["stone_difference"] = strength.stone_difference;
    entry.fields["stone_difference_error"] = strength.stone_difference_error;
    entry.text = fmt::format("game {}: {}", format_count(event.games), describe_strength(strength));
    if (!elo)  // against a baseline
        return;
    const Estimate chained = *strength_curve_.points().back().chained_elo;
    add_estimate(entry.fields, "elo", *elo);
    add_estimate(entry.fields, "chained_elo", chained);
    entry.fields["chained_from_games"] = strength_curve_.origin_games();
    entry.text += ", Elo " + format_elo(*elo);
    if (strength_curve_.origin_games() != strength.opponent_games)
        entry.text += fmt::format("; {} over itself at game {}", format_elo(chained),
                                  format_count(strength_curve_.origin_games()));
}

void EventTeller::tell_held_out(const Event& event, LogEntry& entry) {
    const auto held_out = event.as<othello::HeldOutReport>();
    strength_curve_.add(event.games, held_out);
    std::string by_empties;
    for (std::size_t i = 0; i < std::size(othello::HeldOut::empties); ++i)
        by_empties += fmt::format("{}{}: {:.2f}", i == 0 ? "with empty squares " : ", ",
                                  othello::HeldOut::empties[i], held_out.error_by_empties[i]);
    entry.fields["positions"] = held_out.positions;
    entry.fields["error"] = held_out.error;
    entry.fields["empties"] = othello::HeldOut::empties;
    entry.fields["error_by_empties"] = held_out.error_by_empties;
    entry.fields["bias"] = held_out.bias;
    entry.fields["winner_share"] = held_out.winner_share;
    entry.fields["zero_error"] = held_out.zero_error;
    entry.fields["discs_error"] = held_out.discs_error;
    entry.fields["mobility_error"] = held_out.mobility_error;
    entry.text = fmt::format(
        "game {}: error {:.2f} discs on {} solved positions ({}; predicting 0: {:.2f}, from "
        "mobility: {:.2f}), winner right in {}",
        format_count(event.games), held_out.error, format_count(held_out.positions), by_empties,
        held_out.zero_error, held_out.mobility_error, format_percent(held_out.winner_share));
}

void EventTeller::tell_convergence(const Event& event, LogEntry& entry) {
    const auto report = event.as<othello::ConvergenceReport>();
    const double touched = share(report.touched, report.reachable);
    entry.fields["rolling_games"] = report.games;
    entry.fields["black_wins"] = report.black_wins;
    entry.fields["white_wins"] = report.white_wins;
    entry.fields["draws"] = report.draws;
    entry.fields["stone_difference"] = report.stone_difference;
    entry.fields["stone_deviation"] = report.stone_deviation;
    entry.fields["windows"] = report.windows;
    entry.fields["value_shift"] = report.value_shift;
    entry.fields["probe_change"] = report.probe_change;
    entry.fields["variance_ratio"] = report.variance_ratio;
    entry.fields["touched_weights"] = report.touched;
    entry.fields["reachable_weights"] = report.reachable;
    entry.fields["weights"] = report.weights;
    entry.fields["touched_share"] = touched;
    entry.fields["updates_per_weight"] = report.updates;
    entry.fields["expected_updates_per_weight"] = report.expected_updates;
    entry.fields["steps_per_weight"] = report.steps;
    entry.text = fmt::format(
        "{}: stone differences deviate by {:.2f} discs; evaluations moved by {:.2f}; {} of the "
        "weights that a game can reach touched, {:.1f} updates a weight of {:.1f} expected",
        games_text(event.games, report.games), report.stone_deviation, report.probe_change,
        format_percent(touched), report.updates, report.expected_updates);
}

void EventTeller::tell_warning(const Event& event, LogEntry& entry) {
    const auto warning = event.as<othello::ConvergenceWarning>();
    entry.fields["kind"] = name_of(warning.kind);
    entry.fields["measured"] = warning.measured;
    if (warning.kind == othello::WarningKind::invalid_values)
        entry.fields["saturated_weights"] = warning.saturated_weights;
    entry.fields["limit"] = warning.limit;
    entry.text = fmt::format("game {}: {}", format_count(event.games), warning_text(warning));
}

}  // namespace kiln::app

#include "app/monitor/watched_run.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <sys/stat.h>

#include "app/failure.hpp"
#include "app/state_directory.hpp"
#include "app/text.hpp"

namespace kiln::app {
namespace {

constexpr double silence_seconds = 2;       // after which the run is said not to answer
constexpr double patience_seconds = 30;     // after which it is asked anew
constexpr double memory_every_seconds = 5;  // the trainer counts it for us
constexpr double listing_every_seconds = 2;
constexpr double message_seconds = 8;
constexpr std::size_t rates_max = 1024;
constexpr std::uint64_t log_piece_bytes = 1'000'000;

std::string name_of(ControlCommand command) {
    return std::string(control_command_names[static_cast<std::size_t>(command)]);
}

// Waiting does not help.
bool is_final(const Failure& failure) {
    return failure.exit_code() == ExitCode::permission;
}

// What a router's newest epoch was like.
void add_epoch(std::string& line, const EpochPoint& point) {
    const auto add = [&](const char* name, const std::optional<double>& value) {
        if (value)
            line += fmt::format(" {}={:.4f}", name, *value);
    };
    line += fmt::format(" epoch={}", point.epoch);
    add("training_loss", point.training_loss);
    if (point.validation) {
        add("validation_loss", point.validation->loss);
        add("accuracy", point.validation->accuracy);
        add("auc", point.validation->auc);
    }
    if (point.best_epoch > 0)
        line += fmt::format(" best_epoch={}", point.best_epoch);
}

}  // namespace

WatchedRun::Question::Question(const std::string& state, ControlCommand asked, double now)
    : command(asked), since(now), pending(state, {asked, "", ""}) {}

WatchedRun::WatchedRun(const std::string& state, double interval_seconds)
    : state_(state), interval_seconds_(interval_seconds), follower_(state) {
    view_.state_directory = state;
    view_.history = &history_;
    view_.is_reading_logs = true;
}

bool WatchedRun::look(const Time& time) {
    now_ = time;
    view_.now = time.day;
    if (status_ && !status_->pending.is_absent())
        take_answer();
    if (order_)
        take_order_answer();
    if (!status_ && now_.steady >= next_question_)
        ask();
    if (now_.steady >= next_listing_)
        list_checkpoints();
    if (!order_ && now_.steady >= message_until_)
        view_.message.clear();
    return read_logs();
}

void WatchedRun::ask() {
    const bool is_memory = view_.contact == Contact::live && now_.steady >= next_memory_;
    try {
        status_.emplace(state_, is_memory ? ControlCommand::memory : ControlCommand::status,
                        now_.steady);
    } catch (const Failure& failure) {
        struct stat there {};
        if (is_final(failure) || (::stat(state_.c_str(), &there) == 0 && !S_ISDIR(there.st_mode)))
            throw;
        next_question_ = now_.steady + interval_seconds_;
        return lose_contact(
            failure.exit_code() == ExitCode::no_input ? Contact::absent : Contact::silent,
            failure.exit_code() == ExitCode::no_input
                ? fmt::format("there is no directory {} yet; waiting for it", state_)
                : failure.what());
    }
    if (!status_->pending.is_absent())
        return;
    status_.reset();
    next_question_ = now_.steady + interval_seconds_;
    std::string why_not = fmt::format("nobody is training in {}; waiting for a run", state_);
    if (history_.last_games() > 0)
        why_not += fmt::format(", the last was at {} {}", unit_of(view_),
                               format_count(history_.last_games()));
    lose_contact(Contact::absent, why_not);
}

void WatchedRun::take_answer() {
    std::optional<Json> answer;
    try {
        answer = status_->pending.take();
    } catch (const Failure& failure) {
        if (is_final(failure))
            throw;
        status_.reset();
        next_question_ = now_.steady + interval_seconds_;
        return lose_contact(Contact::silent, failure.what());
    }
    const double waited = now_.steady - status_->since;
    if (!answer) {
        if (waited >= std::max(silence_seconds, 2 * interval_seconds_))
            lose_contact(Contact::silent,
                         fmt::format("the run has not answered for {}", format_duration(waited)));
        if (waited >= patience_seconds)
            status_.reset();
        return;
    }
    const bool is_memory = status_->command == ControlCommand::memory;
    status_.reset();
    if (is_memory) {
        view_.memory = read_memory_snapshot(*answer);
        next_memory_ = now_.steady + memory_every_seconds;
        return;  // and the status at once
    }
    view_.run = read_run_snapshot(*answer);
    view_.contact = Contact::live;
    view_.why_not.clear();
    next_question_ = now_.steady + interval_seconds_;
    if (now_.steady >= next_memory_)
        next_question_ = now_.steady;
    if (view_.run->games_per_second) {
        if (view_.rates.size() == rates_max)
            view_.rates.erase(view_.rates.begin(), view_.rates.begin() + rates_max / 2);
        view_.rates.push_back({now_.day, *view_.run->games_per_second});
    }
}

void WatchedRun::lose_contact(Contact contact, const std::string& why_not) {
    view_.contact = contact;
    view_.why_not = why_not;
    next_memory_ = 0;
    if (contact == Contact::absent)
        view_.memory.reset();
}

bool WatchedRun::press(char key) {
    if (view_.is_help_open) {
        view_.is_help_open = false;
        return true;
    }
    if (offered_) {
        const ControlCommand command = *offered_;
        offered_.reset();
        view_.question.clear();
        if (key == 'y' || key == 'Y')
            give_order(command);
        else
            say(name_of(command) + ": not done", false);
        return true;
    }
    constexpr char end_of_input = 4;  // Ctrl-D
    switch (key) {
        case 'q':
        case 'Q':
        case end_of_input:
            return false;
        case '?':
        case 'h':
            view_.is_help_open = true;
            return true;
        case 'p':
        case 'r':
            offered_ = key == 'p' ? ControlCommand::pause : ControlCommand::resume;
            view_.question = key == 'p' ? "pause: save, end the trainer and wait?"
                                        : "resume: go on with the paused run?";
            return true;
        case 's':
            give_order(ControlCommand::save);
            return true;
        default:
            return true;
    }
}

void WatchedRun::give_order(ControlCommand command) {
    try {
        order_.emplace(state_, command, now_.steady);  // whoever waited for another gives that up
    } catch (const Failure& failure) {
        return say(failure.what(), true);
    }
    if (!order_->pending.is_absent())
        return;
    order_.reset();
    say(fmt::format("{}: nobody is training in {}", name_of(command), state_), true);
}

void WatchedRun::take_order_answer() {
    const std::string name = name_of(order_->command);
    try {
        const std::optional<Json> answer = order_->pending.take();
        if (!answer) {
            const double waited = now_.steady - order_->since;
            return say(fmt::format("{}: waiting for the run, {}", name, format_duration(waited)),
                       false);
        }
        const auto text = answer->find("text");
        say(name + ": " +
                (text != answer->end() && text->is_string() ? on_one_line(text->get<std::string>())
                                                            : "done"),
            false);
    } catch (const Failure& failure) {
        const std::string line = failure.what();
        say(line.starts_with(name) ? line : name + ": " + line, true);
    }
    order_.reset();
    next_question_ = now_.steady;  // to see what it did
}

void WatchedRun::say(const std::string& message, bool has_failed) {
    view_.message = message;
    view_.has_failed = has_failed;
    message_until_ = now_.steady + message_seconds;
}

bool WatchedRun::read_logs() {
    const bool is_more =
        follower_.read([&](std::string_view line) { history_.add_line(line); }, log_piece_bytes);
    view_.is_reading_logs = is_more;
    view_.log_problem = follower_.problem();
    return is_more;
}

void WatchedRun::list_checkpoints() {
    next_listing_ = now_.steady + listing_every_seconds;
    view_.checkpoints.clear();
    view_.checkpoint_problem.clear();
    try {
        StateDirectory directory(state_);
        if (!directory.open_existing())
            return;
        const Catalog& catalog = directory.checkpoints();
        for (const CatalogEntry& entry : std::span(catalog.entries, catalog.count)) {
            struct stat file {};
            if (::stat(directory.path_of(entry.name).c_str(), &file) != 0)
                continue;
            view_.checkpoints.push_back(
                {entry.name.text, entry.games, static_cast<std::uint64_t>(file.st_size),
                 std::max(now_.day - static_cast<double>(file.st_mtime), 0.0)});
        }
    } catch (const Failure& failure) {
        view_.checkpoint_problem = failure.what();
    }
}

std::string plain_line(const MonitorView& view) {
    std::string time = format_time(view.now) + "Z";
    time[10] = 'T';
    std::string line = time;
    const auto add = [&](const char* name, const auto& value) {
        line += fmt::format(" {}={}", name, value);
    };
    const bool is_live = view.contact == Contact::live;
    add("state", is_live                           ? view.run->state
                 : view.contact == Contact::silent ? "silent"
                 : view.contact == Contact::asking ? "asking"
                                                   : "absent");
    if (is_live) {
        add("games", view.run->games);
        add("target_games", view.run->target_games);
        if (view.run->games_per_second)
            add("games_per_second", fmt::format("{:.1f}", *view.run->games_per_second));
        if (view.run->seconds_left)
            add("seconds_left", fmt::format("{:.0f}", *view.run->seconds_left));
        add("resident_bytes", view.run->resident_bytes);
        add("budget_bytes", view.run->budget_bytes);
        add("restarts", view.run->restarts);
    }
    const RunHistory& history = *view.history;
    if (!history.games().points().empty())
        add("stone_difference",
            fmt::format("{:.2f}", history.games().points().back().stone_difference()));
    if (!history.held_out().points().empty())
        add("held_out_error", fmt::format("{:.2f}", history.held_out().points().back().error));
    if (const auto& corner = history.against(othello::Opponent::corner_edge).points();
        !corner.empty())
        add("corner_score", fmt::format("{:.3f}", corner.back().score.value));
    add("workload", workload_of(view));
    if (const auto& epochs = history.router().epochs().points(); !epochs.empty())
        add_epoch(line, epochs.back());
    if (const auto end = end_of(view))
        add("training_ended", end->is_early ? "early" : "complete");
    if (!view.checkpoints.empty()) {
        add("checkpoint_games", view.checkpoints.front().games);
        add("checkpoint_age_seconds", fmt::format("{:.0f}", view.checkpoints.front().age_seconds));
    }
    add("warnings", history.warnings().total);
    return line;
}

}  // namespace kiln::app

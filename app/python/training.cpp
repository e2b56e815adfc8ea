#include "app/python/training.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>

#include <fmt/format.h>

#include "app/failure.hpp"
#include "app/memory_table.hpp"
#include "app/operation.hpp"
#include "app/settings_change.hpp"
#include "app/strength_log.hpp"
#include "app/text.hpp"
#include "platform/linux/process_info.hpp"

namespace kiln::app {
namespace {

// A part of one game takes less than a millisecond, one of hours need not be looked at so often.
constexpr auto first_nap = std::chrono::microseconds(20);
constexpr auto longest_nap = std::chrono::milliseconds(5);
constexpr double flush_every_s = 1;
constexpr int ledger_naps_max = 200;  // a second

GameTotals totals_of(const othello::GameSums& sums) {
    return {sums.games, sums.black_wins, sums.white_wins, sums.stone_difference, sums.moves};
}

void add(GameTotals& totals, const othello::WindowReport& window) {
    totals.games += window.games;
    totals.black_wins += window.black_wins;
    totals.white_wins += window.white_wins;
    totals.stone_difference += std::llround(window.stone_difference * window.games);
    totals.moves += static_cast<std::uint64_t>(std::llround(window.moves * window.games));
}

}  // namespace

// Without what a run with another command, or in another process, would do.
RunSettings Training::in_process(RunSettings settings) const {
    if (settings.workload != workload_)
        throw Failure(ExitCode::bad_data,
                      fmt::format("{}: its workload is '{}', and this trains '{}'", settings.state,
                                  settings.workload, workload_));
    settings.session.stop_after_games = 0;
    return settings;
}

Training::Training(std::span<const Assignment> asked, std::string workload)
    : workload_(std::move(workload)), teller_("") {
    const RunSettings wanted = assign_all(RunSettings(), asked);
    directory_ = std::make_unique<StateDirectory>(wanted.state);
    StartingPoint start = find_start(*directory_, wanted, Scrutiny::whole);
    const RunSettings settings = in_process(assign_all(start.settings, asked));
    check_workload(start, settings);
    start_trainer(settings, start, true);
    log_ = std::make_unique<RunLog>(settings.state, *parse_severity(settings.log_level),
                                    [this](const std::string& line) {
                                        unread_.push_back({Severity::warning, "log", line});
                                    });
    teller_ = EventTeller(settings.state, unit_of(settings.workload));
    if (start.checkpoint)
        teller_.go_on_from(read_strength_curve(settings.state, start.games));
    for (const DamagedFile& file : start.damaged) {
        unread_.push_back({Severity::error, "checkpoint_damaged", file.text});
        log_->write(unread_.back());
    }
    log_->write(started_entry(
        *trainer_, games(),
        fmt::format("training in a program from {}: {} workers, {} of {} memory planned",
                    place_text(settings_, games()), settings_.workers,
                    format_bytes(trainer_->plan().planned_bytes),
                    format_bytes(settings_.memory_bytes))));
}

void Training::start_trainer(const RunSettings& settings, StartingPoint& start, bool is_from_here) {
    auto trainer = std::make_unique<Trainer>(settings);
    if (!trainer->plan().fits)
        throw budget_too_small(trainer->plan());
    claim_for_writing(*directory_, start);
    trainer_.reset();  // its memory, before as much is taken again
    trainer_ = std::move(trainer);
    page_ = std::make_unique<StatusPage>();
    trainer_->allocate();
    trainer_->start_fresh();
    if (start.checkpoint) {
        const Status restored = trainer_->restore(*start.checkpoint->reader);
        if (!restored)
            refuse(restored.error(), *directory_, *start.checkpoint);
        start.checkpoint->reader->close();
    }
    trainer_->launch(*page_);
    page_->games_absorbed.store(trainer_->games());
    if (start.checkpoint && is_from_here)
        page_->games_saved.store(trainer_->games());
    else if (start.checkpoint)
        trainer_->forget_checkpoint();
    const std::scoped_lock lock(mutex_);
    settings_ = trainer_->settings();
    totals_ = totals_at_rest();
    latest_.clear();
}

Training::~Training() {
    if (is_abandoned_) {
        (void)log_.release();
        (void)trainer_.release();
        (void)page_.release();
        return;
    }
    if (trainer_ && trainer_->is_busy())
        page_->request_stop();
}

void Training::begin_part() {
    const std::scoped_lock lock(mutex_);
    page_->stop.store(false);
    is_in_part_ = true;
    begun_ns_ = clock_.now_ns();
    totals_ = totals_at_rest();
    if (is_othello()) {
        // What a window adds at its end includes what was played of it before.
        const GameTotals open = totals_of(trainer_->othello().statistics().window);
        totals_.games -= open.games;
        totals_.black_wins -= open.black_wins;
        totals_.white_wins -= open.white_wins;
        totals_.stone_difference -= open.stone_difference;
        totals_.moves -= open.moves;
    }
    teller_.begin(trainer_->games(), seconds_);
}

void Training::begin(std::uint64_t until_games, std::span<const Assignment> only_now) {
    CHECK(!is_busy());
    if (!only_now.empty()) {
        trainer_->change_settings(assign_all(settings_, only_now));
        has_other_settings_ = true;
    }
    begin_part();
    trainer_->start_until(directory_->store(), *page_, until_games);
}

void Training::begin_save() {
    CHECK(!is_busy());
    begin_part();
    trainer_->start_save(directory_->store(), *page_);
}

bool Training::look(double patience_s, News& news) {
    const auto deadline = std::chrono::steady_clock::now() +
                          std::chrono::duration<double>(std::clamp(patience_s, 0.0, 3600.0));
    std::chrono::steady_clock::duration nap = first_nap;
    while (trainer_->is_busy() && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::sleep_for(nap);
        nap = std::min<std::chrono::steady_clock::duration>(2 * nap, longest_nap);
    }
    const bool is_over = !trainer_->is_busy();  // before the events are read: none is left then
    drain(news);
    return is_over;
}

void Training::drain(News& news) {
    const std::scoped_lock lock(mutex_);
    const double now_s = seconds_ + part_seconds();
    news.games = page_->games_absorbed.load();
    Event event;
    while (page_->events.pop(event)) {
        const LogEntry entry = teller_.tell(event, now_s);
        log_->write(entry);
        keep(entry);
        if (event.kind == othello::event_window) {
            add(totals_, event.as<othello::WindowReport>());
            news.milestones.push_back({event.games, totals_});
        } else {
            news.entries.push_back(entry);
        }
    }
    if (now_s >= flushed_s_ + flush_every_s) {
        flushed_s_ = now_s;
        log_->flush();
    }
    news.entries.insert(news.entries.end(), unread_.begin(), unread_.end());
    unread_.clear();
}

void Training::keep(const LogEntry& entry) {
    const std::string opponent = entry.fields.value("opponent", "");
    Json fields = entry.fields;
    fields["text"] = entry.text;
    latest_[opponent.empty() ? entry.event : entry.event + "." + opponent] = std::move(fields);
}

bool Training::end() {
    CHECK(!is_busy());
    if (has_other_settings_) {
        trainer_->change_settings(settings_);
        has_other_settings_ = false;
    }
    const Result<SessionEnd> result = trainer_->result();
    {
        const std::scoped_lock lock(mutex_);
        seconds_ += part_seconds();
        is_in_part_ = false;
        totals_ = totals_at_rest();
        log_->flush();
    }
    if (!result)
        throw Failure(
            exit_code_of(result.error()),
            fmt::format("game {} could not be trained or saved in {}: {}", trainer_->games(),
                        directory_->path(), describe_error(result.error())));
    return result.value() == SessionEnd::target_reached;
}

void Training::change(std::span<const Assignment> asked) {
    CHECK(!is_busy());
    RunSettings changed = settings_;
    for (const Assignment& assignment : asked) {
        const std::string name = assignment.setting->name;
        if (name == "workers")
            throw Failure(ExitCode::usage,
                          "workers: their number cannot change while a trainer lives; close it and "
                          "make one with resume");
        (void)apply_change(changed, name, assignment.text);  // whether it may change at all
    }
    changed = in_process(assign_all(changed, asked));
    trainer_->change_settings(changed);
    const std::scoped_lock lock(mutex_);
    for (const std::string& line : differences(settings_, trainer_->settings()))
        log_->write(Severity::info, "setting_changed", line);
    settings_ = trainer_->settings();
    log_->set_threshold(*parse_severity(settings_.log_level));
}

void Training::load(const std::string& path) {
    CHECK(!is_busy());
    const CheckpointPlace place = find_checkpoint(path, "path");
    StartingPoint start;
    start.is_claimed = true;
    start.checkpoint = open_checkpoint(*place.directory, place.name);
    const OpenCheckpoint& checkpoint = *start.checkpoint;
    if (const Status whole = checkpoint.reader->verify(); !whole)
        refuse(whole.error(), *place.directory, checkpoint);
    start.games = checkpoint.reader->info().games;
    const Catalog& own = directory_->checkpoints();
    if (own.count > 0 && own.entries[0].games > start.games)
        throw Failure(ExitCode::usage,
                      fmt::format("path: {} is of game {}, and {} already holds a later one ({}), "
                                  "which would count as the newest; load it into a trainer with a "
                                  "directory of its own",
                                  checkpoint.path, start.games, directory_->path(),
                                  own.entries[0].name.text));
    start.settings = from_text(read_settings_text(*place.directory, checkpoint), checkpoint.path);
    // What does not decide the result stays as it is here.
    std::vector<Assignment> here;
    for (const Setting& setting : all_settings())
        if (is_operational(setting))
            here.push_back(
                {&setting, format_value(setting, settings_), setting.name, ExitCode::usage});
    const bool is_from_here =
        place.directory->path_of(place.name) == directory_->path_of(place.name);
    start_trainer(in_process(assign_all(start.settings, here)), start, is_from_here);
}

double Training::part_seconds() const {
    return is_in_part_ ? static_cast<double>(clock_.now_ns() - begun_ns_) * 1e-9 : 0;
}

GameTotals Training::totals_at_rest() const {
    return is_othello() ? totals_of(trainer_->othello().statistics().total) : GameTotals();
}

Json Training::convergence() const {
    if (is_othello() && !is_busy()) {
        const Event now = Event::make(othello::event_convergence, trainer_->games(),
                                      trainer_->othello().convergence());
        return EventTeller("").tell(now, 0).fields;
    }
    const std::scoped_lock lock(mutex_);
    const auto found = latest_.find("convergence");
    return found == latest_.end() ? Json() : found->second;
}

Json Training::strength() const {
    const std::scoped_lock lock(mutex_);
    return teller_.strength_curve().json();
}

Json Training::memory() {
    if (is_busy()) {
        page_->ledger_requested.store(true);
        for (int naps = 0; naps < ledger_naps_max && page_->ledger_requested.load(); ++naps)
            std::this_thread::sleep_for(longest_nap);
    }
    const Plan& plan = trainer_->plan();
    const StackPeaks peaks = {trainer_->worker_stack_peak_bytes(),
                              trainer_->session_stack_peak_bytes()};
    Json regions = Json::array();
    for (const Region& region : plan.regions.all())
        if (region.in_arena)
            regions.push_back(arena_row(region, page_->ledger, peaks, settings().workers));
        else  // what the program around uses of it, nobody counts
            regions.push_back({{"name", region.name},
                               {"owner", region.owner},
                               {"planned_bytes", region.bytes},
                               {"used_bytes", nullptr},
                               {"peak_bytes", nullptr},
                               {"outside", true}});
    Json report = {{"budget_bytes", plan.budget_bytes},
                   {"planned_bytes", plan.planned_bytes},
                   {"arena_bytes", plan.arena_bytes},
                   {"regions", std::move(regions)}};
    if (const auto memory = platform::read_process_memory(); memory)
        report["process"] = {{"resident_bytes", memory.value().resident_bytes},
                             {"peak_resident_bytes", memory.value().peak_resident_bytes},
                             {"minor_faults", memory.value().minor_faults},
                             {"major_faults", memory.value().major_faults}};
    return report;
}

GameTotals Training::totals() const {
    const std::scoped_lock lock(mutex_);
    return totals_;
}

double Training::seconds() const {
    const std::scoped_lock lock(mutex_);
    return seconds_ + part_seconds();
}

RunSettings Training::settings() const {
    const std::scoped_lock lock(mutex_);
    return settings_;
}

std::string Training::checkpoint_path(std::uint64_t games) const {
    return directory_->path_of(checkpoint_file_name(games));
}

void Training::abandon() {
    is_abandoned_ = true;
    directory_->store().close_directory();
}

}  // namespace kiln::app

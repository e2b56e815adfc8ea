#include "core/train/session.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>

namespace kiln {
namespace {

constexpr const char* region_records = "game records";
constexpr const char* region_progress = "progress";
constexpr const char* region_settings = "settings text";
constexpr const char* region_events = "event ring";
constexpr const char* region_checksums = "checkpoint checksums";
constexpr const char* owner = "session";
constexpr std::size_t event_capacity = 1024;
// Room for the checksums of 1 GiB of state; a save CHECKs that its table fits.
constexpr std::size_t checksum_capacity = 16384;
constexpr std::uint64_t retry_delay_ns = 5'000'000'000;

}  // namespace

// Workers take tickets in any order; each writes only the records of its own.
class Session::PlayJob final : public Job {
  public:
    PlayJob(const Session& session, const Epoch& epoch)
        : session_(session), epoch_(epoch), running_(session.ports_.team->size()) {}

    void work(unsigned worker) override {
        const WorkContext context = {worker, &session_.ports_.page->stop, session_.ports_.clock};
        for (;;) {
            const std::uint32_t index = next_.fetch_add(1, std::memory_order_relaxed);
            if (index >= epoch_.count || context.is_stopping())
                break;
            const PlayOutcome outcome = session_.workload_->play(
                context, epoch_.first_ticket + index, epoch_.records->slot(index));
            if (outcome != PlayOutcome::done)
                break;
            done_.fetch_add(1, std::memory_order_relaxed);
            session_.ports_.page->games_played.fetch_add(1, std::memory_order_relaxed);
        }
        if (running_.fetch_sub(1, std::memory_order_relaxed) == 1)
            ended_ns_.store(session_.ports_.clock->now_ns(), std::memory_order_relaxed);
    }

    bool is_complete() const { return done_.load(std::memory_order_relaxed) == epoch_.count; }
    // When the last worker ran out of tickets. Only after wait().
    std::uint64_t ended_ns() const { return ended_ns_.load(std::memory_order_relaxed); }

  private:
    const Session& session_;
    const Epoch& epoch_;
    std::atomic<std::uint32_t> next_{0};
    std::atomic<std::uint32_t> done_{0};
    std::atomic<unsigned> running_;
    std::atomic<std::uint64_t> ended_ns_{0};
};

class Session::AbsorbJob final : public Job {
  public:
    AbsorbJob(const Session& session, const Epoch& epoch) : session_(session), epoch_(epoch) {}

    void work(unsigned worker) override {
        // Absorbing is never interrupted: half an epoch would be a state that no run ever has.
        const WorkContext context = {worker, nullptr, session_.ports_.clock};
        const unsigned shards = session_.workload_->shard_count();
        for (;;) {
            const unsigned shard = next_.fetch_add(1, std::memory_order_relaxed);
            if (shard >= shards)
                break;
            session_.workload_->absorb(context, epoch_, shard);
        }
    }

  private:
    const Session& session_;
    const Epoch& epoch_;
    std::atomic<unsigned> next_{0};
};

class Session::TrialJob final : public Job {
  public:
    explicit TrialJob(const Session& session) : session_(session) {}

    void work(unsigned worker) override {
        const WorkContext context = {worker, &session_.ports_.page->stop, session_.ports_.clock};
        const unsigned trials = session_.workload_->trial_count();
        for (;;) {
            const unsigned trial = next_.fetch_add(1, std::memory_order_relaxed);
            if (trial >= trials || context.is_stopping())
                break;
            session_.workload_->run_trial(context, trial);
        }
    }

  private:
    const Session& session_;
    std::atomic<unsigned> next_{0};
};

class Session::PageSink final : public EventSink {
  public:
    explicit PageSink(StatusPage& page) : page_(page) {}
    void emit(const Event& event) override { page_.events.push(event); }

  private:
    StatusPage& page_;
};

void Session::plan(std::uint32_t workers, RegionList& regions) const {
    regions.add(region_records, owner,
                std::uint64_t{settings_.epoch_games} * workload_->record_bytes());
    regions.add(region_progress, owner, sizeof(Progress));
    regions.add(region_settings, owner, settings_text_capacity);
    regions.add(region_events, owner, event_capacity * sizeof(Event));
    regions.add(region_checksums, owner, checksum_capacity * sizeof(std::uint32_t));
    workload_->plan({workers, settings_.epoch_games}, regions);
}

void Session::bind(std::uint32_t workers, Arena& arena, StatusPage& page) {
    records_.bind(arena.take(region_records), workload_->record_bytes());
    progress_storage_ = arena.take_as<Progress>(region_progress).first(1);
    progress_ = progress_storage_.data();
    settings_text_ = arena.take_as<char>(region_settings).first(settings_text_capacity);
    page.events.bind(arena.take_as<Event>(region_events).first(event_capacity));
    writer_.bind(arena.take_as<std::uint32_t>(region_checksums));
    workload_->bind({workers, settings_.epoch_games}, arena);
}

SectionList Session::sections() const {
    SectionList sections;
    sections.add(section("run.settings", ElementType::text, settings_text_));
    sections.add(section("run.progress", ElementType::record, progress_storage_));
    workload_->list_sections(sections);
    return sections;
}

void Session::set_settings_text(std::span<const char> text) {
    CHECK(text.size() < settings_text_capacity);
    std::fill(settings_text_.begin(), settings_text_.end(), '\0');
    std::copy(text.begin(), text.end(), settings_text_.begin());
}

void Session::start_fresh(std::span<const char> settings_text) {
    *progress_ = Progress();
    workload_->reset();
    set_settings_text(settings_text);
    saved_games_ = UINT64_MAX;
}

Status Session::restore(CheckpointReader& reader, std::span<const char> settings_text) {
    if (std::strcmp(reader.info().workload, workload_->name()) != 0)
        return Error{ErrorCode::other_workload};
    TRY(reader.load(sections()));
    if (progress_->games != reader.info().games)
        return Error{ErrorCode::corrupt_header};
    workload_->restored();
    const bool same_settings =
        std::equal(settings_text.begin(), settings_text.end(), settings_text_.begin()) &&
        settings_text_[settings_text.size()] == '\0';
    saved_games_ = same_settings ? progress_->games : UINT64_MAX;
    set_settings_text(settings_text);
    return {};
}

std::uint64_t Session::finish_line() const {
    return settings_.stop_after_games == 0
               ? settings_.target_games
               : std::min(settings_.target_games, settings_.stop_after_games);
}

bool Session::is_finished() const {
    return progress_->games >= finish_line() || ports_.page->stop.load(std::memory_order_relaxed);
}

Result<SessionEnd> Session::run(const Ports& ports) {
    ports_ = ports;
    StatusPage& page = *ports_.page;
    page.games_absorbed.store(progress_->games, std::memory_order_relaxed);
    page.games_played.store(progress_->games, std::memory_order_relaxed);
    const auto crossed = [](std::uint64_t before, std::uint64_t after, std::uint64_t every) {
        return every != 0 && before / every != after / every;
    };

    while (!is_finished()) {
        // Epochs end at multiples of their length, so that a run that was given a further target
        // goes on with the same epochs as far as possible.
        const std::uint64_t first = progress_->games;
        const std::uint64_t boundary =
            first - first % settings_.epoch_games + settings_.epoch_games;
        const std::uint64_t end = std::min(boundary, settings_.target_games);
        Epoch epoch = {first, static_cast<std::uint32_t>(end - first), &records_};
        records_.take(epoch.count);
        const bool complete = play_epoch(epoch);
        if (complete) {
            absorb_epoch(epoch);
            if (crossed(first, end, settings_.heal_every_games))
                heal();
            if (crossed(first, end, settings_.trials_every_games) || end == settings_.target_games)
                run_trials();
            const bool requested = page.save_requested.exchange(false, std::memory_order_relaxed);
            if (requested || is_retry_due() ||
                crossed(first, end, settings_.checkpoint_every_games))
                begin_save();
        } else {
            page.games_played.store(first, std::memory_order_relaxed);
        }
        records_.clear();
    }

    if (saved_games_ != progress_->games) {
        for (int attempt = 0; attempt < 2 && saved_games_ != progress_->games; ++attempt) {
            // The last epoch may have begun a save that no further epoch streamed.
            if (!writer_.is_active())
                begin_save();
            continue_save();
        }
        if (saved_games_ != progress_->games)
            return last_save_error_;
        const std::uint64_t now_ns = ports_.clock->now_ns();
        note_saved(now_ns, now_ns - save_started_ns_);
    }
    return progress_->games >= settings_.target_games ? SessionEnd::target_reached
                                                      : SessionEnd::stopped;
}

bool Session::play_epoch(const Epoch& epoch) {
    PlayJob job(*this, epoch);
    const bool saving = writer_.is_active();
    ports_.team->start(job);
    continue_save();
    const std::uint64_t save_ended_ns = ports_.clock->now_ns();
    ports_.team->wait();
    if (saving && saved_games_ == progress_->games)
        note_saved(save_ended_ns, save_ended_ns > job.ended_ns() && job.ended_ns() != 0
                                      ? save_ended_ns - job.ended_ns()
                                      : 0);
    return job.is_complete();
}

void Session::absorb_epoch(const Epoch& epoch) {
    PageSink sink(*ports_.page);
    AbsorbJob job(*this, epoch);
    ports_.team->run(job);
    progress_->games = epoch.first_ticket + epoch.count;
    workload_->finish_epoch(epoch, sink);
    ports_.page->games_absorbed.store(progress_->games, std::memory_order_relaxed);
}

void Session::heal() {
    const std::uint64_t healed = workload_->heal();
    if (healed == 0)
        return;
    PageSink sink(*ports_.page);
    sink.emit(Event::make(EventKind::values_healed, progress_->games, ValuesHealed{healed}));
}

void Session::run_trials() {
    if (settings_.trials_every_games == 0 || workload_->trial_count() == 0)
        return;
    TrialJob job(*this);
    ports_.team->run(job);
    if (ports_.page->stop.load(std::memory_order_relaxed))
        return;
    PageSink sink(*ports_.page);
    workload_->finish_trials(progress_->games, sink);
}

bool Session::is_retry_due() const {
    return retry_at_ns_ != 0 && ports_.clock->now_ns() >= retry_at_ns_;
}

void Session::begin_save() {
    save_started_ns_ = ports_.clock->now_ns();
    saving_retry_ = retry_at_ns_ != 0;
    retry_at_ns_ = 0;
    const Status begun =
        writer_.begin(*ports_.store, sections(), {workload_->name(), progress_->games});
    if (!begun)
        note_failed(begun.error());
}

// Writes until the checkpoint is durable or has failed.
void Session::continue_save() {
    if (!writer_.is_active())
        return;
    const Status finished = writer_.finish();
    if (!finished)
        note_failed(finished.error());
    else
        saved_games_ = progress_->games;
}

void Session::note_saved(std::uint64_t ended_ns, std::uint64_t pause_ns) {
    PageSink sink(*ports_.page);
    sink.emit(Event::make(EventKind::checkpoint_saved, progress_->games,
                          CheckpointSaved{progress_->games, writer_.file_bytes(),
                                          ended_ns - save_started_ns_, pause_ns}));
    // What is too old may go now that the new one is durable; what cannot be removed stays and is
    // tried again after the next save.
    (void)remove_old(*ports_.store, settings_.keep_checkpoints);
}

void Session::note_failed(Error error) {
    PageSink sink(*ports_.page);
    last_save_error_ = error;
    sink.emit(Event::make(EventKind::checkpoint_failed, progress_->games,
                          CheckpointFailed{progress_->games, error}));
    // Once more after a while, to a new file: a descriptor that failed to sync must not be trusted
    // again.
    if (!saving_retry_)
        retry_at_ns_ = ports_.clock->now_ns() + retry_delay_ns;
}

}  // namespace kiln

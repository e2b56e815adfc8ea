#include "core/train/session.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "core/checkpoint/compression.hpp"
#include "core/train/page_sink.hpp"

namespace kiln {
namespace {

constexpr const char* region_records = "game records";
constexpr const char* region_progress = "progress";
constexpr const char* region_settings = "settings text";
constexpr const char* region_checksums = "checkpoint checksums";
constexpr const char* region_compression = "checkpoint compression";
constexpr const char* region_copy = "checkpoint copy";
constexpr const char* owner = "session";
// Room for the checksums of 1 GiB of state, compressed half of it; a save CHECKs that its table
// fits.
constexpr std::size_t checksum_capacity = 16384;
constexpr std::uint32_t attempts_max = 2;  // of playing one ticket

}  // namespace

// Workers take tickets in any order; each writes only the records of its own.
class Session::PlayJob final : public Job {
  public:
    // Tickets that were given up in the middle, as far as there is room to tell of each.
    static constexpr std::uint32_t abandoned_capacity = 128;
    // Tickets that failed for good: none is forgotten that the skip list has room for.
    static constexpr std::uint32_t failed_capacity = SkipList::capacity + 1;

    PlayJob(const Session& session, const Epoch& epoch)
        : session_(session), epoch_(epoch), running_(session.ports_.team->size()) {}

    void work(unsigned worker) override {
        Heartbeat& heartbeat = session_.ports_.page->workers[worker];
        const WorkContext context = {worker, &heartbeat.stop, session_.ports_.clock, &heartbeat};
        for (;;) {
            const std::uint32_t index = next_.fetch_add(1, std::memory_order_relaxed);
            if (index >= epoch_.count || !play(context, index))
                break;
            done_.fetch_add(1, std::memory_order_relaxed);
            session_.ports_.page->games_played.fetch_add(1, std::memory_order_relaxed);
        }
        heartbeat.rest();
        if (running_.fetch_sub(1, std::memory_order_relaxed) == 1)
            ended_ns_.store(session_.ports_.clock->now_ns(), std::memory_order_relaxed);
    }

    // All only after wait().
    bool is_complete() const { return done_.load(std::memory_order_relaxed) == epoch_.count; }
    // When the last worker ran out of tickets.
    std::uint64_t ended_ns() const { return ended_ns_.load(std::memory_order_relaxed); }
    std::span<const TicketAbandoned> abandoned() const {
        return {abandoned_,
                std::min(abandoned_count_.load(std::memory_order_relaxed), abandoned_capacity)};
    }
    std::span<const std::uint64_t> failed() const {
        return {failed_, std::min(failed_count_.load(std::memory_order_relaxed), failed_capacity)};
    }

  private:
    // False when the run is stopping and the ticket is not done.
    bool play(const WorkContext& context, std::uint32_t index) {
        const std::uint64_t ticket = epoch_.first_ticket + index;
        const std::span<std::byte> record = epoch_.records->slot(index);
        Workload& workload = *session_.workload_;
        const std::atomic<bool>& run_is_stopping = session_.ports_.page->stop;
        if (session_.progress_->skipped.contains(ticket)) {
            workload.skip(record);
            return !run_is_stopping.load();
        }
        for (std::uint32_t attempt = 1; attempt <= attempts_max; ++attempt) {
            const std::uint64_t started_ns = session_.ports_.clock->now_ns();
            context.heartbeat->begin(Phase::playing, ticket, started_ns);
            // In this order: see StatusPage::request_stop().
            context.heartbeat->stop.store(false);
            if (run_is_stopping.load())
                return false;
            if (workload.play(context, ticket, record) == PlayOutcome::done)
                return true;
            if (run_is_stopping.load())
                return false;
            const std::uint32_t place = abandoned_count_.fetch_add(1, std::memory_order_relaxed);
            if (place < abandoned_capacity)
                abandoned_[place] = {ticket, session_.ports_.clock->now_ns() - started_ns,
                                     context.worker, attempt};
        }
        workload.skip(record);
        const std::uint32_t place = failed_count_.fetch_add(1, std::memory_order_relaxed);
        if (place < failed_capacity)
            failed_[place] = ticket;
        return true;
    }

    const Session& session_;
    const Epoch& epoch_;
    std::atomic<std::uint32_t> next_{0};
    std::atomic<std::uint32_t> done_{0};
    std::atomic<unsigned> running_;
    std::atomic<std::uint64_t> ended_ns_{0};
    std::atomic<std::uint32_t> abandoned_count_{0};
    TicketAbandoned abandoned_[abandoned_capacity] = {};
    std::atomic<std::uint32_t> failed_count_{0};
    std::uint64_t failed_[failed_capacity] = {};
};

class Session::AbsorbJob final : public Job {
  public:
    AbsorbJob(const Session& session, const Epoch& epoch) : session_(session), epoch_(epoch) {}

    void work(unsigned worker) override {
        // Absorbing is never interrupted: half an epoch would be a state that no run ever has.
        Heartbeat& heartbeat = session_.ports_.page->workers[worker];
        const WorkContext context = {worker, nullptr, session_.ports_.clock, &heartbeat};
        const unsigned shards = session_.workload_->shard_count();
        for (;;) {
            const unsigned shard = next_.fetch_add(1, std::memory_order_relaxed);
            if (shard >= shards)
                break;
            heartbeat.begin(Phase::absorbing, shard, session_.ports_.clock->now_ns());
            session_.workload_->absorb(context, epoch_, shard);
        }
        heartbeat.rest();
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
        Heartbeat& heartbeat = session_.ports_.page->workers[worker];
        const WorkContext context = {worker, &heartbeat.stop, session_.ports_.clock, &heartbeat};
        const unsigned trials = session_.workload_->trial_count();
        for (;;) {
            const unsigned trial = next_.fetch_add(1, std::memory_order_relaxed);
            heartbeat.begin(Phase::measuring, trial, session_.ports_.clock->now_ns());
            heartbeat.stop.store(false);
            if (trial >= trials || session_.ports_.page->stop.load())
                break;
            session_.workload_->run_trial(context, trial);
        }
        heartbeat.rest();
    }

  private:
    const Session& session_;
    std::atomic<unsigned> next_{0};
};

void Session::plan(std::uint32_t workers, RegionList& regions) const {
    regions.add(region_records, owner,
                std::uint64_t{settings_.epoch_games} * workload_->record_bytes());
    regions.add(region_progress, owner, sizeof(Progress));
    regions.add(region_settings, owner, settings_text_capacity);
    regions.add(region_checksums, owner, checksum_capacity * sizeof(std::uint32_t));
    if (settings_.compress)
        regions.add(region_compression, owner, sizeof(checkpoint::CompressionSpace));
    if (settings_.saves_from_copy)
        regions.add(region_copy, owner,
                    workload_->state_bytes() + sizeof(Progress) + settings_text_capacity +
                        SectionList::capacity * Session::copy_alignment);
    workload_->plan({workers, settings_.epoch_games}, regions);
}

void Session::bind(std::uint32_t workers, Arena& arena) {
    records_.bind(arena.take(region_records), workload_->record_bytes());
    progress_storage_ = arena.take_as<Progress>(region_progress).first(1);
    progress_ = progress_storage_.data();
    settings_text_ = arena.take_as<char>(region_settings).first(settings_text_capacity);
    writer_.bind(arena.take_as<std::uint32_t>(region_checksums),
                 settings_.compress
                     ? arena.take_as<checkpoint::CompressionSpace>(region_compression).data()
                     : nullptr);
    if (settings_.saves_from_copy)
        copy_ = arena.take(region_copy);
    workload_->bind({workers, settings_.epoch_games}, arena);
}

SectionList Session::sections() const {
    SectionList sections;
    sections.add(section("run.settings", ElementType::text, settings_text_));
    sections.add(section("run.progress", ElementType::record, progress_storage_));
    workload_->list_sections(sections);
    return sections;
}

bool Session::has_settings_text(std::span<const char> text) const {
    return text.size() < settings_text_capacity &&
           std::equal(text.begin(), text.end(), settings_text_.begin()) &&
           settings_text_[text.size()] == '\0';
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
    has_news_ = false;
}

Status Session::restore(CheckpointReader& reader, std::span<const char> settings_text) {
    if (std::strcmp(reader.info().workload, workload_->name()) != 0)
        return Error{ErrorCode::other_workload};
    TRY(reader.load(sections()));
    if (progress_->games != reader.info().games || !progress_->skipped.is_valid())
        return Error{ErrorCode::corrupt_header};
    workload_->restored();
    saved_games_ = progress_->games;
    has_news_ = !has_settings_text(settings_text);
    set_settings_text(settings_text);
    return {};
}

void Session::change(const SessionSettings& settings, std::span<const char> settings_text) {
    CHECK(settings.epoch_games == settings_.epoch_games);
    CHECK(settings.compress == settings_.compress);
    CHECK(settings.saves_from_copy == settings_.saves_from_copy);
    settings_ = settings;
    if (has_settings_text(settings_text))
        return;
    has_news_ = true;
    set_settings_text(settings_text);
}

Status Session::skip(std::span<const std::uint64_t> tickets) {
    for (const std::uint64_t ticket : tickets) {
        if (ticket < progress_->games)
            continue;
        if (!progress_->skipped.add(ticket))
            return Error{.code = ErrorCode::too_many_skipped, .detail = SkipList::capacity};
        has_news_ = true;
    }
    return {};
}

std::uint64_t Session::finish_line() const {
    return settings_.stop_after_games == 0
               ? settings_.target_games
               : std::min(settings_.target_games, settings_.stop_after_games);
}

void Session::enter(Phase phase, std::uint64_t work) {
    ports_.page->session.begin(phase, work, ports_.clock->now_ns());
}

void Session::attach(const Ports& ports) {
    ports_ = ports;
    StatusPage& page = *ports_.page;
    page.games_absorbed.store(progress_->games, std::memory_order_relaxed);
    page.games_played.store(progress_->games, std::memory_order_relaxed);
    if (saved_games_ != UINT64_MAX)
        page.games_saved.store(saved_games_, std::memory_order_relaxed);
}

Result<SessionEnd> Session::run(const Ports& ports) {
    attach(ports);
    const Status status = train(finish_line(), settings_.target_games);
    save_at_the_end();
    ports_.page->session.rest();
    if (!status)
        return status.error();
    if (!is_saved())
        return last_save_error_;
    return progress_->games >= settings_.target_games || workload_->is_finished()
               ? SessionEnd::target_reached
               : SessionEnd::stopped;
}

Result<SessionEnd> Session::run_until(const Ports& ports, std::uint64_t games) {
    attach(ports);
    const Status status = train(games, games);
    end_save();
    ports_.page->session.rest();
    if (!status)
        return status.error();
    return progress_->games >= games || workload_->is_finished() ? SessionEnd::target_reached
                                                                 : SessionEnd::stopped;
}

Status Session::save(const Ports& ports) {
    attach(ports);
    save_at_the_end();
    ports_.page->session.rest();
    if (!is_saved())
        return last_save_error_;
    return {};
}

// Until `finish_games` are absorbed, nothing is left to learn or the stop flag is raised. No epoch
// goes beyond `last_games`.
Status Session::train(std::uint64_t finish_games, std::uint64_t last_games) {
    StatusPage& page = *ports_.page;
    const auto crossed = [](std::uint64_t before, std::uint64_t after, std::uint64_t every) {
        return every != 0 && before / every != after / every;
    };

    Status status;
    while (status && progress_->games < finish_games && !workload_->is_finished() &&
           !page.stop.load(std::memory_order_relaxed)) {
        // Epochs end at multiples of their length, so that a run that was given a further target
        // goes on with the same epochs as far as possible.
        const std::uint64_t first = progress_->games;
        const std::uint64_t boundary =
            first - first % settings_.epoch_games + settings_.epoch_games;
        const std::uint64_t end = std::min(boundary, last_games);
        Epoch epoch = {first, static_cast<std::uint32_t>(end - first), &records_};
        records_.take(epoch.count);
        const Result<bool> complete = play_epoch(epoch);
        if (complete && complete.value()) {
            absorb_epoch(epoch);
            if (crossed(first, end, settings_.heal_every_games))
                heal();
            if (crossed(first, end, settings_.trials_every_games) || end == settings_.target_games)
                run_trials();
            if (page.ledger_requested.load(std::memory_order_acquire))
                note_memory();
            const bool requested = page.save_requested.exchange(false, std::memory_order_relaxed);
            save_if_due(requested || crossed(first, end, settings_.checkpoint_every_games));
        } else {
            page.games_played.store(first, std::memory_order_relaxed);
            if (!complete)
                status = complete.error();
        }
        records_.clear();
    }
    return status;
}

// Whether the epoch is complete. On return nobody reads the state any more.
Result<bool> Session::play_epoch(const Epoch& epoch) {
    PlayJob job(*this, epoch);
    ports_.page->session.rest();
    ports_.team->start(job);
    ports_.team->wait();
    if (save_part_ == SavePart::handing_over) {
        finish_handing_over();
        // What the workers could not do in the meantime is what the save cost.
        const std::uint64_t now_ns = ports_.clock->now_ns();
        save_pause_ns_ = now_ns - std::min(now_ns, job.ended_ns());
    }
    TRY(workload_->take_failure());
    TRY(note_plays(job));
    return job.is_complete();
}

// Tells of tickets that were given up, and leaves out those that failed for good.
Status Session::note_plays(const PlayJob& job) {
    PageSink sink(*ports_.page);
    for (const TicketAbandoned& abandoned : job.abandoned())
        sink.emit(Event::make(EventKind::ticket_abandoned, progress_->games, abandoned));
    for (const std::uint64_t ticket : job.failed()) {
        if (!progress_->skipped.add(ticket))
            return Error{.code = ErrorCode::too_many_skipped, .detail = SkipList::capacity};
        sink.emit(Event::make(EventKind::ticket_skipped, progress_->games,
                              TicketSkipped{ticket, progress_->skipped.count}));
    }
    return {};
}

void Session::absorb_epoch(const Epoch& epoch) {
    PageSink sink(*ports_.page);
    AbsorbJob job(*this, epoch);
    ports_.team->run(job);
    enter(Phase::finishing);
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
    ports_.page->session.rest();
    ports_.team->run(job);
    if (ports_.page->stop.load(std::memory_order_relaxed))
        return;
    enter(Phase::finishing);
    PageSink sink(*ports_.page);
    workload_->finish_trials(progress_->games, sink);
}

void Session::note_memory() {
    Ledger& ledger = ports_.page->ledger;
    ledger.clear();
    const std::uint64_t record_bytes = workload_->record_bytes();
    ledger.note(region_records, records_.used() * record_bytes, records_.peak() * record_bytes);
    ledger.note(region_settings, std::strlen(settings_text_.data()),
                std::strlen(settings_text_.data()));
    const std::uint64_t checksums =
        CheckpointWriter::table_words(sections(),
                                      settings_.compress ? Compression::lz4 : Compression::none) *
        sizeof(std::uint32_t);
    ledger.note(region_checksums, is_saving() ? checksums : 0, checksums);
    workload_->note_memory(ledger);
    ports_.page->ledger_requested.store(false, std::memory_order_release);
}

}  // namespace kiln

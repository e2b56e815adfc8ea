// How a session saves: hand over beside the next epoch, complete beside those that follow.
#include <algorithm>
#include <cstring>

#include "core/checkpoint/catalog.hpp"
#include "core/train/page_sink.hpp"
#include "core/train/session.hpp"

namespace kiln {
namespace {

constexpr std::uint64_t retry_delay_ns = 5'000'000'000;
constexpr std::size_t copy_step_bytes = 1u << 20;  // between signs of life

}  // namespace

void Session::save_if_due(bool is_due) {
    // One that falls due while another is being written waits for it, and the workers with it:
    // which generations there are must not depend on the disk.
    if (is_saving() && (is_due || save_job_.is_over()))
        end_save();
    const bool is_retry_due = retry_at_ns_ != 0 && ports_.clock->now_ns() >= retry_at_ns_;
    if (!is_saving() && (is_due || is_retry_due))
        begin_save();
}

void Session::begin_save() {
    enter(Phase::saving, progress_->games);
    saving_games_ = progress_->games;
    save_started_ns_ = ports_.clock->now_ns();
    save_pause_ns_ = 0;
    saving_retry_ = retry_at_ns_ != 0;
    retry_at_ns_ = 0;
    const Status begun =
        writer_.begin(*ports_.store, copy_.empty() ? sections() : copied_sections(),
                      {workload_->name(), progress_->games},
                      settings_.compress ? Compression::lz4 : Compression::none);
    if (!begun)
        return note_failed(begun.error(), ports_.clock->now_ns());
    start_save_part(SavePart::handing_over);
}

// Where in the copy each section lies.
SectionList Session::copied_sections() const {
    const SectionList sections = this->sections();
    SectionList copied;
    std::size_t offset = 0;
    for (Section section : sections.all()) {
        CHECK(section.bytes.size() <= copy_.size() - offset);
        section.bytes = copy_.subspan(offset, section.bytes.size());
        offset += (section.bytes.size() + copy_alignment - 1) / copy_alignment * copy_alignment;
        copied.add(section);
    }
    return copied;
}

void Session::copy_state() {
    const SectionList from = sections();
    const SectionList to = copied_sections();
    for (std::size_t i = 0; i < from.all().size(); ++i) {
        const std::span<const std::byte> bytes = from.all()[i].bytes;
        for (std::size_t at = 0; at < bytes.size(); at += copy_step_bytes) {
            const std::size_t length = std::min(copy_step_bytes, bytes.size() - at);
            std::memcpy(to.all()[i].bytes.data() + at, bytes.data() + at, length);
            ports_.page->scribe.beat();
        }
    }
}

void Session::start_save_part(SavePart part) {
    save_part_ = part;
    save_job_.begin(part);
    ports_.scribe->start(save_job_);
}

void Session::SaveJob::work(unsigned) {
    Clock& clock = *session_.ports_.clock;
    CheckpointWriter& writer = session_.writer_;
    Heartbeat& heartbeat = session_.ports_.page->scribe;
    heartbeat.begin(Phase::saving, session_.saving_games_, clock.now_ns());
    status_ = {};
    if (part_ == SavePart::handing_over && !session_.copy_.empty())
        session_.copy_state();
    while (status_ && writer.is_active() &&
           (part_ == SavePart::completing || (session_.copy_.empty() && writer.needs_sections()))) {
        const Result<bool> stepped = writer.step();
        if (!stepped)
            status_ = stepped.error();
        heartbeat.beat();
    }
    ended_ns_ = clock.now_ns();
    // What is too old may go now that the new one is durable; what cannot be removed stays and is
    // tried again after the next save.
    if (status_ && part_ == SavePart::completing)
        (void)remove_old(*session_.ports_.store, session_.settings_.keep_checkpoints);
    heartbeat.rest();
    is_over_.store(true, std::memory_order_release);
}

// On return the state may change.
void Session::finish_handing_over() {
    ports_.scribe->wait();
    save_part_ = SavePart::none;
    if (save_job_.status())
        start_save_part(SavePart::completing);
    else
        note_failed(save_job_.status().error(), save_job_.ended_ns());
}

void Session::end_save() {
    const std::uint64_t before_ns = ports_.clock->now_ns();
    ports_.page->session.rest();  // the scribe's heartbeat tells how it gets on
    if (save_part_ == SavePart::handing_over)
        finish_handing_over();
    if (!is_saving())
        return;
    ports_.scribe->wait();
    save_pause_ns_ += ports_.clock->now_ns() - before_ns;
    save_part_ = SavePart::none;
    if (save_job_.status())
        note_saved();
    else
        note_failed(save_job_.status().error(), save_job_.ended_ns());
}

// What was learned last must be on disk, whatever is in the way: two attempts.
void Session::save_at_the_end() {
    end_save();
    for (int attempt = 0; attempt < 2 && !is_saved(); ++attempt) {
        begin_save();
        end_save();
    }
}

void Session::note_saved() {
    PageSink sink(*ports_.page);
    saved_games_ = saving_games_;
    has_news_ = false;
    ports_.page->games_saved.store(saved_games_, std::memory_order_relaxed);
    sink.emit(
        Event::make(EventKind::checkpoint_saved, saved_games_,
                    CheckpointSaved{saved_games_, writer_.file_bytes(),
                                    save_job_.ended_ns() - save_started_ns_, save_pause_ns_}));
}

void Session::note_failed(Error error, std::uint64_t failed_ns) {
    PageSink sink(*ports_.page);
    last_save_error_ = error;
    sink.emit(Event::make(EventKind::checkpoint_failed, saving_games_,
                          CheckpointFailed{saving_games_, error}));
    // Once more after a while, to a new file: a descriptor that failed to sync must not be trusted
    // again.
    if (!saving_retry_)
        retry_at_ns_ = failed_ns + retry_delay_ns;
}

}  // namespace kiln

// Session: the loop that trains a workload, epoch by epoch.
//
//   play (all workers) -> absorb (all workers) -> finish (this thread) -> perhaps trials -> perhaps
//   a save
//
// A save begins at an epoch boundary. While the next epoch is being played and the state is frozen
// anyway, it is handed over: to the store or, if there is memory for it, to a copy. Workers wait
// only if the play phase ends before that is done. Writing the copy, and making the checkpoint
// durable, goes on beside the epochs that follow.
// The session runs on one thread of its own; the team's threads play and absorb, and a scribe, a
// team of one, writes checkpoints. It allocates nothing and knows no files, threads or clocks but
// its ports.
//
// When the page's stop flag is raised, games in play are given up, the unfinished epoch is dropped
// and the state of the last epoch boundary is saved; a resumed run plays those tickets again,
// identically. When only a worker's own flag is raised, because the ticket takes too long, the
// ticket begins again, once; after that it is on the skip list.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>

#include "core/checkpoint/catalog.hpp"
#include "core/checkpoint/reader.hpp"
#include "core/checkpoint/writer.hpp"
#include "core/memory/arena.hpp"
#include "core/memory/pool.hpp"
#include "core/port/clock.hpp"
#include "core/port/store.hpp"
#include "core/port/team.hpp"
#include "core/train/skip_list.hpp"
#include "core/train/status_page.hpp"
#include "core/train/workload.hpp"

namespace kiln {

struct SessionSettings {
    std::uint64_t target_games = 20000;
    std::uint64_t stop_after_games = 0;  // end early once this many are absorbed; 0: at the target
    std::uint32_t epoch_games = 32;      // part of what decides the result
    std::uint64_t checkpoint_every_games = 0;  // 0: only at the end
    std::uint64_t trials_every_games = 0;      // 0: never
    std::uint32_t keep_checkpoints = 5;
    bool compress = false;  // checkpoints; what they hold is the same
    // Sweeps for values that are not finite; by games, so that it is the same in every run.
    std::uint64_t heal_every_games = 10'000;
    // Saves are written from a copy of the state, so that workers wait for memory and not for the
    // disk. Takes as much memory again.
    bool saves_from_copy = false;
};

enum class SessionEnd {
    target_reached,  // or the workload had nothing left to learn before it
    stopped,         // by the stop flag or by stop_after_games
};

class Session {
  public:
    struct Ports {
        Team* team;
        Team* scribe;  // one worker
        Store* store;
        Clock* clock;
        StatusPage* page;
    };

    static constexpr std::size_t settings_text_capacity = 4096;
    static constexpr std::size_t copy_alignment = 64;  // of sections in the copy

    Session(const SessionSettings& settings, Workload& workload)
        : settings_(settings), workload_(&workload) {}

    // Regions of the session and its workload.
    void plan(std::uint32_t workers, RegionList& regions) const;
    void bind(std::uint32_t workers, Arena& arena);

    // The untrained state, with the run's settings as text, kept in every checkpoint. Shorter than
    // settings_text_capacity.
    void start_fresh(std::span<const char> settings_text);
    // The state of an opened checkpoint, with the settings of the run that goes on.
    Status restore(CheckpointReader& reader, std::span<const char> settings_text);
    // What was restored came from elsewhere: the store that is saved to does not hold it yet.
    void forget_checkpoint() { saved_games_ = UINT64_MAX; }
    // Leaves these tickets out from now on, those excepted that were absorbed already. Between
    // start_fresh() or restore() and run(). too_many_skipped when the list is full.
    Status skip(std::span<const std::uint64_t> tickets);

    // Trains to the target. An error means that the final state could not be saved, or that too
    // many tickets had to be left out (the state before is saved then).
    Result<SessionEnd> run(const Ports& ports);

    // The same in parts, for a caller that wants some games now and saves when it sees fit. After
    // a part, or run(), another may follow.
    //
    // Trains until so many games are absorbed, the target not being asked, and then neither saves
    // nor has a save going on. The last epoch ends right there, so that the result is that of one
    // run only if it is the end of an epoch.
    Result<SessionEnd> run_until(const Ports& ports, std::uint64_t games);
    // Saves the state, unless the newest checkpoint holds it already.
    Status save(const Ports& ports);
    // What the next part follows, with the settings as text. CHECK: the session needs no other
    // memory for it.
    void change(const SessionSettings& settings, std::span<const char> settings_text);

    std::uint64_t games() const { return progress_->games; }
    const SkipList& skipped() const { return progress_->skipped; }
    Workload& workload() { return *workload_; }

  private:
    // What the session itself must remember.
    struct Progress {
        std::uint64_t games = 0;  // tickets absorbed
        SkipList skipped;
    };

    class PlayJob;
    class AbsorbJob;
    class TrialJob;

    // The scribe's pieces of work. While the state is handed over, nobody may change it; while the
    // checkpoint is made durable, everybody may.
    enum class SavePart { none, handing_over, completing };

    class SaveJob final : public Job {
      public:
        explicit SaveJob(Session& session) : session_(session) {}
        void work(unsigned) override;

        // Before it is started.
        void begin(SavePart part) {
            part_ = part;
            is_over_.store(false, std::memory_order_relaxed);
        }
        bool is_over() const { return is_over_.load(std::memory_order_acquire); }
        // After the team's wait().
        Status status() const { return status_; }
        std::uint64_t ended_ns() const { return ended_ns_; }

      private:
        Session& session_;
        SavePart part_ = SavePart::none;
        std::atomic<bool> is_over_{true};
        Status status_;
        std::uint64_t ended_ns_ = 0;
    };

    SectionList sections() const;
    bool has_settings_text(std::span<const char> text) const;
    void set_settings_text(std::span<const char> text);
    void attach(const Ports& ports);
    Status train(std::uint64_t finish_games, std::uint64_t last_games);
    Result<bool> play_epoch(const Epoch& epoch);
    Status note_plays(const PlayJob& job);
    void absorb_epoch(const Epoch& epoch);
    void heal();
    void run_trials();
    void note_memory();
    void enter(Phase phase, std::uint64_t work = 0);
    void save_if_due(bool is_due);
    void begin_save();
    SectionList copied_sections() const;
    void copy_state();
    void start_save_part(SavePart part);
    void finish_handing_over();
    void end_save();
    bool is_saved() const { return saved_games_ == progress_->games && !has_news_; }
    bool is_saving() const { return save_part_ != SavePart::none; }
    void save_at_the_end();
    void note_saved();
    void note_failed(Error error, std::uint64_t failed_ns);
    std::uint64_t finish_line() const;

    SessionSettings settings_;
    Workload* workload_;
    Ports ports_ = {};
    std::span<Progress> progress_storage_;
    Progress* progress_ = nullptr;
    std::span<char> settings_text_;
    std::span<std::byte> copy_;  // empty: saves are written from the state itself
    Pool records_;
    CheckpointWriter writer_;
    std::uint64_t saved_games_ = UINT64_MAX;  // games in the newest checkpoint; UINT64_MAX: none
    bool has_news_ =
        false;  // settings or tickets left out that the newest checkpoint does not tell
    SaveJob save_job_{*this};
    SavePart save_part_ = SavePart::none;  // that the scribe is at
    std::uint64_t saving_games_ = 0;       // games in the one being written
    std::uint64_t save_started_ns_ = 0;
    std::uint64_t save_pause_ns_ = 0;  // workers waited for it
    std::uint64_t retry_at_ns_ = 0;    // of a failed save; 0: none is due
    bool saving_retry_ = false;
    Error last_save_error_;
};

}  // namespace kiln

// Training: a run inside a program that belongs to somebody else.
//
// What `kiln train` and `kiln router train` do with two processes, done with threads of the calling
// one: the same settings, plan, state directory, checkpoints and logs, and the same bytes. There is
// no supervisor: nothing starts the run again when the program crashes, and nobody watches for
// games that hang. Memory is planned and taken at once, but the program around it has a heap.
//
// It goes by parts: begin() or begin_save(), then look() until it says that the part is over, then
// end(). Between parts the state may be looked at, changed, saved and loaded. One thread drives;
// the functions marked so may be called by others meanwhile. Threads do not survive a fork: in the
// child nothing but abandon() may be called. Failures are thrown (app/failure.hpp).
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "core/othello/statistics.hpp"

#include "app/event_text.hpp"
#include "app/run_log.hpp"
#include "app/run_start.hpp"
#include "app/settings.hpp"
#include "app/state_directory.hpp"
#include "app/trainer.hpp"

namespace kiln::app {

// The games that were played, those left out excepted. Of another workload than Othello none.
struct GameTotals {
    std::uint64_t games = 0;
    std::uint64_t black_wins = 0;
    std::uint64_t white_wins = 0;
    std::int64_t stone_difference = 0;  // sum, discs, black minus white
    std::uint64_t moves = 0;
};

// The totals at every hundredth game.
struct Milestone {
    std::uint64_t games = 0;  // of the run, absorbed
    GameTotals totals;
};

class Training {
  public:
    // Opens and claims the directory, takes the memory and starts the threads. `asked` are settings
    // as a person gives them, `state`, `resume` and `on-corrupt` among them. A run of another
    // workload is refused.
    Training(std::span<const Assignment> asked, std::string workload);
    Training(const Training&) = delete;
    Training& operator=(const Training&) = delete;
    ~Training();  // stops what is going on; saves nothing

    // A part: games up to so many in all, with other settings for just this part.
    void begin(std::uint64_t until_games, std::span<const Assignment> only_now);
    // A part: a checkpoint.
    void begin_save();
    // Waits until the part is over or `patience_s` have passed, and tells what has happened. True:
    // it is over.
    struct News {
        std::uint64_t games = 0;  // absorbed; all that was reported of them is here
        std::vector<LogEntry> entries;
        std::vector<Milestone> milestones;
    };
    bool look(double patience_s, News& news);
    // Ends the part soon: games in play are given up. Any thread.
    void stop() { page_->request_stop(); }
    // Asks for a checkpoint at the next end of an epoch. Any thread.
    void request_save() { page_->save_requested.store(true); }
    // After a part: what went wrong with it is thrown. False: it was stopped.
    bool end();
    bool is_busy() const { return trainer_->is_busy(); }  // any thread

    // Between parts, of Othello. `asked` as in `kiln set`.
    void change(std::span<const Assignment> asked);
    // The state and the settings that decide the result from a checkpoint or a directory's newest.
    // What is damaged or does not fit is refused before anything is changed.
    void load(const std::string& path);

    // Any thread, as far as they are known: between parts to the last game, during one to the last
    // report (totals every 100 games, convergence every 10,000).
    GameTotals totals() const;
    Json convergence() const;  // of Othello
    Json strength() const;     // the curve of the run
    Json memory();
    std::uint64_t games() const { return page_->games_absorbed.load(); }
    std::uint64_t games_saved() const { return page_->games_saved.load(); }
    double seconds() const;  // that parts took
    RunSettings settings() const;
    std::string checkpoint_path(std::uint64_t games) const;

    // In the child of a fork: lets go of the directory and of nothing else, because the threads
    // that the rest belongs to are not there.
    void abandon();

  private:
    bool is_othello() const { return workload_ == "othello"; }
    RunSettings in_process(RunSettings settings) const;
    void start_trainer(const RunSettings& settings, StartingPoint& start, bool is_from_here);
    void begin_part();
    void drain(News& news);
    void keep(const LogEntry& entry);
    GameTotals totals_at_rest() const;
    double part_seconds() const;

    std::string workload_;
    std::unique_ptr<StateDirectory> directory_;
    std::unique_ptr<RunLog> log_;
    std::unique_ptr<StatusPage> page_;
    std::unique_ptr<Trainer> trainer_;
    mutable platform::MonotonicClock clock_;
    bool is_abandoned_ = false;
    bool has_other_settings_ = false;  // of the part only

    mutable std::mutex mutex_;  // of all below
    RunSettings settings_;
    EventTeller teller_;
    std::map<std::string, Json> latest_;
    std::vector<LogEntry> unread_;
    GameTotals totals_;           // at the last window's end, or at rest
    bool is_in_part_ = false;     // between begin and end
    double seconds_ = 0;          // of the parts before
    std::uint64_t begun_ns_ = 0;  // the part
    double flushed_s_ = 0;
};

}  // namespace kiln::app

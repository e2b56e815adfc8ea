// Supervisor: keeps a training run going.
//
// It starts the trainer as a process of its own, watches its heartbeats, tells the observer what
// happens, and starts it again from the newest checkpoint when it ends in a way it should not.
// Since training is a function of settings, seed and ticket, a run that was disturbed ends with the
// same bytes as one that was not. Pausing ends the trainer after a save and gives its memory back;
// changed settings take effect by stopping it and starting it again. So a trainer's settings never
// change while it lives.
//
// The state directory is claimed; the trainer shares the claim, so that nobody else can train there
// as long as either lives. Driven by tick(): it never waits, and everything happens on the thread
// that calls it. Failures that only the user can mend are thrown by tick().
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/heartbeat_watch.hpp"
#include "app/incident_file.hpp"
#include "app/log_entry.hpp"
#include "app/restart_policy.hpp"
#include "app/settings.hpp"
#include "app/shared_page.hpp"
#include "app/state_directory.hpp"
#include "platform/linux/child_process.hpp"
#include "platform/linux/clock.hpp"
#include "platform/linux/shared_memory.hpp"

namespace kiln::app {

enum class RunState {
    starting,    // the trainer loads
    training,    //
    stopping,    // asked to save and end
    pausing,     // asked to save and end, to go on later
    changing,    // asked to save and end, to go on with other settings
    paused,      // no trainer until resume()
    restarting,  // no trainer; it is started again in a moment
    ended,       // no trainer any more
};
const char* name_of(RunState state);

struct TrainStatus {
    std::uint64_t games_played = 0;    // runs ahead of games_absorbed within an epoch
    std::uint64_t games_absorbed = 0;  // learned from
    double seconds = 0;                // since the run began
};

class RunObserver {
  public:
    virtual void on_event(const Event& event, double seconds) = 0;
    virtual void on_status(const TrainStatus& status) = 0;  // about ten times a second
    // What was done or seen, and why.
    virtual void on_note(const LogEntry& entry) = 0;
    // A trainer begins, or begins again, at that game with these settings.
    virtual void on_start(const RunSettings& settings, std::uint64_t games, double seconds) = 0;

  protected:
    ~RunObserver() = default;
};

struct RunOutcome {
    // Why it ended before it was asked to, or did not leave all it had learned: the final state
    // could not be saved, or what it learns from not be read (ErrorCode::data_unreadable).
    std::optional<Error> error;
    std::uint64_t games_before = 0;
    std::uint64_t games = 0;
    double seconds = 0;
    std::uint64_t events_dropped = 0;
    std::uint32_t restarts = 0;
    bool is_at_target = false;  // or had nothing left to learn before it
};

// The same as the beginning of a line. There is an error.
std::string failure_text(const RunSettings& settings, std::uint64_t games, const Error& error);

class Supervisor {
  public:
    struct Start {
        bool is_resuming = false;
        std::uint64_t games = 0;  // of the checkpoint to go on from
    };

    // settings: with nothing automatic left (Trainer::settings()). The directory is claimed and
    // prepared for writing. All outlive the supervisor.
    Supervisor(const RunSettings& settings, StateDirectory& directory, RunObserver& observer);

    void start(const Start& start);
    // Looks after everything once; call about every 20 ms until has_ended(). Throws a Failure that
    // ends the run.
    void tick();
    bool has_ended() const { return state_ == RunState::ended; }
    RunOutcome outcome() const;

    // Requests. They take effect in later ticks; one that means nothing now does nothing.
    void stop();
    void pause(const std::string& reason);
    void resume();
    void save();
    void change(const RunSettings& settings);
    void request_ledger();

    RunState state() const { return state_; }
    // Why it is not training, in words and numbers; empty while it is.
    const std::string& reason() const { return reason_; }
    const RunSettings& settings() const { return settings_; }
    const SharedPage& page() const { return *page_; }
    const RestartPolicy& policy() const { return policy_; }
    int trainer_pid() const { return child_.is_running() ? child_.pid() : 0; }
    std::uint32_t restarts() const { return restarts_; }
    const std::string& last_restart() const { return last_restart_; }
    const std::string& last_restart_time() const { return last_restart_time_; }  // UTC
    // Since a worker was last seen to get on; nothing while nobody watches it.
    std::optional<std::uint64_t> worker_silent_ns(unsigned worker, std::uint64_t now_ns) const {
        return watch_ ? watch_->silent_ns(worker, now_ns) : std::nullopt;
    }
    // What this process had resident beside the shared page and the cold heap when the trainer
    // sealed its memory; 0: it has not yet.
    std::uint64_t own_bytes_at_seal() const { return own_bytes_at_seal_; }
    double seconds() const;
    // Readable when the trainer has ended; -1: none.
    int descriptor() const { return child_.descriptor(); }

  private:
    void launch();
    void write_order();
    void enter(RunState state, std::string reason);
    void note(Severity severity, const std::string& event, const std::string& text,
              Json fields = Json::object());
    void drain();
    void on_abandoned(const Event& event);
    void watch();
    void after_end(const platform::ChildEnd& end);
    void after_failed_start(const platform::ChildEnd& end);
    void after_run();
    void after_fault(const Incident& incident);
    void use_older_checkpoint(const std::string& damage);
    Incident incident_of(const Hung& hung) const;
    Incident incident_of(const platform::ChildEnd& end) const;
    Incident blame(Incident incident, const Heartbeat& heartbeat, unsigned worker) const;
    void remember(const Incident& incident);
    bool is_stop_wanted() const { return state_ == RunState::stopping; }
    Start newest();

    RunSettings settings_;
    StateDirectory& directory_;
    RunObserver& observer_;
    platform::MonotonicClock clock_;
    platform::SharedMemory memory_;
    SharedPage* page_ = nullptr;
    platform::ChildProcess child_;
    RestartPolicy policy_;
    IncidentFile incidents_;
    std::optional<HeartbeatWatch> watch_;

    RunState state_ = RunState::starting;
    std::string reason_;
    Start start_;
    std::uint64_t started_ns_ = 0;
    std::uint64_t launched_games_ = 0;  // at which the present trainer began
    std::uint64_t restart_at_ns_ = 0;
    std::uint64_t last_status_ns_ = 0;
    std::uint64_t games_before_ = 0;
    // The last game told of, by kind of event; and how that was when the trainer was started.
    std::map<EventKind, std::uint64_t> told_games_;
    std::map<EventKind, std::uint64_t> told_before_;
    std::uint64_t ended_games_ = 0;
    std::uint64_t events_dropped_ = 0;
    bool has_trained_ = false;  // a trainer got as far as that
    std::uint32_t restarts_ = 0;
    std::string last_restart_;
    std::string last_restart_time_;
    std::uint64_t own_bytes_at_seal_ = 0;
    std::optional<Error> error_;
    bool is_at_target_ = false;
};

}  // namespace kiln::app

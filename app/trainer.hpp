// Trainer: puts a run together and runs it.
//
//   plan -> allocate -> start_fresh or restore -> run
//
// Everything the run needs is planned in the constructor, mapped and bound by allocate(), and
// sealed before the first game. The session then runs on a thread of its own with the workers, all
// on planned stacks; the calling thread is the cold half: it drains the page's events, tells the
// observer and allocates as it likes. Prints nothing and installs no signal handlers: raise
// page().stop to end the run in order. One use per object. Failures are thrown.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "core/null/null_workload.hpp"
#include "core/othello/othello_workload.hpp"
#include "core/train/session.hpp"

#include "app/settings.hpp"
#include "platform/linux/clock.hpp"
#include "platform/linux/mapping.hpp"
#include "platform/linux/worker_team.hpp"

namespace kiln::app {

struct TrainStatus {
    std::uint64_t games_played = 0;    // runs ahead of games_absorbed within an epoch
    std::uint64_t games_absorbed = 0;  // learned from
    double seconds = 0;                // since the run began
};

// Called on the thread that called run(). Must not throw: the session is running meanwhile.
class TrainObserver {
  public:
    virtual void on_event(const Event& event) = 0;
    virtual void on_status(const TrainStatus& status) = 0;  // about ten times a second

  protected:
    ~TrainObserver() = default;
};

struct TrainOutcome {
    std::optional<Error> save_error;  // the final state could not be saved
    std::uint64_t games_before = 0;
    std::uint64_t games = 0;
    double seconds = 0;
    std::uint64_t events_dropped = 0;
};

// Regions every program of Kiln accounts for beside its arena.
void plan_program(RegionList& regions);

class Trainer {
  public:
    explicit Trainer(const RunSettings& settings);
    Trainer(const Trainer&) = delete;
    Trainer& operator=(const Trainer&) = delete;

    // With everything automatic decided and, if the plan fits, the table as it was granted.
    const RunSettings& settings() const { return settings_; }
    const RegionList& requests() const { return requests_; }
    const Plan& plan() const { return plan_; }
    StatusPage& page() { return page_; }
    // nullptr for other workloads.
    const othello::OthelloWorkload* othello() const { return othello_ ? &*othello_ : nullptr; }

    // Takes the memory. CHECK: the plan fits. Throws system_refuses.
    void allocate();
    void start_fresh();
    // The checkpoint is open. After an error the object is of no use.
    Status restore(CheckpointReader& reader);
    TrainOutcome run(Store& store, TrainObserver& observer);

  private:
    class SessionJob;

    void launch();
    void drain(TrainObserver& observer);

    RunSettings settings_;
    std::optional<othello::OthelloWorkload> othello_;
    std::optional<NullWorkload> null_;
    std::optional<Session> session_;
    RegionList requests_;
    Plan plan_;

    // The threads' stacks lie in the mapping, so that it is declared before and goes after them.
    platform::Mapping mapping_;
    std::optional<Arena> arena_;
    std::span<std::byte> worker_stacks_;
    std::span<std::byte> session_stack_;
    platform::MonotonicClock clock_;
    StatusPage page_;
    platform::WorkerTeam team_;
    platform::WorkerTeam session_thread_;
};

// The fields of a session that follow from the run's settings.
SessionSettings session_settings(const RunSettings& settings);

}  // namespace kiln::app

// Trainer: the hot half of a run, put together.
//
//   plan -> allocate -> start_fresh or restore -> perhaps skip -> launch -> start -> wait
//
// Everything the run needs is planned in the constructor, mapped and bound by allocate(), and
// sealed by launch(). The session, its scribe and the workers then run on threads of their own, all
// on planned stacks; whoever watches reads the page and raises its flags. Prints nothing and
// installs no signal handlers. Failures are thrown.
//
// A trainer process makes one run of it. A program that trains as it pleases (app/python) goes part
// by part instead: start_until(), start_save(), change_settings(), restore(), as often as it likes
// and one at a time. Use from one thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>

#include "core/null/null_workload.hpp"
#include "core/othello/othello_workload.hpp"
#include "core/router/router_workload.hpp"
#include "core/train/session.hpp"

#include "app/router/prepared.hpp"
#include "app/settings.hpp"
#include "platform/linux/clock.hpp"
#include "platform/linux/mapping.hpp"
#include "platform/linux/worker_team.hpp"

namespace kiln::app {

// Regions every program of Kiln accounts for beside its arena.
void plan_program(RegionList& regions);

constexpr const char* region_program = "program and libraries";
constexpr const char* region_cold_heap = "cold heap";
constexpr const char* region_shared_page = "shared page";

// For programs that test failures: puts something around the workload of every trainer that is made
// from now on. `wrap` gives back what is to be trained in its place.
using WorkloadWrap = Workload& (*)(Workload& workload);
void wrap_workloads(WorkloadWrap wrap);

class Trainer {
  public:
    explicit Trainer(const RunSettings& settings);
    Trainer(const Trainer&) = delete;
    Trainer& operator=(const Trainer&) = delete;
    ~Trainer();

    // With everything automatic decided and, if the plan fits, the table as it was granted.
    const RunSettings& settings() const { return settings_; }
    const RegionList& requests() const { return requests_; }
    const Plan& plan() const { return plan_; }
    // Whether a router's samples have no room and are read from disk as they are needed.
    bool is_streaming() const { return router_ && router_->samples() == router::Samples::streamed; }

    // Takes the memory. CHECK: the plan fits. Throws system_refuses.
    void allocate();
    void start_fresh();
    // The checkpoint is open. After an error the object is of no use.
    Status restore(CheckpointReader& reader);
    // It came from a directory that is not the one to be saved to.
    void forget_checkpoint() { session_->forget_checkpoint(); }
    Status skip(std::span<const std::uint64_t> tickets) { return session_->skip(tickets); }

    // Starts the threads, which introduce themselves on the page, and seals the memory. Throws
    // system_refuses.
    void launch(StatusPage& page);
    // Starts the run and returns. CHECK: launched, and nothing is being done.
    void start(Store& store, StatusPage& page);
    // The same for a part of it: Session::run_until() and Session::save().
    void start_until(Store& store, StatusPage& page, std::uint64_t games);
    void start_save(Store& store, StatusPage& page);
    bool is_done() const { return run_ && run_->is_done(); }
    // CHECK: is_done().
    const Result<SessionEnd>& result() const;
    bool is_busy() const { return run_ && !run_->is_done(); }

    // Between parts: settings that may change while a run goes on (settings_change.hpp), the
    // workers excepted. CHECK: nothing is being done.
    void change_settings(const RunSettings& settings);
    std::uint64_t games() const { return session_->games(); }
    // To be looked at between parts. CHECK: the workload is Othello.
    const othello::OthelloWorkload& othello() const;

    // Where everything of the run lies, the threads' stacks included.
    std::span<const std::byte> memory() const { return mapping_.span(); }

    // Highest use of any worker's stack, and of the session's and the scribe's.
    std::uint64_t worker_stack_peak_bytes() const;
    std::uint64_t session_stack_peak_bytes() const;

  private:
    enum class Part { run, until, save };

    // The session's turn on its thread: a team of one, whose job is the run or a part of it.
    class RunJob final : public Job {
      public:
        RunJob(Session& session, const Session::Ports& ports, Part part, std::uint64_t games)
            : session_(session), ports_(ports), part_(part), games_(games) {}
        void work(unsigned) override;

        bool is_done() const { return is_done_.load(std::memory_order_acquire); }
        const Result<SessionEnd>& result() const { return result_; }

      private:
        Session& session_;
        Session::Ports ports_;
        Part part_;
        std::uint64_t games_;  // of Part::until
        Result<SessionEnd> result_ = SessionEnd::stopped;
        std::atomic<bool> is_done_{false};
    };

    void make_plan();
    void start_part(Store& store, StatusPage& page, Part part, std::uint64_t games);

    RunSettings settings_;
    std::optional<othello::OthelloWorkload> othello_;
    std::optional<NullWorkload> null_;
    std::optional<router::RouterWorkload> router_;
    std::optional<PreparedFile> router_data_;
    std::optional<Session> session_;
    RegionList requests_;
    Plan plan_;

    // The threads' stacks lie in the mapping, so that it is declared before and goes after them.
    platform::Mapping mapping_;
    std::optional<Arena> arena_;
    std::span<std::byte> worker_stacks_;
    std::span<std::byte> session_stacks_;
    platform::MonotonicClock clock_;
    platform::WorkerTeam team_;
    platform::WorkerTeam scribe_;
    platform::WorkerTeam session_thread_;
    std::optional<RunJob> run_;
};

// The fields of a session that follow from the run's settings.
SessionSettings session_settings(const RunSettings& settings);

}  // namespace kiln::app

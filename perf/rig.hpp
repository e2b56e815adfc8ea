// Rig: a training session with real memory, threads and files, for benchmarks.
#pragma once

#include <cstdint>
#include <memory>

#include "core/othello/othello_workload.hpp"
#include "core/train/session.hpp"

#include "perf/benchmarks.hpp"
#include "perf/measured_workload.hpp"
#include "platform/linux/clock.hpp"
#include "platform/linux/file_store.hpp"
#include "platform/linux/mapping.hpp"
#include "platform/linux/worker_team.hpp"

namespace kiln::perf {

// Ends the process: the machine does not give what measuring needs.
[[noreturn]] void give_up(const char* what);

class Rig {
  public:
    // Ends the process with a message if the machine has not enough memory.
    Rig(const othello::OthelloSettings& settings, const SessionSettings& session,
        unsigned workers = 1);

    // Trains to the session's target; nothing is stored but the final checkpoint, in `store`.
    void train(Store& store);

    othello::OthelloWorkload& workload() { return workload_; }
    MeasuredWorkload& measured() { return measured_; }  // what the session trains
    Session& session() { return session_; }
    StatusPage& page() { return page_; }
    platform::MonotonicClock& clock() { return clock_; }

  private:
    othello::OthelloWorkload workload_;
    MeasuredWorkload measured_{workload_};
    Session session_;
    platform::Mapping mapping_;
    platform::MonotonicClock clock_;
    StatusPage page_;
    platform::WorkerTeam team_;
    platform::WorkerTeam scribe_;
};

// A rig with a model that orders moves sensibly: that of the options, or else of a short training,
// which takes a minute when it is first asked for.
class TrainedRig {
  public:
    explicit TrainedRig(const Options& options) : options_(options) {}
    Rig& get();

  private:
    void load();
    void train();

    const Options& options_;
    std::unique_ptr<Rig> rig_;
};

// A directory that is removed with its contents when the object goes.
class ScratchDirectory {
  public:
    explicit ScratchDirectory(const char* parent);
    ~ScratchDirectory();
    ScratchDirectory(const ScratchDirectory&) = delete;
    ScratchDirectory& operator=(const ScratchDirectory&) = delete;

    const char* path() const { return path_; }

  private:
    char path_[256];
};

}  // namespace kiln::perf

// Rig: a training session with real memory, threads and files, for benchmarks.
#pragma once

#include <cstdint>

#include "core/othello/othello_workload.hpp"
#include "core/train/session.hpp"

#include "platform/linux/clock.hpp"
#include "platform/linux/file_store.hpp"
#include "platform/linux/mapping.hpp"
#include "platform/linux/worker_team.hpp"

namespace kiln::perf {

class Rig {
  public:
    // One worker. Ends the process with a message if the machine has not enough memory.
    Rig(const othello::OthelloSettings& settings, const SessionSettings& session);

    // Trains to the session's target; nothing is stored but the final checkpoint, in `store`.
    void train(Store& store);

    othello::OthelloWorkload& workload() { return workload_; }
    Session& session() { return session_; }
    StatusPage& page() { return page_; }
    platform::MonotonicClock& clock() { return clock_; }

  private:
    othello::OthelloWorkload workload_;
    Session session_;
    platform::Mapping mapping_;
    platform::MonotonicClock clock_;
    StatusPage page_;
    platform::WorkerTeam team_;
    platform::WorkerTeam scribe_;
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

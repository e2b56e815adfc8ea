// WorkerTeam: the Team port with one POSIX thread a worker.
//
// Threads start once, in launch(), on stacks that the caller supplies, because a sealed trainer may
// not map memory for them. The lowest page of every stack is made inaccessible, so that an overflow
// ends the process instead of writing into its neighbour; the rest is painted with a pattern, so
// that how deep a worker went can be seen at any time. Workers sleep on a futex between jobs;
// start() and wait() neither allocate nor hold a lock. Signals meant for the process are blocked in
// workers, so that handlers run on the stack of another thread. Use from one thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include <pthread.h>

#include "core/base/result.hpp"
#include "core/port/team.hpp"

namespace kiln::platform {

struct TeamOptions {
    // Ties worker i to the i-th CPU the process may use. Without effect when there are more workers
    // than CPUs: two busy threads tied to one CPU would leave another idle.
    bool pin = true;
};

class WorkerTeam final : public Team {
  public:
    static constexpr unsigned capacity = 64;

    WorkerTeam() = default;
    ~WorkerTeam();  // lets a running job end, then stops and joins the threads
    WorkerTeam(const WorkerTeam&) = delete;
    WorkerTeam& operator=(const WorkerTeam&) = delete;

    // Bytes of page-aligned memory that launch() needs for stacks of at least stack_bytes each.
    static std::uint64_t stack_region_bytes(unsigned workers, std::uint64_t stack_bytes);

    // Divides `stacks` evenly and starts the workers; returns when each of them only waits for a
    // job, so that what a thread asks of the system to get there is done before a lock-down. The
    // memory must outlive the team.
    // out_of_memory when the system grants no more threads; none are left running then.
    // CHECK: 1 <= workers <= capacity, not launched yet, and every stack can hold a thread.
    Status launch(unsigned workers, std::span<std::byte> stacks, TeamOptions options = {});
    // Stops and joins; the stacks are ordinary memory again. Does nothing when not launched.
    void shut_down();

    unsigned size() const override { return launched_; }
    void start(Job& job) override;
    void wait() override;

    // The CPU a worker is tied to, or -1.
    int pinned_cpu(unsigned worker) const;

    // What a thread may use of its stack, and how much of that a worker has written to so far: the
    // thread's own block at the top counts, and room that a frame takes but never writes does not.
    // Any thread may ask while the worker runs. Reads what was never used, 1 MiB in about 50 us.
    std::uint64_t stack_bytes() const { return stack_bytes_; }
    std::uint64_t stack_peak_bytes(unsigned worker) const;

  private:
    struct Worker {
        WorkerTeam* team = nullptr;
        unsigned index = 0;
        int cpu = -1;
        pthread_t thread{};
        std::span<std::byte> guard;
        std::span<std::byte> stack;
    };

    static void* run_worker(void* worker);
    void work_until_stopped(unsigned index);
    void finish_one();
    Status launch_one(unsigned index, std::span<std::byte> stack);

    Worker workers_[capacity];
    unsigned launched_ = 0;
    std::uint64_t stack_bytes_ = 0;
    Job* job_ = nullptr;
    std::atomic<std::uint32_t> round_{0};  // counts jobs; workers sleep on it
    std::atomic<std::uint32_t> unfinished_{
        0};  // workers still starting or in the job; wait() sleeps on it
    std::atomic<bool> stopping_{false};
};

}  // namespace kiln::platform

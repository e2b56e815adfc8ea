// HeartbeatWatch: judges from the page's heartbeats whether every thread of the trainer gets on.
//
// A thread that is expected to work and shows no progress is first asked to give its piece of work
// up; if that does not help, it is hung, and only the end of its process helps. Progress that the
// machine withholds is no fault of the thread: one that waits for a processor is given minutes, and
// when the watch itself was held up (a suspended machine, Ctrl-Z) all counts begin anew. For a game
// given up twice is left out, and how busy a machine is must not decide what is learned.
// Pure logic: time and threads' times are handed in. One thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>

#include "core/train/status_page.hpp"

#include "platform/linux/process_info.hpp"

namespace kiln::app {

struct WatchLimits {
    // Without a beat. A thread is asked and then judged after the first two if it used the
    // processor, else as much earlier than one of the others.
    std::uint64_t ask_after_ns = 500'000'000;
    std::uint64_t hung_after_ns = 850'000'000;
    std::uint64_t blocked_after_ns = 5'000'000'000;    // it waits, and not for a processor
    std::uint64_t starved_after_ns = 120'000'000'000;  // it waits for a processor
    std::uint64_t saving_after_ns = 120'000'000'000;   // a slow disk may be why
    std::uint64_t stopped_after_ns = 5'000'000'000;    // the process is stopped, whatever it was at

    std::uint64_t ticket_limit_ns = 600'000'000'000;  // for one ticket, beats or not; 0: none
};

// Why the trainer must be ended.
struct Hung {
    enum class Thread { worker, session, scribe };

    Thread thread = Thread::worker;
    unsigned worker = 0;
    Phase phase = Phase::waiting;
    std::uint64_t work = 0;       // the ticket, shard, trial or generation
    std::uint64_t silent_ns = 0;  // since the last beat
    bool is_over_limit = false;   // it beats, but the ticket takes longer than allowed
    bool is_stopped = false;      // all of it; `thread` says nothing then
};

class HeartbeatWatch {
  public:
    // Nothing if the kernel does not tell.
    using ReadTime = std::function<std::optional<platform::ThreadTime>(std::int32_t thread)>;
    // Whether all of the process stands still, by SIGSTOP and the like.
    using ReadStopped = std::function<bool()>;

    HeartbeatWatch(const WatchLimits& limits, ReadTime read_time, ReadStopped read_stopped)
        : limits_(limits),
          read_time_(std::move(read_time)),
          read_stopped_(std::move(read_stopped)) {}

    // Call a few times in ask_after_ns. Raises stop flags of workers; answers when that was in
    // vain.
    std::optional<Hung> look(std::uint64_t now_ns, StatusPage& page);

    // How long ago a worker was last seen to get on; nothing before it was looked at.
    std::optional<std::uint64_t> silent_ns(unsigned worker, std::uint64_t now_ns) const {
        const Line& line = workers_[worker];
        return line.is_new ? std::nullopt
                           : std::optional(now_ns - std::min(now_ns, line.changed_ns));
    }

  private:
    struct Line {
        std::uint64_t beats = 0;
        std::uint64_t work = 0;
        Phase phase = Phase::waiting;
        std::uint64_t changed_ns = 0;              // when it was last seen to change
        std::uint64_t watched_since_ns = 0;        // what it took before does not count
        std::optional<platform::ThreadTime> time;  // of then
        bool is_new = true;
    };

    std::optional<Hung> look_at_process(std::uint64_t now_ns, const StatusPage& page);
    std::optional<Hung> look_at(Heartbeat& heartbeat, Line& line, std::uint64_t now_ns,
                                bool may_ask);
    bool is_silent(const Heartbeat& heartbeat, const Line& line, std::uint64_t silent_ns,
                   std::uint64_t busy_after_ns) const;

    WatchLimits limits_;
    ReadTime read_time_;
    ReadStopped read_stopped_;
    std::uint64_t last_look_ns_ = 0;
    std::uint64_t last_signs_ = 0;  // of life, of all threads
    std::uint64_t signs_changed_ns_ = 0;
    Line session_;
    Line scribe_;
    Line workers_[StatusPage::workers_max];
};

}  // namespace kiln::app

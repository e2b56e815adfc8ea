// ServiceLink: what a run tells the service manager that started it, and when.
//
// READY=1 when the trainer trains (or waits, paused: the service then does what it was asked), a
// STATUS line every ten seconds and with every change, RELOADING=1 and STOPPING=1 as they begin.
//
// WATCHDOG=1 is earned. It is sent by look(), so only as long as the loop that watches the trainer
// turns; and only while that watch is seen to work: a thread that hangs is ended with its trainer
// by the supervisor, within the patience of HeartbeatWatch, and no trainer is running, or something
// on the status page moves. Should nothing move for longer than any patience, supervision itself is
// what fails, and silence lets the manager end both processes. While the manager waits for a start
// or a stop, the same condition earns EXTEND_TIMEOUT_USEC.
//
// Pure logic: the time and the way to send are handed in. Call look() some times a second. One
// thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "core/train/status_page.hpp"

#include "app/supervisor.hpp"

namespace kiln::app {

class Progress;

// Another number as soon as any thread of the trainer has got on.
std::uint64_t signs_of_life(const StatusPage& page);

// "1,200 / 5,000,000 games (0.0 %), 812 games/s, 1 h 42 min left", or why it is not training.
std::string service_status(const Supervisor& supervisor, const Progress& progress);

class ServiceLink {
  public:
    // False: the message was not taken, and is worth another try.
    using Send = std::function<bool(std::string_view message)>;

    // watchdog_ns: how long the manager waits for a sign of life; 0: it does not.
    ServiceLink(Send send, std::uint64_t watchdog_ns)
        : send_(std::move(send)), watchdog_ns_(watchdog_ns) {}

    struct Look {
        RunState state = RunState::starting;
        std::uint64_t signs_of_life = 0;
    };
    void look(std::uint64_t now_ns, const Look& look, const std::function<std::string()>& status);

    // Settings are about to be read again; READY=1 follows when they are in force.
    void begin_reload(std::uint64_t now_ns);
    // The run has ended well, if it began at all: a manager takes a service that ends before it was
    // ready for one that failed.
    void end(const std::string& status);
    // It ends with that complaint, which the manager shows to who asks.
    void fail(const std::string& complaint);

  private:
    bool is_alive(std::uint64_t now_ns, const Look& look);
    void tell_status(const std::string& status);

    Send send_;
    std::uint64_t watchdog_ns_;
    bool is_ready_ = false;
    bool is_stopping_ = false;
    bool is_first_ = true;
    Look last_;
    std::uint64_t moved_ns_ = 0;  // when signs of life were last seen to change
    std::uint64_t pinged_ns_ = 0;
    std::uint64_t extended_ns_ = 0;
    std::uint64_t told_ns_ = 0;
};

}  // namespace kiln::app

#include "app/heartbeat_watch.hpp"

#include <algorithm>

namespace kiln::app {
namespace {

// Phases in which the disk, and not the thread, may be what takes so long.
bool waits_for_disk(Phase phase) {
    return phase == Phase::loading || phase == Phase::saving;
}

// Phases in which the work polls the stop flag.
bool can_give_up(Phase phase) {
    return phase == Phase::playing || phase == Phase::measuring;
}

}  // namespace

std::optional<Hung> HeartbeatWatch::look(std::uint64_t now_ns, StatusPage& page) {
    const bool was_held_up = last_look_ns_ != 0 && now_ns - last_look_ns_ > limits_.ask_after_ns;
    last_look_ns_ = now_ns;
    if (was_held_up) {
        session_.is_new = scribe_.is_new = true;
        for (Line& line : workers_)
            line.is_new = true;
        signs_changed_ns_ = now_ns;
    }
    if (auto hung = look_at_process(now_ns, page))
        return hung;
    if (auto hung = look_at(page.session, session_, now_ns, false)) {
        hung->thread = Hung::Thread::session;
        return hung;
    }
    if (auto hung = look_at(page.scribe, scribe_, now_ns, false)) {
        hung->thread = Hung::Thread::scribe;
        return hung;
    }
    for (unsigned worker = 0; worker < StatusPage::workers_max; ++worker) {
        if (auto hung = look_at(page.workers[worker], workers_[worker], now_ns, true)) {
            hung->worker = worker;
            return hung;
        }
    }
    return std::nullopt;
}

// A process that is stopped does not wait for its disk, and may have been stopped between two
// pieces of work, when nothing is expected of any thread.
std::optional<Hung> HeartbeatWatch::look_at_process(std::uint64_t now_ns, const StatusPage& page) {
    std::uint64_t signs = page.session.beats.load(std::memory_order_relaxed) +
                          page.scribe.beats.load(std::memory_order_relaxed);
    for (const Heartbeat& heartbeat : page.workers)
        signs += heartbeat.beats.load(std::memory_order_relaxed);
    if (signs != last_signs_ || signs_changed_ns_ == 0) {
        last_signs_ = signs;
        signs_changed_ns_ = now_ns;
    }
    const std::uint64_t silent_ns = now_ns - signs_changed_ns_;
    if (silent_ns < limits_.ask_after_ns)
        return std::nullopt;
    if (!read_stopped_()) {
        signs_changed_ns_ = now_ns;
        return std::nullopt;
    }
    if (silent_ns < limits_.stopped_after_ns)
        return std::nullopt;
    Hung hung;
    hung.silent_ns = silent_ns;
    hung.is_stopped = true;
    return hung;
}

std::optional<Hung> HeartbeatWatch::look_at(Heartbeat& heartbeat, Line& line, std::uint64_t now_ns,
                                            bool may_ask) {
    const Phase phase = heartbeat.phase.load(std::memory_order_acquire);
    const std::uint64_t beats = heartbeat.beats.load(std::memory_order_relaxed);
    const std::uint64_t work = heartbeat.work.load(std::memory_order_relaxed);
    const bool is_same =
        !line.is_new && phase == line.phase && beats == line.beats && work == line.work;
    if (!is_same || phase == Phase::waiting) {
        const std::uint64_t watched_since_ns = line.is_new ? now_ns : line.watched_since_ns;
        line = {beats, work, phase, now_ns, watched_since_ns, std::nullopt, false};
        if (phase == Phase::waiting)
            return std::nullopt;
        line.time = read_time_(heartbeat.thread.load(std::memory_order_relaxed));
    }
    const bool may_give_up = may_ask && can_give_up(phase);
    const std::uint64_t started_ns =
        std::max(heartbeat.started_ns.load(std::memory_order_relaxed), line.watched_since_ns);
    const std::uint64_t silent_ns = now_ns - line.changed_ns;
    const std::uint64_t taken_ns = now_ns > started_ns ? now_ns - started_ns : 0;
    const bool is_too_long = limits_.ticket_limit_ns != 0 && phase == Phase::playing &&
                             taken_ns > limits_.ticket_limit_ns;
    if (may_give_up && (is_too_long || is_silent(heartbeat, line, silent_ns, limits_.ask_after_ns)))
        heartbeat.stop.store(true);
    const bool is_deaf = is_too_long && taken_ns > limits_.ticket_limit_ns + limits_.hung_after_ns;
    if (is_deaf || is_silent(heartbeat, line, silent_ns, limits_.hung_after_ns))
        return Hung{Hung::Thread::worker, 0, phase, work, silent_ns, is_deaf};
    return std::nullopt;
}

// Whether that is too long for what the thread does. busy_after_ns: for one that uses the
// processor.
bool HeartbeatWatch::is_silent(const Heartbeat& heartbeat, const Line& line,
                               std::uint64_t silent_ns, std::uint64_t busy_after_ns) const {
    if (waits_for_disk(line.phase))
        return silent_ns >= limits_.saving_after_ns;
    if (silent_ns < busy_after_ns || !line.time)
        return silent_ns >= busy_after_ns;
    // A thread in an endless loop takes what processor time it can get; a third of it is a sure
    // sign even beside busy neighbours.
    const auto time = read_time_(heartbeat.thread.load(std::memory_order_relaxed));
    if (!time || time->cpu_ns - line.time->cpu_ns >= busy_after_ns / 3)
        return true;
    const std::uint64_t earlier_ns = limits_.hung_after_ns - busy_after_ns;
    return silent_ns + earlier_ns >=
           (time->is_runnable ? limits_.starved_after_ns : limits_.blocked_after_ns);
}

}  // namespace kiln::app

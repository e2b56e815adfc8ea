#include "app/service_link.hpp"

#include <fmt/format.h>

#include "app/progress.hpp"
#include "app/text.hpp"

namespace kiln::app {
namespace {

constexpr std::uint64_t second_ns = 1'000'000'000;
// Longer than what HeartbeatWatch grants a thread that waits for a disk.
constexpr std::uint64_t patience_ns = 150 * second_ns;
constexpr std::uint64_t status_every_ns = 10 * second_ns;
constexpr std::uint64_t extend_every_ns = 5 * second_ns;
constexpr std::uint64_t extend_by_us = 30'000'000;
// One ping may be lost, and another be late.
constexpr std::uint64_t pings_a_period = 4;

bool has_trainer(RunState state) {
    return state != RunState::paused && state != RunState::restarting && state != RunState::ended;
}

}  // namespace

std::uint64_t signs_of_life(const StatusPage& page) {
    std::uint64_t sum = page.games_played.load(std::memory_order_relaxed);
    const auto add = [&sum](const Heartbeat& heartbeat) {
        constexpr std::uint64_t odd = 0x9E3779B97F4A7C15;  // so that no two changes cancel out
        for (const std::uint64_t value : {heartbeat.beats.load(std::memory_order_relaxed),
                                          heartbeat.work.load(std::memory_order_relaxed),
                                          static_cast<std::uint64_t>(heartbeat.phase.load())})
            sum = (sum ^ value) * odd;
    };
    add(page.session);
    add(page.scribe);
    for (const Heartbeat& worker : page.workers)
        add(worker);
    return sum;
}

std::string service_status(const Supervisor& supervisor, const Progress& progress) {
    if (supervisor.state() == RunState::training)
        return progress.status_line();
    const std::string games =
        place_text(supervisor.settings(), supervisor.page().status.games_absorbed.load());
    if (supervisor.reason().empty())
        return fmt::format("{} at {}", name_of(supervisor.state()), games);
    return fmt::format("{} at {}: {}", name_of(supervisor.state()), games, supervisor.reason());
}

void ServiceLink::look(std::uint64_t now_ns, const Look& look,
                       const std::function<std::string()>& status) {
    const bool is_alive_now = is_alive(now_ns, look);
    if (is_first_ || look.state != last_.state || now_ns - told_ns_ >= status_every_ns) {
        told_ns_ = now_ns;
        tell_status(status());
    }
    is_first_ = false;
    last_ = look;
    if (!is_ready_ && (look.state == RunState::training || look.state == RunState::paused))
        is_ready_ = send_("READY=1");
    if (!is_stopping_ && look.state == RunState::stopping)
        is_stopping_ = send_("STOPPING=1");
    if (!is_alive_now)
        return;
    if ((!is_ready_ || look.state == RunState::stopping) &&
        now_ns - extended_ns_ >= extend_every_ns && look.state != RunState::ended) {
        extended_ns_ = now_ns;
        (void)send_(fmt::format("EXTEND_TIMEOUT_USEC={}", extend_by_us));
    }
    if (watchdog_ns_ != 0 && now_ns - pinged_ns_ >= watchdog_ns_ / pings_a_period &&
        send_("WATCHDOG=1"))
        pinged_ns_ = now_ns;
}

bool ServiceLink::is_alive(std::uint64_t now_ns, const Look& look) {
    const bool has_moved = is_first_ || look.signs_of_life != last_.signs_of_life ||
                           look.state != last_.state || !has_trainer(look.state);
    if (has_moved)
        moved_ns_ = now_ns;
    return now_ns - moved_ns_ < patience_ns;
}

void ServiceLink::tell_status(const std::string& status) {
    (void)send_("STATUS=" + on_one_line(status));
}

void ServiceLink::begin_reload(std::uint64_t now_ns) {
    is_ready_ = false;
    (void)send_(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", now_ns / 1000));
}

void ServiceLink::end(const std::string& status) {
    if (!is_ready_)
        is_ready_ = send_("READY=1");
    if (!is_stopping_)
        is_stopping_ = send_("STOPPING=1");
    tell_status(status);
}

void ServiceLink::fail(const std::string& complaint) {
    tell_status(complaint);
}

}  // namespace kiln::app

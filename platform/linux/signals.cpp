#include "platform/linux/signals.hpp"

#include <cerrno>

#include <signal.h>

#include "platform/linux/errno_error.hpp"

namespace kiln::platform {
namespace {

// A handler has no argument of its own. Lock-free atomics are what it may touch besides
// sig_atomic_t.
std::atomic<std::atomic<bool>*> stop_flag{nullptr};
std::atomic<unsigned> received{0};
std::atomic<int> last_signal{0};
static_assert(std::atomic<std::atomic<bool>*>::is_always_lock_free);
static_assert(std::atomic<unsigned>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

void on_stop_signal(int signal_number) {
    received.fetch_add(1, std::memory_order_relaxed);
    last_signal.store(signal_number, std::memory_order_relaxed);
    if (std::atomic<bool>* flag = stop_flag.load(std::memory_order_acquire); flag != nullptr)
        flag->store(true, std::memory_order_release);
}

Status set_action(int signal_number, void (*handler)(int), unsigned flags) {
    struct sigaction action {};
    action.sa_handler = handler;
    action.sa_flags = static_cast<int>(flags);
    sigemptyset(&action.sa_mask);
    if (::sigaction(signal_number, &action, nullptr) != 0)
        return error_from_errno(errno);
    return {};
}

}  // namespace

Status install_stop_signals(std::atomic<bool>& stop) {
    received.store(0, std::memory_order_relaxed);
    last_signal.store(0, std::memory_order_relaxed);
    stop_flag.store(&stop, std::memory_order_release);
    // SA_RESETHAND: entering the handler puts the default action back, so the second signal kills.
    constexpr unsigned flags = SA_RESTART | SA_RESETHAND;
    TRY(set_action(SIGINT, on_stop_signal, flags));
    TRY(set_action(SIGTERM, on_stop_signal, flags));
    TRY(set_action(SIGPIPE, SIG_IGN, 0));
    return {};
}

void restore_stop_signals() {
    for (const int signal_number : {SIGINT, SIGTERM, SIGPIPE})
        (void)set_action(signal_number, SIG_DFL, 0);  // cannot fail for these three
    stop_flag.store(nullptr, std::memory_order_release);
}

unsigned stop_signals_received() {
    return received.load(std::memory_order_relaxed);
}

int last_stop_signal() {
    return last_signal.load(std::memory_order_relaxed);
}

}  // namespace kiln::platform

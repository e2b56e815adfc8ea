#include "platform/linux/signals.hpp"

#include <cerrno>
#include <cstdint>

#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "platform/linux/errno_error.hpp"

namespace kiln::platform {
namespace {

// A handler has no argument of its own. Lock-free atomics are what it may touch besides
// sig_atomic_t.
std::atomic<std::atomic<bool>*> stop_flag{nullptr};
std::atomic<std::atomic<bool>*> reload_flag{nullptr};
std::atomic<void (*)()> end_hook{nullptr};
std::atomic<unsigned> received{0};
std::atomic<int> last_signal{0};
static_assert(std::atomic<std::atomic<bool>*>::is_always_lock_free);
static_assert(std::atomic<void (*)()>::is_always_lock_free);
static_assert(std::atomic<unsigned>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

// One request may arrive twice: `timeout`, for one, signals its child and then the child's whole
// group. Nobody presses Ctrl-C again as fast as that.
constexpr std::int64_t same_request_ns = 300'000'000;
std::atomic<std::int64_t> first_ns[NSIG];  // when each signal came first; 0: not yet
static_assert(std::atomic<std::int64_t>::is_always_lock_free);

std::int64_t now_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);  // async-signal-safe
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

// The default action at once, for the signal that is being handled.
void end_by(int signal_number) {
    if (void (*const hook)() = end_hook.load(std::memory_order_acquire); hook != nullptr)
        hook();
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    sigset_t only_this;
    sigemptyset(&only_this);
    sigaddset(&only_this, signal_number);
    (void)::sigaction(signal_number, &action, nullptr);
    (void)::pthread_sigmask(SIG_UNBLOCK, &only_this, nullptr);
    (void)::raise(signal_number);
}

void on_stop_signal(int signal_number) {
    const int system_error = errno;
    const std::int64_t now = now_ns();
    std::int64_t first = 0;
    if (!first_ns[signal_number].compare_exchange_strong(first, now) &&
        now - first > same_request_ns)
        end_by(signal_number);
    errno = system_error;
    received.fetch_add(1, std::memory_order_relaxed);
    last_signal.store(signal_number, std::memory_order_relaxed);
    if (std::atomic<bool>* flag = stop_flag.load(std::memory_order_acquire); flag != nullptr)
        flag->store(true, std::memory_order_release);
}

void on_reload_signal(int) {
    if (std::atomic<bool>* flag = reload_flag.load(std::memory_order_acquire); flag != nullptr)
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

bool is_ignored(int signal_number) {
    struct sigaction action {};
    return ::sigaction(signal_number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

Status install_stop_signals(std::atomic<bool>& stop) {
    received.store(0, std::memory_order_relaxed);
    last_signal.store(0, std::memory_order_relaxed);
    stop_flag.store(&stop, std::memory_order_release);
    for (std::atomic<std::int64_t>& first : first_ns)
        first.store(0, std::memory_order_relaxed);
    TRY(set_action(SIGINT, on_stop_signal, SA_RESTART));
    TRY(set_action(SIGTERM, on_stop_signal, SA_RESTART));
    if (!is_ignored(SIGHUP))
        TRY(set_action(SIGHUP, on_stop_signal, SA_RESTART));
    TRY(set_action(SIGPIPE, SIG_IGN, 0));
    return {};
}

Status install_reload_signal(std::atomic<bool>& reload) {
    reload_flag.store(&reload, std::memory_order_release);
    if (is_ignored(SIGHUP))
        return {};
    return set_action(SIGHUP, on_reload_signal, SA_RESTART);
}

bool has_terminal() {
    const int terminal = ::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (terminal < 0)
        return false;
    ::close(terminal);
    return true;
}

void restore_stop_signals() {
    for (const int signal_number : {SIGINT, SIGTERM, SIGPIPE})
        (void)set_action(signal_number, SIG_DFL, 0);  // cannot fail for these four
    if (!is_ignored(SIGHUP))
        (void)set_action(SIGHUP, SIG_DFL, 0);
    stop_flag.store(nullptr, std::memory_order_release);
    reload_flag.store(nullptr, std::memory_order_release);
}

void set_end_hook(void (*hook)()) {
    end_hook.store(hook, std::memory_order_release);
}

unsigned stop_signals_received() {
    return received.load(std::memory_order_relaxed);
}

int last_stop_signal() {
    return last_signal.load(std::memory_order_relaxed);
}

}  // namespace kiln::platform

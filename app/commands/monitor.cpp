#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "app/commands/watching.hpp"
#include "app/failure.hpp"
#include "app/monitor/screen.hpp"
#include "app/monitor/watched_run.hpp"
#include "platform/linux/signals.hpp"

namespace kiln::app {
namespace {

constexpr int poll_ms = 250;  // so late a signal is noticed at most
constexpr double usual_interval_seconds = 1;
constexpr double usual_plain_interval_seconds = 10;

WatchedRun::Time now() {
    const auto seconds = [](auto time) {
        return std::chrono::duration<double>(time.time_since_epoch()).count();
    };
    return {seconds(std::chrono::steady_clock::now()), seconds(std::chrono::system_clock::now())};
}

// What a full-screen program must know of and act on in order: as a descriptor to be polled.
class TerminalSignals {
  public:
    TerminalSignals() {
        sigemptyset(&signals_);
        for (const int number : {SIGWINCH, SIGTSTP, SIGCONT, SIGQUIT})
            sigaddset(&signals_, number);
        (void)::pthread_sigmask(SIG_BLOCK, &signals_, &before_);
        descriptor_ = ::signalfd(-1, &signals_, SFD_CLOEXEC | SFD_NONBLOCK);
        if (descriptor_ < 0)
            throw Failure(ExitCode::system_refuses,
                          fmt::format("signals cannot be waited for: {}", std::strerror(errno)));
    }
    ~TerminalSignals() {
        ::close(descriptor_);
        (void)::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }
    TerminalSignals(const TerminalSignals&) = delete;
    TerminalSignals& operator=(const TerminalSignals&) = delete;

    int descriptor() const { return descriptor_; }
    // 0: none.
    int take() const {
        signalfd_siginfo info{};
        return ::read(descriptor_, &info, sizeof(info)) == sizeof(info)
                   ? static_cast<int>(info.ssi_signo)
                   : 0;
    }

  private:
    sigset_t signals_{};
    sigset_t before_{};
    int descriptor_ = -1;
};

// Stops as who handles nothing does, and returns when it goes on. Where nobody could continue us
// (an orphaned process group: no shell does job control) the kernel discards the signal; SIGSTOP it
// would not.
void stop_by_default() {
    struct sigaction standard {};
    struct sigaction before {};
    standard.sa_handler = SIG_DFL;
    sigemptyset(&standard.sa_mask);
    sigset_t only_this;
    sigset_t blocked;
    sigemptyset(&only_this);
    sigaddset(&only_this, SIGTSTP);
    (void)::sigaction(SIGTSTP, &standard, &before);
    (void)::pthread_sigmask(SIG_UNBLOCK, &only_this, &blocked);
    (void)::raise(SIGTSTP);
    (void)::pthread_sigmask(SIG_SETMASK, &blocked, nullptr);
    (void)::sigaction(SIGTSTP, &before, nullptr);
}

// False: it ends.
bool act_on(int number, Screen& screen) {
    switch (number) {
        case SIGTSTP:
            screen.leave();
            stop_by_default();
            screen.enter();
            return true;
        case SIGCONT:  // whoever stopped us may have used the terminal
            screen.leave();
            screen.enter();
            return true;
        case SIGQUIT:
            return false;
        default:  // the size is looked at for every frame
            return true;
    }
}

// False: the watcher leaves, or the terminal is gone.
bool read_keys(WatchedRun& run, Screen& screen) {
    constexpr char escape = 0x1b;
    constexpr char redraw = 0x0c;  // Ctrl-L
    char keys[64];
    const ssize_t count = ::read(STDIN_FILENO, keys, sizeof(keys));
    if (count < 0)
        return errno == EINTR || errno == EAGAIN;
    if (count == 0)
        return false;
    for (const char key : std::string_view(keys, static_cast<std::size_t>(count))) {
        if (key == escape)  // and what follows is an arrow or the like
            return true;
        if (key == redraw)
            screen.forget();
        else if (!run.press(key))
            return false;
    }
    return true;
}

void watch_on_screen(WatchedRun& run, const std::atomic<bool>& stop) {
    const Look look = look_of_environment();
    const bool has_keys = ::isatty(STDIN_FILENO) == 1;
    const TerminalSignals signals;
    Screen screen(STDIN_FILENO, STDOUT_FILENO, look);
    while (!stop.load()) {
        const bool is_more = run.look(now());
        const Screen::Size size = screen.size();
        if (!screen.show(draw_frame(run.view(), size.width, size.height, look)))
            return;
        std::array<pollfd, 4> events = {pollfd{has_keys ? STDIN_FILENO : -1, POLLIN, 0},
                                        pollfd{signals.descriptor(), POLLIN, 0},
                                        pollfd{run.status_descriptor(), POLLIN, 0},
                                        pollfd{run.order_descriptor(), POLLIN, 0}};
        if (::poll(events.data(), events.size(), is_more ? 0 : poll_ms) <= 0)
            continue;
        while (const int number = events[1].revents != 0 ? signals.take() : 0)
            if (!act_on(number, screen))
                return;
        if (events[0].revents != 0 && !read_keys(run, screen))
            return;
    }
}

// A line at once, when the first answer is there, and then one every interval.
void watch_in_lines(WatchedRun& run, double interval_seconds, const std::atomic<bool>& stop) {
    double next_line = 0;
    while (!stop.load()) {
        const bool is_more = run.look(now());
        const double time = now().steady;
        if (!is_more && time >= next_line && run.view().contact != Contact::asking) {
            fmt::print("{}\n", plain_line(run.view()));
            if (std::fflush(stdout) != 0) {
                if (errno == EPIPE) {  // whoever read has seen enough
                    (void)std::freopen("/dev/null", "w", stdout);
                    return;
                }
                return;  // told by whoever flushes last
            }
            next_line = time + interval_seconds;
        }
        std::array<pollfd, 2> events = {pollfd{STDOUT_FILENO, 0, 0},
                                        pollfd{run.status_descriptor(), POLLIN, 0}};
        (void)::poll(events.data(), events.size(), is_more ? 0 : poll_ms);
        if ((events[0].revents & POLLERR) != 0) {
            (void)std::freopen("/dev/null", "w", stdout);
            return;
        }
    }
}

}  // namespace

ExitCode run_monitor(const MonitorOptions& options) {
    const bool is_plain = options.plain || !can_show_screen(STDOUT_FILENO);
    const double usual = is_plain ? usual_plain_interval_seconds : usual_interval_seconds;
    const double interval = options.interval_seconds > 0 ? options.interval_seconds : usual;
    WatchedRun run(options.state, interval);
    std::atomic<bool> stop{false};
    const platform::StopSignals signals(stop);
    if (is_plain)
        watch_in_lines(run, interval, stop);
    else
        watch_on_screen(run, stop);
    return ExitCode::ok;
}

}  // namespace kiln::app

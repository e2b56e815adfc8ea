#include "app/monitor/screen.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "platform/linux/signals.hpp"

namespace kiln::app {
namespace {

// The other screen, no cursor, no wrapping at the edge.
constexpr std::string_view enter_sequence = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[0m\x1b[2J";
// A terminal that has no other screen is left with its cursor at the bottom.
constexpr std::string_view leave_sequence = "\x1b[0m\x1b[?7h\x1b[999;1H\r\n\x1b[?25h\x1b[?1049l";
constexpr int unchanged_run = 4;  // shorter ones are cheaper written again than skipped

constexpr std::array fault_signals = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

// For the handler, which has no argument of its own.
struct Restore {
    int input = -1;  // -1: no modes to give back
    int output = -1;
    termios before{};
};
Restore restore;
std::atomic<bool> is_restore_needed{false};
static_assert(std::atomic<bool>::is_always_lock_free);

// Async-signal-safe, and waits for nothing: a terminal that takes no more output goes without the
// sequence, and one that is not ours at the moment does not stop us.
void give_back() {
    if (!is_restore_needed.exchange(false))
        return;
    sigset_t stops;
    sigemptyset(&stops);
    sigaddset(&stops, SIGTTOU);
    (void)::pthread_sigmask(SIG_BLOCK, &stops, nullptr);
    const int flags = ::fcntl(restore.output, F_GETFL);
    (void)::fcntl(restore.output, F_SETFL, flags | O_NONBLOCK);
    [[maybe_unused]] const ssize_t written =
        ::write(restore.output, leave_sequence.data(), leave_sequence.size());
    (void)::fcntl(restore.output, F_SETFL, flags);  // which others share
    if (restore.input >= 0)
        (void)::tcsetattr(restore.input, TCSANOW, &restore.before);
}

// The action has been reset, so that returning repeats the fault.
void on_fault(int number) {
    give_back();
    (void)::raise(number);
}

void install_fault_handlers(bool is_wanted) {
    for (const int number : fault_signals) {
        struct sigaction present {};
        (void)::sigaction(number, nullptr, &present);
        const bool is_ours = present.sa_handler == on_fault;
        if (is_wanted ? present.sa_handler != SIG_DFL : !is_ours)
            continue;
        struct sigaction action {};
        action.sa_handler = is_wanted ? on_fault : SIG_DFL;
        action.sa_flags = static_cast<int>(SA_RESETHAND);
        sigemptyset(&action.sa_mask);
        (void)::sigaction(number, &action, nullptr);
    }
}

std::string_view variable(const char* name) {
    const char* const value = std::getenv(name);
    return value == nullptr ? std::string_view() : std::string_view(value);
}

bool names_utf8(std::string_view locale) {
    std::string letters;
    for (const char c : locale)
        if (c != '-')
            letters += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return letters.find("utf8") != std::string::npos;
}

std::string_view code_of(Style style, const Look& look) {
    switch (style) {
        case Style::plain:
            return "0";
        case Style::faint:
            return "0;2";
        case Style::bold:
            return "0;1";
        case Style::title:
            return look.has_colour ? "0;1;36" : "0;1";
        case Style::good:
            return look.has_colour ? "0;32" : "0";
        case Style::warning:
            return look.has_colour ? "0;33" : "0;1";
        case Style::bad:
            return look.has_colour ? "0;1;31" : "0;7";
        case Style::first:
            return look.has_colour ? "0;36" : "0";
        case Style::second:
            return look.has_colour ? "0;35" : "0";
        case Style::third:
            return look.has_colour ? "0;33" : "0";
    }
    return "0";
}

}  // namespace

Look look_of_environment() {
    std::string_view locale = variable("LC_ALL");
    for (const char* name : {"LC_CTYPE", "LANG"})
        if (locale.empty())
            locale = variable(name);
    return {names_utf8(locale), variable("NO_COLOR").empty()};
}

bool can_show_screen(int output) {
    const std::string_view kind = variable("TERM");
    return ::isatty(output) == 1 && !kind.empty() && kind != "dumb";
}

std::string difference_of(const Canvas& before, const Canvas& after, const Look& look) {
    const bool is_same_size = before.width() == after.width() && before.height() == after.height();
    std::string text = is_same_size ? "" : "\x1b[0m\x1b[2J";
    std::optional<Style> style;
    const auto is_changed = [&](int x, int y) {
        return is_same_size ? before.at(x, y) != after.at(x, y) : after.at(x, y) != Cell();
    };
    for (int y = 0; y < after.height(); ++y) {
        int column = -1;  // where the cursor is in this row
        for (int x = 0; x < after.width(); ++x) {
            if (!is_changed(x, y))
                continue;
            if (column < 0 || x - column > unchanged_run) {
                text += fmt::format("\x1b[{};{}H", y + 1, x + 1);
                column = x;
            }
            for (; column <= x; ++column) {
                const Cell& cell = after.at(column, y);
                if (style != cell.style)
                    text += fmt::format("\x1b[{}m", code_of(cell.style, look));
                style = cell.style;
                append_utf8(text, look.has_unicode || cell.glyph < 0x7F ? cell.glyph : U'?');
            }
        }
    }
    return text;
}

Screen::Screen(int input, int output, const Look& look)
    : input_(input), output_(output), look_(look) {
    termios before{};
    if (::isatty(input_) == 1 && ::tcgetattr(input_, &before) == 0)
        before_ = before;
    enter();
}

Screen::~Screen() {
    leave();
}

void Screen::enter() {
    if (is_entered_)
        return;
    if (before_) {
        termios raw = *before_;
        // Ctrl-C and Ctrl-Z stay signals; Ctrl-S must not make us wait in a write.
        raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | IEXTEN);
        raw.c_iflag &= ~static_cast<tcflag_t>(IXON | ICRNL);
        raw.c_cc[VMIN] = 1;
        raw.c_cc[VTIME] = 0;
        (void)::tcsetattr(input_, TCSANOW, &raw);
    }
    restore = {before_ ? input_ : -1, output_, before_.value_or(termios())};
    is_restore_needed.store(true);
    install_fault_handlers(true);
    platform::set_end_hook(give_back);
    (void)write(enter_sequence);
    forget();
    is_entered_ = true;
}

void Screen::leave() {
    if (!is_entered_)
        return;
    (void)write(leave_sequence);
    if (before_)
        (void)::tcsetattr(input_, TCSADRAIN, &*before_);
    is_restore_needed.store(false);
    install_fault_handlers(false);
    platform::set_end_hook(nullptr);
    is_entered_ = false;
}

Screen::Size Screen::size() const {
    winsize size{};
    if (::ioctl(output_, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0)
        return {};
    constexpr int most = 1000;  // of any terminal
    return {std::min<int>(size.ws_col, most), std::min<int>(size.ws_row, most)};
}

bool Screen::show(const Canvas& canvas) {
    const std::string text = difference_of(shown_, canvas, look_);
    shown_ = canvas;
    return text.empty() || write(text);
}

bool Screen::write(std::string_view text) const {
    while (!text.empty()) {
        const ssize_t count = ::write(output_, text.data(), text.size());
        if (count >= 0) {
            text.remove_prefix(static_cast<std::size_t>(count));
            continue;
        }
        if (errno == EAGAIN) {
            pollfd room = {output_, POLLOUT, 0};
            (void)::poll(&room, 1, 100);
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

}  // namespace kiln::app

#include "platform/linux/last_words.hpp"

#include <cstddef>

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/check.hpp"

#include "platform/linux/check_report.hpp"

namespace kiln::platform {
namespace {

std::atomic<LastWords*> last_words{nullptr};
std::atomic<bool> is_taken{false};

// Stack protectors, vector registers and the kernel's frame fit several times.
constexpr std::size_t signal_stack_bytes = 32768;
alignas(16) thread_local char signal_stack[signal_stack_bytes];

template <std::size_t N>
void copy_text(char (&to)[N], const char* from) {
    std::size_t i = 0;
    for (; i + 1 < N && from[i] != '\0'; ++i)
        to[i] = from[i];
    to[i] = '\0';
}

// The one thread that may write; nullptr for all others.
LastWords* take() {
    return is_taken.exchange(true) ? nullptr : last_words.load();
}

void on_fault(int number, siginfo_t* info, void*) {
    if (LastWords* words = take(); words != nullptr) {
        words->thread = this_thread();
        words->signal = number;
        words->address = reinterpret_cast<std::uint64_t>(info->si_addr);
        words->is_written.store(true, std::memory_order_release);
    }
    // SA_RESETHAND restored the default action: returning runs into the fault again, and a signal
    // that somebody sent is sent once more.
    if (info->si_code <= 0)
        (void)::raise(number);
}

void on_failed_check(const char* condition, const char* file, int line) {
    if (LastWords* words = take(); words != nullptr) {
        words->thread = this_thread();
        words->line = line;
        copy_text(words->file, file);
        copy_text(words->condition, condition);
        words->is_written.store(true, std::memory_order_release);
    }
    report_and_abort(condition, file, line);
}

}  // namespace

int this_thread() {
    return static_cast<int>(::syscall(SYS_gettid));
}

void install_last_words(LastWords& words) {
    last_words.store(&words);
    set_check_handler(on_failed_check);
    struct sigaction action {};
    action.sa_sigaction = on_fault;
    action.sa_flags = static_cast<int>(SA_SIGINFO | SA_ONSTACK | SA_RESETHAND);
    sigemptyset(&action.sa_mask);
    for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGSYS})
        CHECK(::sigaction(number, &action, nullptr) == 0);
}

void use_signal_stack() {
    const stack_t stack = {.ss_sp = signal_stack, .ss_flags = 0, .ss_size = sizeof(signal_stack)};
    CHECK(::sigaltstack(&stack, nullptr) == 0);
}

}  // namespace kiln::platform

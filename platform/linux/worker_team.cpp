#include "platform/linux/worker_team.hpp"

#include <algorithm>

#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/check.hpp"

namespace kiln::platform {
namespace {

// No address, no small number and no character: a word that programs do not leave on stacks.
constexpr std::uint64_t paint = 0xc5a7'91e3'5bd2'8f06;

std::uint64_t page_bytes() {
    return static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::uint64_t round_up_to_pages(std::uint64_t bytes) {
    return (bytes + page_bytes() - 1) / page_bytes() * page_bytes();
}

// The part of memory that is whole pages.
std::span<std::byte> whole_pages(std::span<std::byte> memory) {
    const std::uint64_t page = page_bytes();
    const std::uint64_t past = reinterpret_cast<std::uintptr_t>(memory.data()) % page;
    const std::uint64_t before = past == 0 ? 0 : page - past;
    if (memory.size() < before)
        return {};
    const std::uint64_t length = (memory.size() - before) / page * page;
    return memory.subspan(before, length);
}

// The index-th CPU this process may use, or -1.
int allowed_cpu(unsigned index) {
    cpu_set_t allowed;
    if (::sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
        return -1;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
        if (CPU_ISSET(static_cast<unsigned>(cpu), &allowed) && index-- == 0)
            return cpu;
    return -1;
}

// Signals sent to the process go to other threads; those that a fault raises in this one stay.
sigset_t process_signals() {
    sigset_t signals;
    sigfillset(&signals);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT})
        sigdelset(&signals, fault);
    return signals;
}

std::span<std::uint64_t> words_of(std::span<std::byte> stack) {
    return {reinterpret_cast<std::uint64_t*>(stack.data()), stack.size() / sizeof(std::uint64_t)};
}

// A thread may be writing to these words. Each of them is read at once, and all that is asked is
// whether it was ever written, so the race is harmless; to sanitizers, which would report it and
// the frames' forbidden zones, this function does not exist.
__attribute__((noinline, no_sanitize("address", "thread"))) std::size_t count_painted(
    const std::uint64_t* words, std::size_t count) {
    std::size_t painted = 0;
    while (painted < count && __atomic_load_n(words + painted, __ATOMIC_RELAXED) == paint)
        ++painted;
    return painted;
}

void name_this_thread(unsigned index) {
    char name[16] = "kiln-work-";  // the kernel's limit, 15 characters
    char* at = name + 10;
    if (index >= 10)
        *at++ = static_cast<char>('0' + index / 10);
    *at = static_cast<char>('0' + index % 10);
    (void)::pthread_setname_np(::pthread_self(), name);
}

}  // namespace

WorkerTeam::~WorkerTeam() {
    shut_down();
}

std::uint64_t WorkerTeam::stack_region_bytes(unsigned workers, std::uint64_t stack_bytes) {
    // One page more for the guard.
    return workers * (round_up_to_pages(stack_bytes) + page_bytes());
}

Status WorkerTeam::launch(unsigned workers, std::span<std::byte> stacks, TeamOptions options) {
    CHECK(launched_ == 0);
    CHECK(workers >= 1 && workers <= capacity);
    const std::span<std::byte> pages = whole_pages(stacks);
    const std::uint64_t each = pages.size() / workers / page_bytes() * page_bytes();
    CHECK(each >= page_bytes() + static_cast<std::uint64_t>(PTHREAD_STACK_MIN));

    stack_bytes_ = each - page_bytes();
    stopping_.store(false, std::memory_order_relaxed);
    round_.store(0, std::memory_order_relaxed);
    // See TeamOptions: all or none.
    const bool pin = options.pin && allowed_cpu(workers - 1) >= 0;
    const sigset_t blocked = process_signals();
    sigset_t before;
    CHECK(::pthread_sigmask(SIG_BLOCK, &blocked, &before) == 0);
    Status status;
    for (unsigned i = 0; i < workers && status; ++i) {
        workers_[i].cpu = pin ? allowed_cpu(i) : -1;
        status = launch_one(i, pages.subspan(i * each, each));
    }
    CHECK(::pthread_sigmask(SIG_SETMASK, &before, nullptr) == 0);
    if (!status)
        shut_down();
    return status;
}

Status WorkerTeam::launch_one(unsigned index, std::span<std::byte> stack) {
    Worker& worker = workers_[index];
    worker.team = this;
    worker.index = index;
    worker.guard = stack.first(page_bytes());
    stack = stack.subspan(page_bytes());
    worker.stack = stack;
    std::ranges::fill(words_of(stack), paint);
    const Error refused{.code = ErrorCode::out_of_memory, .detail = stack.size()};
    if (::mprotect(worker.guard.data(), worker.guard.size(), PROT_NONE) != 0)
        return refused;

    pthread_attr_t attributes;
    CHECK(::pthread_attr_init(&attributes) == 0);
    CHECK(::pthread_attr_setstack(&attributes, stack.data(), stack.size()) == 0);
    unfinished_.store(1, std::memory_order_relaxed);
    const int failure = ::pthread_create(&worker.thread, &attributes, run_worker, &worker);
    ::pthread_attr_destroy(&attributes);
    if (failure != 0) {
        unfinished_.store(0, std::memory_order_relaxed);
        (void)::mprotect(worker.guard.data(), worker.guard.size(), PROT_READ | PROT_WRITE);
        return refused;
    }
    ++launched_;
    wait();  // until it stands in its loop
    return {};
}

void WorkerTeam::shut_down() {
    if (launched_ == 0)
        return;
    wait();
    stopping_.store(true, std::memory_order_relaxed);
    round_.fetch_add(1, std::memory_order_release);
    round_.notify_all();
    for (unsigned i = 0; i < launched_; ++i) {
        Worker& worker = workers_[i];
        CHECK(::pthread_join(worker.thread, nullptr) == 0);
        (void)::mprotect(worker.guard.data(), worker.guard.size(), PROT_READ | PROT_WRITE);
        worker = {};
    }
    launched_ = 0;
}

void WorkerTeam::start(Job& job) {
    CHECK(launched_ > 0);
    CHECK(job_ == nullptr);
    job_ = &job;
    unfinished_.store(launched_, std::memory_order_relaxed);
    // Releases what the caller wrote, the job among it, to the workers.
    round_.fetch_add(1, std::memory_order_release);
    round_.notify_all();
}

void WorkerTeam::wait() {
    for (std::uint32_t left = unfinished_.load(std::memory_order_acquire); left != 0;
         left = unfinished_.load(std::memory_order_acquire))
        unfinished_.wait(left, std::memory_order_acquire);
    job_ = nullptr;
}

int WorkerTeam::pinned_cpu(unsigned worker) const {
    CHECK(worker < launched_);
    return workers_[worker].cpu;
}

std::uint64_t WorkerTeam::stack_peak_bytes(unsigned worker) const {
    CHECK(worker < launched_);
    const std::span<std::uint64_t> words = words_of(workers_[worker].stack);
    return (words.size() - count_painted(words.data(), words.size())) * sizeof(std::uint64_t);
}

void* WorkerTeam::run_worker(void* argument) {
    const Worker& worker = *static_cast<const Worker*>(argument);
    name_this_thread(worker.index);
    if (worker.cpu >= 0) {
        cpu_set_t own;
        CPU_ZERO(&own);
        CPU_SET(static_cast<unsigned>(worker.cpu), &own);
        // Refused under some system-call filters; the work is then only slower.
        (void)::sched_setaffinity(0, sizeof(own), &own);
    }
    worker.team->finish_one();
    worker.team->work_until_stopped(worker.index);
    return nullptr;
}

void WorkerTeam::work_until_stopped(unsigned index) {
    // launch() set round_ to 0, so a job that began before this thread got here is not missed.
    std::uint32_t seen = 0;
    for (;;) {
        round_.wait(seen, std::memory_order_acquire);
        seen = round_.load(std::memory_order_acquire);
        if (stopping_.load(std::memory_order_relaxed))
            return;
        job_->work(index);
        finish_one();
    }
}

void WorkerTeam::finish_one() {
    if (unfinished_.fetch_sub(1, std::memory_order_acq_rel) == 1)
        unfinished_.notify_all();
}

}  // namespace kiln::platform

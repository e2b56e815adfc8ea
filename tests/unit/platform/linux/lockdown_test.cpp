#include "platform/linux/lockdown.hpp"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "platform/linux/check_report.hpp"
#include "platform/linux/file_store.hpp"
#include "platform/linux/mapping.hpp"
#include "platform/linux/process_info.hpp"
#include "platform/linux/worker_team.hpp"
#include "tests/support/child.hpp"
#include "tests/support/temp_directory.hpp"

namespace kiln::platform {
namespace {

constexpr int by_sigsys = 128 + SIGSYS;
constexpr unsigned workers = 2;

// Emulators of a foreign processor have no filters, for one: there the promise is that lock_down()
// says so. Asked before anything is locked, because the question itself is forbidden then.
bool ask_for_filters() {
    const std::uint32_t action = SECCOMP_RET_KILL_PROCESS;
    return can_lock_down && ::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}
const bool kernel_filters = ask_for_filters();

// How a process ends that locks itself down and then does `work`, which returns its exit status.
// Without filters: as it would have ended with them.
int run_locked(const std::function<int()>& work, int expected) {
    return test::run_child([&]() -> int {
        const Status locked = lock_down();
        if (!kernel_filters)
            return locked ? 99 : expected;
        if (!locked)
            return 98;
        ::_exit(work());  // no destructor: some of them unmap
    });
}

class CountingJob final : public Job {
  public:
    void work(unsigned) override { ++runs; }
    std::atomic<unsigned> runs{0};
};

class MappingJob final : public Job {
  public:
    void work(unsigned worker) override {
        if (worker == workers - 1)
            (void)::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    }
};

FileName name(const char* text) {
    FileName result{};
    std::strcpy(result.text, text);
    return result;
}

// As the checkpoint writer and the catalogue use a store; more than two windows of it.
bool saves_and_removes(FileStore& store, std::span<const std::byte> bytes) {
    const Result<Store::File> file = store.create(name("a.tmp"));
    if (!file || !store.append(file.value(), bytes) || !store.sync(file.value()) ||
        !store.close(file.value()) || !store.rename(name("a.tmp"), name("a")) ||
        !store.sync_directory())
        return false;
    FileName names[4];
    const Result<std::size_t> count = store.list(names);
    const Result<Store::File> again = store.open(name("a"));
    std::byte read[100];
    return count && count.value() == 1 && again &&
           store.size(again.value()).value() == bytes.size() &&
           store.read(again.value(), 5, read) && store.close(again.value()) &&
           store.remove(name("a")) && !store.open(name("a"));
}

TEST(Lockdown, leaves_files_threads_clocks_and_the_kernels_figures) {
    const test::TempDirectory directory;
    FileStore store;
    ASSERT_TRUE(store.open_directory(directory.path().c_str(), false));
    Mapping bytes;
    ASSERT_TRUE(bytes.map(3 * FileStore::window_bytes + 1));
    EXPECT_EQ(test::run_child([&]() -> int {
                  Mapping stacks;
                  CHECK(stacks.map(WorkerTeam::stack_region_bytes(workers, 1u << 20)));
                  WorkerTeam team;
                  CHECK(team.launch(workers, stacks.span()));
                  if (lock_down().has_value() != kernel_filters)
                      ::_exit(1);
                  CountingJob job;
                  for (int round = 0; round < 100; ++round)
                      team.run(job);
                  if (job.runs != 100 * workers)
                      ::_exit(2);
                  if (!saves_and_removes(store, bytes.span()))
                      ::_exit(3);
                  const timespec moment{.tv_sec = 0, .tv_nsec = 1'000'000};
                  timespec now{};
                  if (::nanosleep(&moment, nullptr) != 0 ||
                      ::clock_gettime(CLOCK_MONOTONIC, &now) != 0 || !read_process_memory())
                      ::_exit(4);
                  ::_exit(0);
              }),
              0);
}

struct Forbidden {
    const char* name;
    int (*attempt)();  // 0: it worked
};

alignas(65'536) char whole_page[65'536];  // the largest a page may be
char* const no_arguments[] = {nullptr};

// Each works in a process that is not locked down; execve ends as the program it starts does.
const Forbidden forbidden[] = {
    {"mmap",
     [] {
         return ::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
                    ? 1
                    : 0;
     }},
    {"munmap", [] { return ::munmap(reinterpret_cast<void*>(0x10000), 4096); }},
    {"mprotect", [] { return ::mprotect(whole_page, sizeof(whole_page), PROT_READ); }},
    {"madvise", [] { return ::madvise(reinterpret_cast<void*>(0x10000), 0, MADV_DONTNEED); }},
    {"brk", [] { return ::syscall(SYS_brk, 0) > 0 ? 0 : 1; }},
    {"a large malloc",
     [] {
         void* volatile memory = std::malloc(64u << 20);
         return memory == nullptr ? 1 : 0;
     }},
    {"fork",
     [] {
         const long child = ::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
         if (child == 0)
             ::_exit(0);
         return child > 0 ? 0 : 1;
     }},
    {"execve", [] { return ::execve("/bin/true", no_arguments, no_arguments); }},
    {"socket", [] { return ::socket(AF_UNIX, SOCK_STREAM, 0) >= 0 ? 0 : 1; }},
    {"mkdir", [] { return ::mkdir("/", 0755) != 0 && errno == EEXIST ? 0 : 1; }},
    {"prctl", [] { return ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); }},
};

TEST(Lockdown, ends_the_process_by_sigsys_at_a_call_a_sealed_trainer_has_no_use_for) {
    EXPECT_EQ(run_locked([] { return ::getpid() > 0 ? 0 : 1; }, 0), 0) << "after the lock itself";
    for (const Forbidden& call : forbidden) {
        EXPECT_EQ(test::run_child(call.attempt), 0) << call.name << ", without the lock";
        EXPECT_EQ(run_locked(call.attempt, by_sigsys), by_sigsys) << call.name;
    }
}

TEST(Lockdown, holds_for_threads_that_already_run) {
    const auto map_in_a_worker = [](bool locked) {
        return test::run_child([&]() -> int {
            Mapping stacks;
            CHECK(stacks.map(WorkerTeam::stack_region_bytes(workers, 1u << 20)));
            WorkerTeam team;
            CHECK(team.launch(workers, stacks.span()));
            if (locked && lock_down().has_value() != kernel_filters)
                ::_exit(1);
            MappingJob job;
            team.run(job);
            ::_exit(0);
        });
    };
    EXPECT_EQ(map_in_a_worker(false), 0);
    EXPECT_EQ(map_in_a_worker(true), kernel_filters ? by_sigsys : 0);
}

#if defined(__x86_64__)
TEST(Lockdown, takes_the_numbers_of_other_interfaces_for_strangers) {
    const auto ask_as_x32 = [] {
        constexpr long x32_bit = 0x40000000;
        (void)::syscall(x32_bit | SYS_getpid);
        return 0;
    };
    EXPECT_EQ(run_locked(ask_as_x32, by_sigsys), by_sigsys);
    // 20 is getpid on 32-bit x86 and an allowed call, writev, here. A kernel without 32-bit calls
    // ends the process by another signal, locked or not.
    const auto ask_as_i386 = [] {
        long result = 20;
        asm volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
        return result > 0 ? 0 : 1;
    };
    const int unlocked = test::run_child(ask_as_i386);
    EXPECT_EQ(run_locked(ask_as_i386, by_sigsys), unlocked == 0 ? by_sigsys : unlocked);
}
#endif

TEST(Lockdown, leaves_a_failed_check_its_report_and_its_signal) {
    const auto fail_locked = [] {
        install_check_report();
        (void)lock_down();
        CHECK(1 + 1 == 3);
    };
    EXPECT_EXIT(fail_locked(), testing::KilledBySignal(SIGABRT),
                "^kiln: internal error: CHECK\\(1 \\+ 1 == 3\\) failed at .*lockdown_test.cpp");
}

// What service managers and containers do that filter system calls themselves.
TEST(Lockdown, says_why_when_the_kernel_refuses) {
    const int reason = test::run_child([] {
        sock_filter refuse[] = {
            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 0, 1),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        const sock_fprog program{.len = 4, .filter = refuse};
        (void)::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        (void)::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
        const Status locked = lock_down();
        return locked ? 0 : static_cast<int>(locked.error().detail);
    });
    EXPECT_EQ(reason, kernel_filters ? EACCES : ENOSYS);
}

}  // namespace
}  // namespace kiln::platform

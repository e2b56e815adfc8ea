#include "platform/linux/lockdown.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "platform/linux/errno_error.hpp"

namespace kiln::platform {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t own_architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t own_architecture = AUDIT_ARCH_AARCH64;
#else
#error "the system calls of this architecture are not known here"
#endif

// Numbers and not names of functions: what a function of the C library calls is its own affair,
// so each group lists every call that serves its purpose.
constexpr long allowed_calls[] = {
    // Threads that wait for each other. First, because they are the most frequent.
    SYS_futex,
    SYS_sched_yield,
    // Files: save, load, list, remove.
    SYS_write,
    SYS_writev,
    SYS_pwrite64,
    SYS_read,
    SYS_readv,
    SYS_pread64,
    SYS_openat,
    SYS_close,
    SYS_lseek,
    SYS_fstat,
    SYS_newfstatat,
    SYS_statx,
    SYS_fcntl,
    SYS_fsync,
    SYS_fdatasync,
    SYS_sync_file_range,
    SYS_fadvise64,
    SYS_fallocate,
    SYS_ftruncate,
    SYS_renameat,
    SYS_renameat2,
    SYS_unlinkat,
    SYS_getdents64,
    // Time and waiting. Clocks are read without the kernel where it offers that.
    SYS_clock_gettime,
    SYS_clock_getres,
    SYS_clock_nanosleep,
    SYS_gettimeofday,
    SYS_nanosleep,
    SYS_ppoll,
    SYS_restart_syscall,
#if defined(__x86_64__)
    SYS_rename,
    SYS_unlink,
    SYS_poll,
    SYS_time,
#endif
    // Signals, and the ways to end: abort() sends one to itself.
    SYS_rt_sigreturn,
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_tgkill,
    SYS_getpid,
    SYS_gettid,
    SYS_getppid,
    SYS_exit,
    SYS_exit_group,
    // What the process tells about itself, and what a thread's end or the C library may ask for.
    SYS_getrusage,
    SYS_membarrier,
    SYS_rseq,
};

constexpr std::size_t head_instructions = 4;
constexpr std::size_t call_count = sizeof(allowed_calls) / sizeof(allowed_calls[0]);
constexpr std::size_t instruction_count = head_instructions + call_count + 2;
static_assert(call_count < 255, "a jump in a filter is at most 255 instructions long");

constexpr sock_filter load(std::size_t offset) {
    return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}

constexpr sock_filter answer(std::uint32_t action) {
    return BPF_STMT(BPF_RET | BPF_K, action);
}

constexpr sock_filter jump_if_equal(long value, std::size_t then, std::size_t otherwise) {
    return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(value),
                    static_cast<std::uint8_t>(then), static_cast<std::uint8_t>(otherwise));
}

// The architecture is checked first, because the numbers of another one mean other calls. Those of
// the x32 interface carry a bit of their own, so they match nothing in the list.
constexpr std::array<sock_filter, instruction_count> make_filter() {
    std::array<sock_filter, instruction_count> filter{};
    filter[0] = load(offsetof(seccomp_data, arch));
    filter[1] = jump_if_equal(own_architecture, 1, 0);
    filter[2] = answer(SECCOMP_RET_KILL_PROCESS);
    filter[3] = load(offsetof(seccomp_data, nr));
    for (std::size_t i = 0; i < call_count; ++i)
        filter[head_instructions + i] = jump_if_equal(allowed_calls[i], call_count - i, 0);
    filter[instruction_count - 2] = answer(SECCOMP_RET_KILL_PROCESS);
    filter[instruction_count - 1] = answer(SECCOMP_RET_ALLOW);
    return filter;
}

constexpr auto filter = make_filter();

}  // namespace

Status lock_down() {
    if (!can_lock_down)
        return error_from_errno(ENOSYS);
    // Without this only a privileged process may filter itself.
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return error_from_errno(errno);
    const sock_fprog program{.len = static_cast<unsigned short>(filter.size()),
                             .filter = const_cast<sock_filter*>(filter.data())};
    // SPEC_ALLOW: kernels before 5.16 slow down the memory accesses of a filtered thread, to keep
    // foreign code from guessing its secrets; here is neither foreign code nor a secret.
    constexpr unsigned flags = SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
    const long result = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
    if (result < 0)
        return error_from_errno(errno);
    if (result > 0)  // a thread that has a filter of its own
        return error_from_errno(EBUSY);
    return {};
}

}  // namespace kiln::platform

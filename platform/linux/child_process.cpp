#include "platform/linux/child_process.hpp"

#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/check.hpp"

#include "platform/linux/errno_error.hpp"

namespace kiln::platform {
namespace {

// What the child does between fork and exec: only what is safe there.
[[noreturn]] void become(char* const* arguments, std::span<const int> descriptors, int parent,
                         int error_pipe) {
    int failure = 0;
    if (!die_with_parent(parent))
        ::_exit(127);
    for (const int descriptor : descriptors)
        if (::fcntl(descriptor, F_SETFD, 0) != 0)
            failure = errno;
    if (failure == 0) {
        ::execv("/proc/self/exe", arguments);
        failure = errno;
    }
    [[maybe_unused]] const ssize_t told = ::write(error_pipe, &failure, sizeof(failure));
    ::_exit(127);
}

}  // namespace

bool die_with_parent(int parent_pid) {
    return ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && ::getppid() == parent_pid;
}

ChildProcess::~ChildProcess() {
    if (is_running())
        (void)kill();
}

Status ChildProcess::start(const std::vector<std::string>& arguments,
                           std::span<const int> descriptors) {
    CHECK(!is_running());
    std::vector<char*> pointers;
    for (const std::string& argument : arguments)
        pointers.push_back(const_cast<char*>(argument.c_str()));
    pointers.push_back(nullptr);
    int pipe[2];  // closed by exec; written to when exec fails
    if (::pipe2(pipe, O_CLOEXEC) != 0)
        return error_from_errno(errno);
    const int parent = ::getpid();
    const int child = ::fork();
    if (child == 0)
        become(pointers.data(), descriptors, parent, pipe[1]);
    const int fork_error = errno;
    ::close(pipe[1]);
    if (child < 0) {
        ::close(pipe[0]);
        return error_from_errno(fork_error);
    }
    pid_ = child;
    int failure = 0;
    ssize_t length = 0;
    do
        length = ::read(pipe[0], &failure, sizeof(failure));
    while (length < 0 && errno == EINTR);
    ::close(pipe[0]);
    if (length == static_cast<ssize_t>(sizeof(failure))) {
        (void)wait(0);
        return error_from_errno(failure);
    }
    descriptor_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
    return {};
}

std::optional<ChildEnd> ChildProcess::wait(int options) {
    int status = 0;
    int waited = 0;
    do
        waited = ::waitpid(pid_, &status, options);
    while (waited < 0 && errno == EINTR);
    if (waited == 0)
        return std::nullopt;
    CHECK(waited == pid_);
    pid_ = -1;
    if (descriptor_ >= 0)
        ::close(descriptor_);
    descriptor_ = -1;
    ChildEnd end;
    if (WIFSIGNALED(status))
        end.signal = WTERMSIG(status);
    else
        end.exit_code = WEXITSTATUS(status);
    return end;
}

std::optional<ChildEnd> ChildProcess::poll() {
    return is_running() ? wait(WNOHANG) : std::nullopt;
}

ChildEnd ChildProcess::kill() {
    CHECK(is_running());
    (void)::kill(pid_, SIGKILL);
    return *wait(0);
}

}  // namespace kiln::platform

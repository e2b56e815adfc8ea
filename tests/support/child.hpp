// Runs a piece of a test in a process of its own: to give up privileges, to be killed, to hold a
// lock.
#pragma once

#include <cerrno>

#include <sys/wait.h>
#include <unistd.h>

#include "core/base/check.hpp"

namespace kiln::test {

// How a child ended: the exit status of main(), or 128 and the signal, as a shell says it.
inline int wait_for(pid_t child) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0)
        CHECK(errno == EINTR);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

// Forks; the child does `work`, which returns its exit status, and nothing of the parent's
// clean-up.
template <typename Work>
pid_t start_child(Work&& work) {
    const pid_t child = ::fork();
    CHECK(child >= 0);
    if (child == 0)
        ::_exit(work());
    return child;
}

template <typename Work>
int run_child(Work&& work) {
    return wait_for(start_child(work));
}

}  // namespace kiln::test

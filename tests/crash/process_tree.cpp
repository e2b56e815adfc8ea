#include "tests/crash/process_tree.hpp"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>
#include <string_view>

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/check.hpp"
#include "core/checkpoint/catalog.hpp"

namespace kiln::test {
namespace {

constexpr int refused_exit_code = 99;
constexpr long trace_options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                               PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;

// How a system call names what it changes.
enum class Target { descriptor, path, path_at, rename, rename_at, create_at, create };

struct ChangingCall {
    long number;
    const char* name;
    Target target;
};

constexpr ChangingCall changing_calls[] = {
    {SYS_openat, "openat", Target::create_at},
    {SYS_write, "write", Target::descriptor},
    {SYS_pwrite64, "pwrite", Target::descriptor},
    {SYS_writev, "writev", Target::descriptor},
    {SYS_pwritev, "pwritev", Target::descriptor},
    {SYS_sync_file_range, "sync_file_range", Target::descriptor},
    {SYS_fadvise64, "fadvise", Target::descriptor},
    {SYS_fallocate, "fallocate", Target::descriptor},
    {SYS_ftruncate, "ftruncate", Target::descriptor},
    {SYS_fsync, "fsync", Target::descriptor},
    {SYS_fdatasync, "fdatasync", Target::descriptor},
    {SYS_close, "close", Target::descriptor},
    {SYS_renameat2, "renameat2", Target::rename_at},
    {SYS_unlinkat, "unlinkat", Target::path_at},
    {SYS_mkdirat, "mkdirat", Target::path_at},
    {SYS_linkat, "linkat", Target::rename_at},
#ifdef SYS_renameat
    {SYS_renameat, "renameat", Target::rename_at},
#endif
#ifdef SYS_open  // the older calls that 64-bit ARM does not have
    {SYS_open, "open", Target::create},
    {SYS_creat, "creat", Target::path},
    {SYS_rename, "rename", Target::rename},
    {SYS_unlink, "unlink", Target::path},
    {SYS_mkdir, "mkdir", Target::path},
    {SYS_rmdir, "rmdir", Target::path},
#endif
};

std::string link_target(const std::string& link) {
    char target[PATH_MAX];
    const ssize_t length = ::readlink(link.c_str(), target, sizeof(target));
    return length < 0 ? "" : std::string(target, static_cast<std::size_t>(length));
}

std::string read_text(pid_t thread, std::uint64_t address) {
    std::string text;
    while (text.size() < PATH_MAX) {
        // Not across a page's end, behind which nothing may be mapped.
        char piece[256];
        const std::size_t room = std::min<std::size_t>(sizeof(piece), 4096 - address % 4096);
        const iovec local{piece, room};
        const iovec remote{std::bit_cast<void*>(address), room};
        const ssize_t count = ::process_vm_readv(thread, &local, 1, &remote, 1, 0);
        if (count <= 0)
            return text;
        const std::string_view read(piece, static_cast<std::size_t>(count));
        const std::size_t end = read.find('\0');
        text += read.substr(0, end);
        if (end != std::string_view::npos)
            return text;
        address += static_cast<std::uint64_t>(count);
    }
    return text;
}

std::string path_of_descriptor(pid_t thread, std::uint64_t descriptor) {
    const std::string process = "/proc/" + std::to_string(thread);
    if (static_cast<int>(descriptor) == AT_FDCWD)
        return link_target(process + "/cwd");
    return link_target(process + "/fd/" + std::to_string(static_cast<int>(descriptor)));
}

std::string path_at(pid_t thread, std::uint64_t descriptor, std::uint64_t text) {
    const std::string path = read_text(thread, text);
    return path.starts_with('/') ? path : path_of_descriptor(thread, descriptor) + "/" + path;
}

// A point that a thread is at: the call, and the path it is about; of a rename the new one.
struct Point {
    const ChangingCall* call;
    std::string path;
};

class Tree {
  public:
    Tree(std::string directory, std::uint64_t kill_point, KillTime when, Victim victim)
        : directory_(std::move(directory)), kill_point_(kill_point), when_(when), victim_(victim) {}

    TreeRun run(const std::vector<std::string>& command, const std::string& log) {
        start(command, log);
        for (;;) {
            int status = 0;
            const pid_t thread = ::waitpid(-1, &status, __WALL);
            if (thread < 0 && errno == EINTR)
                continue;
            if (thread < 0)
                break;  // nobody is left
            if (WIFSTOPPED(status))
                on_stop(thread, status);
            else
                on_end(thread, status);
        }
        return result_;
    }

  private:
    void start(const std::vector<std::string>& command, const std::string& log) {
        std::vector<char*> arguments;
        arguments.reserve(command.size() + 1);
        for (const std::string& argument : command)
            arguments.push_back(const_cast<char*>(argument.c_str()));
        arguments.push_back(nullptr);
        root_ = ::fork();
        CHECK(root_ >= 0);
        if (root_ != 0)
            return;
        const int null = ::open("/dev/null", O_RDWR);
        const int errors = ::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
        if (null < 0 || errors < 0 || ::dup2(null, 0) < 0 || ::dup2(null, 1) < 0 ||
            ::dup2(errors, 2) < 0)
            ::_exit(refused_exit_code);
        // The leak checker of an instrumented program cannot work under ptrace.
        ::setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
        if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0)
            ::_exit(refused_exit_code);
        ::raise(SIGSTOP);
        ::execv(arguments[0], arguments.data());
        ::_exit(127);
    }

    void on_end(pid_t thread, int status) {
        threads_.erase(thread);
        if (thread != root_)
            return;
        result_.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        if (!is_traced_ && result_.exit_code == refused_exit_code)
            result_.refusal = "the kernel refuses PTRACE_TRACEME";
    }

    void on_stop(pid_t thread, int status) {
        const int signal = WSTOPSIG(status);
        const bool is_event = status >> 16 != 0;
        const bool is_new = threads_.count(thread) == 0;
        threads_[thread];
        if (is_new && ::ptrace(PTRACE_SETOPTIONS, thread, nullptr, trace_options) != 0 &&
            errno != ESRCH) {
            result_.refusal = std::string("PTRACE_SETOPTIONS: ") + std::strerror(errno);
            kill_all();
        }
        is_traced_ = true;
        if (is_killing_)
            kill_all();  // started while the others were being killed
        else if (signal == (SIGTRAP | 0x80))
            on_call(thread);
        // A new thread begins with a SIGSTOP of the tracer's making; so did the first.
        const bool is_real = !is_event && signal != (SIGTRAP | 0x80) && signal != SIGTRAP &&
                             !(is_new && signal == SIGSTOP);
        // It may be gone already.
        (void)::ptrace(PTRACE_SYSCALL, thread, nullptr, is_real ? static_cast<long>(signal) : 0L);
    }

    void on_call(pid_t thread) {
        __ptrace_syscall_info info;
        if (::ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof(info), &info) < 0) {
            if (errno != ESRCH) {
                result_.refusal = std::string("PTRACE_GET_SYSCALL_INFO: ") + std::strerror(errno);
                kill_all();
            }
            return;
        }
        std::optional<Point>& point = threads_[thread];
        if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
            point = point_of(thread, info.entry.nr, info.entry.args);
            if (!point)
                return;
            ++result_.points;
            result_.last_call = std::string(point->call->name) + " " + point->path;
            number_at_[thread] = result_.points;
            if (when_ == KillTime::before && result_.points == kill_point_)
                strike(thread);
        } else if (info.op == PTRACE_SYSCALL_INFO_EXIT && point) {
            if (info.exit.rval == 0)
                note_durability(*point);
            if (when_ == KillTime::after && number_at_[thread] == kill_point_)
                strike(thread);
            point.reset();
        }
    }

    bool is_inside(const std::string& path) const {
        return path == directory_ || path.starts_with(directory_ + "/");
    }

    std::optional<Point> point_of(pid_t thread, std::uint64_t number,
                                  const std::uint64_t* arguments) {
        for (const ChangingCall& call : changing_calls) {
            if (static_cast<std::uint64_t>(call.number) != number)
                continue;
            const std::string path = path_of(thread, call.target, arguments);
            if (is_inside(path))
                return Point{&call, path};
        }
        return {};
    }

    // Empty if the call changes nothing.
    static std::string path_of(pid_t thread, Target target, const std::uint64_t* arguments) {
        constexpr auto here = static_cast<std::uint64_t>(AT_FDCWD);
        switch (target) {
            case Target::descriptor:
                return path_of_descriptor(thread, arguments[0]);
            case Target::path:
                return path_at(thread, here, arguments[0]);
            case Target::path_at:
                return path_at(thread, arguments[0], arguments[1]);
            case Target::rename:
                return path_at(thread, here, arguments[1]);
            case Target::rename_at:
                return path_at(thread, arguments[2], arguments[3]);
            case Target::create:
                return (arguments[1] & O_CREAT) == 0 ? "" : path_at(thread, here, arguments[0]);
            case Target::create_at:
                return (arguments[2] & O_CREAT) == 0 ? ""
                                                     : path_at(thread, arguments[0], arguments[1]);
        }
        return "";
    }

    // After a call that succeeded.
    void note_durability(const Point& point) {
        const std::size_t slash = point.path.rfind('/');
        if (std::string_view(point.call->name).starts_with("rename")) {
            FileName name;
            const std::string text = point.path.substr(slash + 1);
            if (text.size() >= FileName::capacity)
                return;
            std::memcpy(name.text, text.data(), text.size());
            if (const auto games = parse_checkpoint_file_name(name); games)
                renamed_ = {point.path.substr(0, slash), games.value()};
        } else if (std::string_view(point.call->name) == "fsync" &&
                   point.path == renamed_.directory) {
            result_.durable_games = renamed_.games;
        }
    }

    void strike(pid_t thread) {
        if (victim_ == Victim::tree)
            return kill_all();
        result_.was_killed = true;
        (void)::kill(thread, SIGKILL);  // of a thread: its whole process
    }

    // The one that is at the point stands still, so it goes last and can do nothing in between.
    void kill_all() {
        is_killing_ = true;
        result_.was_killed = result_.refusal.empty();
        for (auto thread = threads_.rbegin(); thread != threads_.rend(); ++thread)
            (void)::kill(thread->first, SIGKILL);
    }

    struct Renamed {
        std::string directory;
        std::uint64_t games = 0;
    };

    std::string directory_;
    std::uint64_t kill_point_;
    KillTime when_;
    Victim victim_;
    TreeRun result_;
    pid_t root_ = -1;
    bool is_traced_ = false;
    bool is_killing_ = false;
    std::map<pid_t, std::optional<Point>> threads_;  // and the point each of them is at
    std::map<pid_t, std::uint64_t> number_at_;
    Renamed renamed_;
};

}  // namespace

TreeRun run_tree(const std::vector<std::string>& command, const std::string& directory,
                 std::uint64_t kill_point, KillTime when, Victim victim, const std::string& log) {
    return Tree(directory, kill_point, when, victim).run(command, log);
}

}  // namespace kiln::test

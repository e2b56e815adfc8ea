#include "app/log_history.hpp"

#include <cerrno>
#include <new>

#include <fcntl.h>
#include <unistd.h>

#include "app/lasting_lines.hpp"
#include "app/log_follower.hpp"

namespace kiln::app {
namespace {

constexpr std::uint64_t log_piece_bytes = 1'000'000;
constexpr std::size_t pending_limit = 64u << 10;

// Writes what is pending. False, with errno.
bool write_all(int file, std::string& pending) {
    std::string_view rest = pending;
    while (!rest.empty()) {
        const ssize_t count = ::write(file, rest.data(), rest.size());
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0) {
            errno = count == 0 ? EIO : errno;
            return false;
        }
        rest.remove_prefix(static_cast<std::size_t>(count));
    }
    pending.clear();
    return true;
}

bool write_lines(int file, const LastingLines& lines) {
    std::string pending;
    bool is_written = true;
    lines.give([&](const std::string& line) {
        if (!is_written)
            return;
        pending += line + "\n";
        if (pending.size() > pending_limit)
            is_written = write_all(file, pending);
    });
    // On disk before it has its name: what it was made of is removed then.
    return is_written && write_all(file, pending) && ::fsync(file) == 0;
}

int write_file(const std::string& path, const std::string& unfinished, const LastingLines& lines) {
    const int file =
        ::open(unfinished.c_str(),
               O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
    if (file < 0)
        return errno;
    int reason = write_lines(file, lines) ? 0 : errno;
    if (::close(file) != 0 && reason == 0)
        reason = errno;
    if (reason == 0 && ::rename(unfinished.c_str(), path.c_str()) != 0)
        reason = errno;
    if (reason != 0)
        (void)::unlink(unfinished.c_str());
    return reason;
}

}  // namespace

int write_history(const std::string& state, const LogStamp& until, std::uint64_t bytes_max) try {
    const std::string directory = state + "/logs/";
    std::error_code error;
    const LogListing there = list_logs(directory, error);
    if (error)
        return error.value();
    if (!there.histories.empty()) {
        const LogStamp& newest = *there.histories.rbegin();
        if (until <= newest)
            return 0;
        // One that is there and cannot be read is not replaced by one that begins later.
        if (::access((directory + history_name(newest)).c_str(), R_OK) != 0)
            return errno;
    }
    LastingLines lines(bytes_max);
    LogFollower follower(state, until);
    while (follower.read([&](std::string_view line) { lines.add(line); }, log_piece_bytes)) {
    }
    if (const int reason =
            write_file(directory + history_name(until), directory + "history.tmp", lines);
        reason != 0)
        return reason;
    for (const LogStamp& older : there.histories)
        (void)::unlink((directory + history_name(older)).c_str());
    return 0;
} catch (const std::bad_alloc&) {
    return ENOMEM;
}

}  // namespace kiln::app

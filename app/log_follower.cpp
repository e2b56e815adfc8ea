#include "app/log_follower.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace kiln::app {
namespace {

constexpr std::size_t piece_bytes = 64u << 10;

}  // namespace

bool LogFollower::read(const LineSink& sink, std::uint64_t bytes_max) {
    const std::uint64_t before = bytes_;
    const std::string problem_before = std::exchange(problem_, "");
    bool is_more = true;
    while (is_more && bytes_ - before < bytes_max)
        is_more = (descriptor_ >= 0 && read_some(sink)) || open_next();
    if (problem_.empty() && bytes_ == before)
        problem_ = problem_before;  // nothing says that it is over
    return is_more;
}

bool LogFollower::read_some(const LineSink& sink) {
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0)
        return false;
    const auto length = static_cast<std::uint64_t>(std::max<off_t>(status.st_size, 0));
    if (length < offset_) {  // what could not be written whole was cut off again
        offset_ = length;
        partial_.clear();
        is_overlong_ = false;
    }
    char bytes[piece_bytes];
    ssize_t count = -1;
    do
        count = ::pread(descriptor_, bytes, sizeof(bytes), static_cast<off_t>(offset_));
    while (count < 0 && errno == EINTR);
    if (count < 0) {
        problem_ = fmt::format("{}: {}", path_, std::strerror(errno));
        close();
    }
    if (count <= 0)
        return false;
    offset_ += static_cast<std::uint64_t>(count);
    bytes_ += static_cast<std::uint64_t>(count);
    take(sink, {bytes, static_cast<std::size_t>(count)});
    return true;
}

void LogFollower::take(const LineSink& sink, std::string_view bytes) {
    while (!bytes.empty()) {
        const std::size_t end = std::min(bytes.find('\n'), bytes.size());
        const std::string_view piece = bytes.substr(0, end);
        is_overlong_ = is_overlong_ || partial_.size() + piece.size() > line_bytes_max;
        if (is_overlong_)
            partial_.clear();
        else
            partial_ += piece;
        if (end == bytes.size())
            return;
        end_line(sink);
        bytes.remove_prefix(end + 1);
    }
}

void LogFollower::end_line(const LineSink& sink) {
    if (is_overlong_)
        ++skipped_lines_;
    else if (!partial_.empty())
        sink(partial_);
    partial_.clear();
    is_overlong_ = false;
}

// The file after the one that was read.
bool LogFollower::open_next() {
    std::error_code error;
    const LogListing listing = list_logs(directory_, error);
    if (error && error != std::errc::no_such_file_or_directory)
        problem_ = fmt::format("{}: {}", directory_, error.message());
    const bool is_history = !stamp_ && !listing.histories.empty();
    const std::set<LogStamp>& logs = is_history ? listing.histories : listing.json_logs;
    const auto next = is_history ? std::prev(logs.end())
                      : stamp_   ? logs.upper_bound(*stamp_)
                                 : logs.begin();
    if (next == logs.end() || (until_ && *next > *until_))
        return false;
    // It may have grown between the last look and the beginning of the next file.
    if (descriptor_ >= 0) {
        struct stat status {};
        if (::fstat(descriptor_, &status) == 0 &&
            static_cast<std::uint64_t>(status.st_size) > offset_)
            return true;
    }
    close();
    if (!partial_.empty() || is_overlong_)
        ++skipped_lines_;
    partial_.clear();
    is_overlong_ = false;
    stamp_ = *next;
    path_ = directory_ + "/" + (is_history ? history_name(*next) : pair_name(*next) + ".jsonl");
    offset_ = 0;
    descriptor_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status {};
    if (descriptor_ >= 0 && ::fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode)) {
        ++files_;
        return true;
    }
    if (is_history && descriptor_ < 0 && errno == ENOENT &&
        !std::exchange(has_missed_history_, true)) {
        stamp_.reset();  // a newer one has just taken its place
        return true;
    }
    problem_ = fmt::format("{}: {}", path_,
                           descriptor_ < 0 ? std::strerror(errno) : "it is not a regular file");
    close();
    return true;
}

void LogFollower::close() {
    if (descriptor_ >= 0)
        ::close(descriptor_);
    descriptor_ = -1;
}

}  // namespace kiln::app

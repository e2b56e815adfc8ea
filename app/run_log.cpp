#include "app/run_log.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/log_history.hpp"
#include "app/text.hpp"

namespace kiln::app {
namespace {

// What is written in one go when nobody flushes.
constexpr std::size_t pending_limit = 64 * 1024;
// More would mean that something else takes names in a loop.
constexpr int names_tried = 1000;

std::string time_text(RunLog::Time time) {
    const auto milliseconds =
        std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                       fmt::gmtime(std::chrono::system_clock::to_time_t(time)),
                       (milliseconds % 1000 + 1000) % 1000);
}

}  // namespace

RunLog::RunLog(const std::string& state, Severity threshold,
               std::function<void(const std::string&)> warn, const Limits& limits,
               std::function<Time()> now)
    : threshold_(threshold), warn_(std::move(warn)), limits_(limits), now_(std::move(now)) {
    std::error_code unknown;  // where we are: then the path as it was given does
    const std::filesystem::path absolute = std::filesystem::absolute(state, unknown);
    state_ = (unknown ? std::filesystem::path(state) : absolute).string();
    directory_ = state_ + "/logs";
    (void)open_pair();
}

RunLog::~RunLog() {
    flush();
    close_pair();
}

void RunLog::write(const LogEntry& entry) {
    if (entry.severity < threshold_)
        return;
    if (is_broken_) {
        ++dropped_lines_;
        ++lost_lines_;
        return;
    }
    append(entry);
    ++pending_lines_;
    if (entry.severity >= Severity::warning || text_.pending.size() > pending_limit ||
        json_.pending.size() > pending_limit)
        flush();
}

void RunLog::append(const LogEntry& entry) {
    const std::string time = time_text(now_());
    text_.pending +=
        fmt::format("{} {:<7} {}\n", time, name_of(entry.severity), on_one_line(entry.text));
    Json line = {{"time", time},
                 {"level", name_of(entry.severity)},
                 {"event", entry.event},
                 {"text", entry.text}};
    line.update(entry.fields);
    json_.pending += dump_line(line) + "\n";
}

void RunLog::flush() {
    if (!is_broken_ && pending_lines_ == 0)
        return;
    const bool is_full = text_.bytes + json_.bytes + text_.pending.size() + json_.pending.size() >
                         limits_.pair_bytes;
    if ((is_full || !is_usable()) && !open_pair())
        return;
    if (is_broken_)
        append({Severity::warning,
                "log_resumed",
                fmt::format("lines missing here: {}; the log could not be written", lost_lines_),
                {{"dropped_lines", lost_lines_}}});
    const std::uint64_t text_before = text_.bytes;
    if (!write_pending(text_))
        return lose(errno);
    if (!write_pending(json_)) {
        const int reason = errno;
        cut(text_, text_before);  // both files tell the same
        return lose(reason);
    }
    is_broken_ = false;
    pending_lines_ = 0;
    lost_lines_ = 0;
}

// Whether what is written would be found in the directory. A file that was removed can still be
// written to, for nobody.
bool RunLog::is_usable() {
    for (const File* file : {&text_, &json_}) {
        struct stat status {};
        if (file->descriptor < 0 || ::fstat(file->descriptor, &status) != 0 || status.st_nlink == 0)
            return false;
    }
    return true;
}

bool RunLog::open_pair() {
    close_pair();
    if (::mkdir(directory_.c_str(), 0755) != 0 && errno != EEXIST) {
        lose(errno);
        return false;
    }
    std::error_code unknown;
    const LogListing there = list_logs(directory_, unknown);
    remove_old(there);
    LogStamp stamp = {
        fmt::format("{:%Y%m%d_%H%M%S}", fmt::gmtime(std::chrono::system_clock::to_time_t(now_())))};
    for (const auto* older : {&there.pairs, &there.histories})
        for (const LogStamp& taken : *older)
            if (taken >= stamp)
                stamp = {taken.time, taken.number + 1};
    errno = EEXIST;
    for (int tried = 0; tried < names_tried && errno == EEXIST; ++tried, ++stamp.number) {
        const std::string name = pair_name(stamp);
        if (!open_new(text_, name + ".log"))
            continue;
        if (open_new(json_, name + ".jsonl"))
            return true;
        const int reason = errno;
        (void)::unlink(text_.path.c_str());
        close_pair();
        errno = reason;
    }
    lose(errno);
    return false;
}

bool RunLog::open_new(File& file, const std::string& name) {
    const std::string path = directory_ + "/" + name;
    file.descriptor =
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
    if (file.descriptor < 0)
        return false;
    file.path = path;
    file.bytes = 0;
    return true;
}

void RunLog::close_pair() {
    for (File* file : {&text_, &json_}) {
        if (file->descriptor >= 0)
            ::close(file->descriptor);
        file->descriptor = -1;
    }
}

void RunLog::cut(File& file, std::uint64_t bytes) {
    if (::ftruncate(file.descriptor, static_cast<off_t>(bytes)) == 0)
        file.bytes = bytes;
}

// False, with errno: not all of it could be written, and the file is as long as before.
bool RunLog::write_pending(File& file) {
    std::string_view rest = file.pending;
    while (!rest.empty()) {
        const ssize_t count = ::write(file.descriptor, rest.data(), rest.size());
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0) {
            const int reason = count == 0 ? EIO : errno;
            cut(file, file.bytes);
            errno = reason;
            return false;
        }
        rest.remove_prefix(static_cast<std::size_t>(count));
    }
    file.bytes += file.pending.size();
    file.pending.clear();
    return true;
}

std::uint64_t RunLog::bytes_of(const LogStamp& stamp) const {
    std::uint64_t bytes = 0;
    for (const char* extension : {".log", ".jsonl"}) {
        std::error_code unknown;
        const std::uintmax_t size =
            std::filesystem::file_size(directory_ + "/" + pair_name(stamp) + extension, unknown);
        bytes += unknown ? 0 : size;
    }
    return bytes;
}

// Makes room for the pair that begins. What cannot be removed stays.
void RunLog::remove_old(const LogListing& there) {
    const auto remove = [&](const std::string& name) {
        (void)::unlink((directory_ + "/" + name).c_str());
    };
    std::uint64_t total = 0;
    for (const LogStamp& stamp : there.pairs)
        total += bytes_of(stamp);
    std::size_t count = there.pairs.size();
    const std::uint64_t room =
        limits_.total_bytes -
        std::min(limits_.total_bytes, limits_.pair_bytes + limits_.history_bytes);
    std::vector<LogStamp> old;
    for (const LogStamp& stamp : there.pairs) {
        const bool is_covered = !there.histories.empty() && stamp <= *there.histories.rbegin();
        if (!is_covered && count < limits_.pairs && total <= room)
            break;
        old.push_back(stamp);
        total -= bytes_of(stamp);
        --count;
    }
    // The text goes first: what lasts needs room too, and is made of the JSON lines.
    for (const LogStamp& stamp : old)
        remove(pair_name(stamp) + ".log");
    if (!old.empty())
        keep_lasting(old.back());
    for (const LogStamp& stamp : old)
        remove(pair_name(stamp) + ".jsonl");
}

// Whether or not it can be kept, the pairs go: the log stays within its bytes.
void RunLog::keep_lasting(const LogStamp& until) {
    const int reason = write_history(state_, until, limits_.history_bytes);
    const bool is_news = reason != 0 && !is_history_broken_;
    is_history_broken_ = reason != 0;
    if (is_news)
        warn_(
            fmt::format("what lasts of old logs in {} cannot be kept: {}; training goes on, the "
                        "charts will lack it",
                        directory_, std::strerror(reason)));
}

// The lines that wait are lost, and those that come until flush() succeeds.
void RunLog::lose(int number) {
    text_.pending.clear();
    json_.pending.clear();
    dropped_lines_ += pending_lines_;
    lost_lines_ += pending_lines_;
    pending_lines_ = 0;
    const bool is_news = !is_broken_;
    is_broken_ = true;
    if (is_news)
        warn_(
            fmt::format("the log in {} cannot be written: {}; training goes on, lines are lost "
                        "until it can",
                        directory_, std::strerror(number)));
}

}  // namespace kiln::app

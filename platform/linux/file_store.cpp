#include "platform/linux/file_store.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <string_view>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "platform/linux/errno_error.hpp"

namespace kiln::platform {
namespace {

Error last_error() {
    return error_from_errno(errno);
}

int open_directory_at(const char* path) {
    return ::open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

// Names stay inside the directory.
bool is_plain(const FileName& name) {
    const std::string_view text{name.text, ::strnlen(name.text, FileName::capacity)};
    return !text.empty() && text.size() < FileName::capacity && text != "." && text != ".." &&
           text.find('/') == std::string_view::npos;
}

Status sync_path(const char* path) {
    const int directory = open_directory_at(path);
    if (directory < 0)
        return last_error();
    Status status;
    if (::fsync(directory) != 0)
        status = last_error();
    ::close(directory);
    return status;
}

// mkdir -p, and every directory that had to be made is made durable in its parent.
Status make_directories(const char* path) {
    char prefix[PATH_MAX];
    char parent[PATH_MAX] = {path[0] == '/' ? '/' : '.'};
    const std::size_t length = std::strlen(path);
    if (length >= sizeof(prefix))
        return error_from_errno(ENAMETOOLONG);
    for (std::size_t end = 1; end <= length; ++end) {
        // Stop after each component: at a slash, or at the end, that follows something else.
        if ((end < length && path[end] != '/') || path[end - 1] == '/')
            continue;
        std::memcpy(prefix, path, end);
        prefix[end] = '\0';
        if (::mkdir(prefix, 0755) == 0) {
            TRY(sync_path(parent));
        } else if (errno != EEXIST) {
            // A parent that exists may still answer EROFS or EACCES instead.
            const Error error = last_error();
            if (::access(prefix, F_OK) != 0)
                return error;
        }
        std::memcpy(parent, prefix, end + 1);
    }
    return {};
}

// What linux/dirent.h would declare, had it one: the record of getdents64, whose name follows it.
struct DirectoryRecord {
    std::uint64_t inode;
    std::int64_t next;
    std::uint16_t length;
    std::uint8_t type;
};
constexpr std::size_t record_name_offset = 19;

bool is_regular_file(int directory, const char* name, std::uint8_t type) {
    if (type != DT_UNKNOWN)
        return type == DT_REG;
    struct stat status {};
    return ::fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode);
}

}  // namespace

FileStore::~FileStore() {
    close_directory();
}

Status FileStore::open_directory(const char* path, bool create_if_missing) {
    close_directory();
    int directory = open_directory_at(path);
    if (directory < 0 && errno == ENOENT && create_if_missing) {
        TRY(make_directories(path));
        directory = open_directory_at(path);
    }
    if (directory < 0)
        return last_error();
    directory_ = directory;
    return {};
}

void FileStore::adopt_directory(int descriptor) {
    close_directory();
    directory_ = descriptor;
}

void FileStore::close_directory() {
    if (directory_ >= 0)
        ::close(directory_);
    directory_ = -1;
}

Status FileStore::lock() {
    // Held by the open directory itself: no lock file that a crash could leave behind.
    while (::flock(directory_, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK)
            return Error{.code = ErrorCode::already_exists, .detail = EWOULDBLOCK};
        if (errno != EINTR)
            return last_error();
    }
    return {};
}

Result<Store::File> FileStore::create(const FileName& name) {
    if (!is_plain(name))
        return error_from_errno(EINVAL);
    const int file = ::openat(directory_, name.text, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (file < 0)
        return last_error();
    if (Stream* stream = find_stream(-1); stream != nullptr)
        *stream = {.file = file};
    return file;
}

Result<Store::File> FileStore::open(const FileName& name) {
    if (!is_plain(name))
        return error_from_errno(EINVAL);
    // O_NONBLOCK: what looks like a checkpoint may be a pipe that nobody writes to.
    const int file = ::openat(directory_, name.text, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (file < 0)
        return last_error();
    // Checkpoints are read from one end to the other: twice the usual read-ahead.
    (void)::posix_fadvise(file, 0, 0, POSIX_FADV_SEQUENTIAL);
    return file;
}

Status FileStore::append(File file, std::span<const std::byte> bytes) {
    Stream* const stream = find_stream(file);
    while (!bytes.empty()) {
        // A window at a time, so that one long append is not one long stay in the page cache.
        const std::size_t wanted = std::min<std::size_t>(bytes.size(), window_bytes);
        const ssize_t count = ::write(file, bytes.data(), wanted);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return last_error();
        bytes = bytes.subspan(static_cast<std::size_t>(count));
        if (stream != nullptr) {
            stream->written_bytes += static_cast<std::uint64_t>(count);
            TRY(write_behind(*stream));
        }
    }
    return {};
}

// Starts the write-back of every full window, and waits for and drops the one before it: at most
// two windows and what was just written stay in the page cache.
Status FileStore::write_behind(Stream& stream) {
    constexpr auto window = static_cast<off64_t>(window_bytes);
    while (stream.written_bytes - stream.started_bytes >= window_bytes) {
        const auto start = static_cast<off64_t>(stream.started_bytes);
        int result = ::sync_file_range(stream.file, start, window, SYNC_FILE_RANGE_WRITE);
        if (result == 0 && start >= window) {
            constexpr unsigned settle =
                SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
            result = ::sync_file_range(stream.file, start - window, window, settle);
            (void)::posix_fadvise(stream.file, start - window, window, POSIX_FADV_DONTNEED);
        }
        // Waiting consumes an error of the device, so the fsync to come would not report it again.
        // Only file systems that cannot do this at all are let off: their files are kept whole.
        if (result != 0 && errno != ENOSYS && errno != EINVAL && errno != ESPIPE &&
            errno != EOPNOTSUPP)
            return last_error();
        stream.started_bytes += window_bytes;
    }
    return {};
}

Status FileStore::read(File file, std::uint64_t offset, std::span<std::byte> bytes) {
    const std::uint64_t end = offset + bytes.size();
    while (!bytes.empty()) {
        const ssize_t count = ::pread(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return last_error();
        if (count == 0)
            return Error{.code = ErrorCode::truncated, .detail = end};
        bytes = bytes.subspan(static_cast<std::size_t>(count));
        offset += static_cast<std::uint64_t>(count);
    }
    return {};
}

Result<std::uint64_t> FileStore::size(File file) {
    struct stat status {};
    if (::fstat(file, &status) != 0)
        return last_error();
    // A directory or a device can be opened, too, but has no contents of its own.
    if (!S_ISREG(status.st_mode))
        return error_from_errno(EINVAL);
    return static_cast<std::uint64_t>(status.st_size);
}

Status FileStore::sync(File file) {
    if (::fsync(file) != 0)
        return last_error();
    if (find_stream(file) != nullptr)
        (void)::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    return {};
}

Status FileStore::close(File file) {
    if (Stream* stream = find_stream(file); stream != nullptr)
        *stream = {};
    // Linux closes the descriptor even when a signal interrupts it.
    if (::close(file) != 0 && errno != EINTR)
        return last_error();
    return {};
}

Status FileStore::rename(const FileName& from, const FileName& to) {
    if (!is_plain(from) || !is_plain(to))
        return error_from_errno(EINVAL);
    if (::renameat(directory_, from.text, directory_, to.text) != 0)
        return last_error();
    return {};
}

Status FileStore::remove(const FileName& name) {
    if (!is_plain(name))
        return error_from_errno(EINVAL);
    if (::unlinkat(directory_, name.text, 0) != 0)
        return last_error();
    return {};
}

Status FileStore::sync_directory() {
    if (::fsync(directory_) != 0)
        return last_error();
    return {};
}

Result<std::size_t> FileStore::list(std::span<FileName> names) {
    // Not opendir(): it allocates.
    if (::lseek(directory_, 0, SEEK_SET) < 0)
        return last_error();
    std::size_t count = 0;
    alignas(8) char records[4096];
    for (;;) {
        const long filled = ::syscall(SYS_getdents64, directory_, records, sizeof(records));
        if (filled < 0)
            return last_error();
        if (filled == 0)
            return count;
        for (long at = 0; at < filled;) {
            DirectoryRecord record;
            std::memcpy(&record, records + at, sizeof(record));
            const char* const text = records + at + record_name_offset;
            at += record.length;
            if (std::strlen(text) >= FileName::capacity ||
                !is_regular_file(directory_, text, record.type))
                continue;
            if (count == names.size())
                return Error{.code = ErrorCode::too_many_files};
            names[count] = {};
            std::strcpy(names[count++].text, text);
        }
    }
}

FileStore::Stream* FileStore::find_stream(File file) {
    for (Stream& stream : streams_)
        if (stream.file == file)
            return &stream;
    return nullptr;
}

}  // namespace kiln::platform

#include "app/router/data_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/failure.hpp"
#include "app/text.hpp"
#include "platform/linux/errno_error.hpp"

namespace kiln::app {
namespace {

constexpr std::size_t buffer_bytes = 1u << 18;

ExitCode code_of(int error) {
    return error == ENOENT || error == ENOTDIR ? ExitCode::no_input
           : error == EACCES || error == EPERM ? ExitCode::permission
                                               : ExitCode::io_failed;
}

}  // namespace

InputFile::InputFile(const std::string& path, std::string origin, std::uint64_t most)
    : origin_(std::move(origin)),
      descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    const auto fail = [&](ExitCode code, const std::string& what) {
        if (descriptor_ >= 0)
            ::close(descriptor_);
        throw Failure(code, fmt::format("{}: {}", origin_, what));
    };
    struct stat about {};
    if (descriptor_ < 0 || ::fstat(descriptor_, &about) != 0)
        fail(code_of(errno), fmt::format("cannot be opened: {}", std::strerror(errno)));
    if (!S_ISREG(about.st_mode))
        fail(ExitCode::bad_data, "is no regular file; give a file that can be read twice");
    size_ = static_cast<std::uint64_t>(about.st_size);
    if (size_ > most)
        fail(ExitCode::bad_data, fmt::format("is {} long; files of data may have {}",
                                             format_bytes(size_), format_bytes(most)));
}

InputFile::~InputFile() {
    ::close(descriptor_);
}

Status InputFile::try_read(std::uint64_t offset, std::span<std::byte> bytes) const {
    for (std::size_t at = 0; at < bytes.size();) {
        const ::ssize_t got = ::pread(descriptor_, bytes.data() + at, bytes.size() - at,
                                      static_cast<::off_t>(offset + at));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return platform::error_from_errno(errno);
        if (got == 0)
            return Error{.code = ErrorCode::truncated, .detail = offset + bytes.size()};
        at += static_cast<std::size_t>(got);
    }
    return {};
}

void InputFile::read(std::uint64_t offset, std::span<std::byte> bytes) const {
    const Status status = try_read(offset, bytes);
    if (status)
        return;
    throw Failure(
        ExitCode::io_failed,
        status.error().code == ErrorCode::truncated
            ? fmt::format("{}: became shorter while it was read", origin_)
            : fmt::format("{}: cannot be read: {}", origin_, describe_error(status.error())));
}

OutputFile::OutputFile(const std::string& path)
    : path_(path),
      beside_(path + ".unfinished"),
      descriptor_(::open(beside_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) {
    if (descriptor_ < 0)
        throw Failure(ExitCode::cannot_create,
                      fmt::format("{}: cannot be made: {}", path, std::strerror(errno)));
}

OutputFile::~OutputFile() {
    if (descriptor_ < 0)
        return;
    ::close(descriptor_);
    (void)::unlink(beside_.c_str());
}

void OutputFile::fail(const char* what) const {
    throw Failure(ExitCode::io_failed, fmt::format("{}: {}: {}; what was there before is as it was",
                                                   path_, what, std::strerror(errno)));
}

void OutputFile::append(std::span<const std::byte> bytes) {
    if (buffer_.size() + bytes.size() > buffer_bytes)
        flush();
    if (bytes.size() > buffer_bytes) {
        write_at(flushed_bytes_, bytes);
        flushed_bytes_ += bytes.size();
    } else {
        buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    }
}

void OutputFile::flush() {
    write_at(flushed_bytes_, buffer_);
    flushed_bytes_ += buffer_.size();
    buffer_.clear();
}

void OutputFile::overwrite(std::uint64_t offset, std::span<const std::byte> bytes) {
    flush();
    write_at(offset, bytes);
}

void OutputFile::write_at(std::uint64_t offset, std::span<const std::byte> bytes) const {
    for (std::size_t at = 0; at < bytes.size();) {
        const ::ssize_t put = ::pwrite(descriptor_, bytes.data() + at, bytes.size() - at,
                                       static_cast<::off_t>(offset + at));
        if (put < 0 && errno != EINTR)
            fail("cannot be written");
        at += put < 0 ? 0 : static_cast<std::size_t>(put);
    }
}

void OutputFile::complete() {
    flush();
    if (::fsync(descriptor_) != 0)
        fail("cannot be written");
    if (::rename(beside_.c_str(), path_.c_str()) != 0)
        fail("cannot be put in place");
    ::close(std::exchange(descriptor_, -1));
}

}  // namespace kiln::app

#include "app/late_file.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/failure.hpp"

namespace kiln::app {
namespace {

// Where the name leads, whether or not anything is there.
std::string follow_links(const std::string& path) {
    constexpr int links_max = 40;  // as many as the kernel follows
    std::filesystem::path at = path;
    std::error_code error;
    for (int links = 0; links < links_max; ++links) {
        const std::filesystem::path target = std::filesystem::read_symlink(at, error);
        if (error)  // it is none
            return at;
        at = at.parent_path() / target;  // the target itself if that begins at the root
    }
    return at;
}

}  // namespace

LateFile::LateFile(const std::string& flag, const std::string& path) : flag_(flag), path_(path) {
    struct stat status {};
    const bool is_there = ::stat(path_.c_str(), &status) == 0;
    if (!is_there && errno != ENOENT)
        fail();
    if (is_there && S_ISDIR(status.st_mode)) {
        errno = EISDIR;
        fail();
    }
    if (is_there && !S_ISREG(status.st_mode)) {
        file_ = ::open(path_.c_str(), O_WRONLY | O_NOCTTY | O_CLOEXEC);
    } else {
        target_ = follow_links(path_);
        part_ = target_ + ".part";
        file_ = ::open(part_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    }
    if (file_ < 0)
        fail();
}

LateFile::~LateFile() {
    if (file_ < 0)
        return;
    ::close(file_);
    if (!part_.empty())
        (void)::unlink(part_.c_str());
}

void LateFile::finish(const std::string& contents) {
    for (std::size_t written = 0; written < contents.size();) {
        const ssize_t count = ::write(file_, contents.data() + written, contents.size() - written);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            fail();
        written += static_cast<std::size_t>(count);
    }
    if (!part_.empty() && (::fsync(file_) != 0 || ::rename(part_.c_str(), target_.c_str()) != 0))
        fail();
    ::close(file_);
    file_ = -1;
}

void LateFile::fail() const {
    const int error = errno;
    const ExitCode code = error == EACCES || error == EPERM || error == EROFS ? ExitCode::permission
                          : error == ENOENT || error == ENOTDIR || error == EISDIR
                              ? ExitCode::cannot_create
                              : ExitCode::io_failed;
    throw Failure(code, fmt::format("{}: cannot write {}: {}; give a file in a directory that "
                                    "exists and has room",
                                    flag_, path_, std::strerror(error)));
}

}  // namespace kiln::app

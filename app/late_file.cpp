#include "app/late_file.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/failure.hpp"

namespace kiln::app {

LateFile::LateFile(const std::string& flag, const std::string& path)
    : flag_(flag), path_(path), part_(path + ".part") {
    struct stat status {};
    if (::stat(path_.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
        errno = EISDIR;
        fail();
    }
    file_ = ::open(part_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file_ < 0)
        fail();
}

LateFile::~LateFile() {
    if (file_ < 0)
        return;
    ::close(file_);
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
    if (::fsync(file_) != 0 || ::rename(part_.c_str(), path_.c_str()) != 0)
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

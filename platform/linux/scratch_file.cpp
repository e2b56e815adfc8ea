#include "platform/linux/scratch_file.hpp"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "platform/linux/errno_error.hpp"

namespace kiln::platform {

ScratchFile::~ScratchFile() {
    if (!bytes_.empty())
        ::munmap(bytes_.data(), bytes_.size());
}

ScratchFile::ScratchFile(ScratchFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

ScratchFile& ScratchFile::operator=(ScratchFile&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
}

Status ScratchFile::map(const char* directory, std::uint64_t bytes) {
    CHECK(bytes > 0 && bytes_.empty());
    const int file = ::open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file < 0)
        return error_from_errno(errno);
    // Room that is missing is found out here; later it would be a signal.
    int error = ::posix_fallocate(file, 0, static_cast<::off_t>(bytes));
    void* place = MAP_FAILED;
    if (error == 0) {
        place = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        error = errno;
    }
    ::close(file);
    if (place == MAP_FAILED)
        return error_from_errno(error);
    bytes_ = {static_cast<std::byte*>(place), bytes};
    return {};
}

}  // namespace kiln::platform

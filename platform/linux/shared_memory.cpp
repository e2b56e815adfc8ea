#include "platform/linux/shared_memory.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/check.hpp"

#include "platform/linux/errno_error.hpp"

namespace kiln::platform {
namespace {

// A size that cannot change: nobody can take pages away under the other process.
constexpr int size_seals = F_SEAL_SHRINK | F_SEAL_GROW;

}  // namespace

SharedMemory::~SharedMemory() {
    if (!block_.empty())
        ::munmap(block_.data(), block_.size());
    if (descriptor_ >= 0)
        ::close(descriptor_);
}

Status SharedMemory::create(std::uint64_t bytes) {
    CHECK(descriptor_ < 0);
    const Error refused{.code = ErrorCode::out_of_memory, .detail = bytes};
    descriptor_ = ::memfd_create("kiln-page", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (descriptor_ < 0 || ::ftruncate(descriptor_, static_cast<off_t>(bytes)) != 0)
        return refused;
    if (::fcntl(descriptor_, F_ADD_SEALS, size_seals | F_SEAL_SEAL) != 0)
        return refused;
    return map(bytes);
}

Status SharedMemory::adopt(int descriptor, std::uint64_t bytes) {
    CHECK(descriptor_ < 0);
    descriptor_ = descriptor;
    struct stat status {};
    if (::fstat(descriptor, &status) != 0)
        return error_from_errno(errno);
    const int seals = ::fcntl(descriptor, F_GET_SEALS);  // -1 for other kinds of files
    if (status.st_size != static_cast<off_t>(bytes) || seals < 0 ||
        (seals & size_seals) != size_seals)
        return Error{.code = ErrorCode::io_failed};
    return map(bytes);
}

Status SharedMemory::map(std::uint64_t bytes) {
    void* const address =
        ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, descriptor_, 0);
    if (address == MAP_FAILED)
        return Error{.code = ErrorCode::out_of_memory, .detail = bytes};
    block_ = {static_cast<std::byte*>(address), bytes};
    return {};
}

}  // namespace kiln::platform

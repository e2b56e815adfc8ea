// ScratchFile: memory that lies on disk, in a file without a name.
//
// For what may be larger than memory: the kernel writes what is not being looked at to the disk,
// whose room is taken before map() returns. The file goes when the object goes, or the process.
// Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/base/result.hpp"

namespace kiln::platform {

class ScratchFile {
  public:
    ScratchFile() = default;
    ~ScratchFile();
    ScratchFile(ScratchFile&& other) noexcept;
    ScratchFile& operator=(ScratchFile&& other) noexcept;

    // Zero-filled. CHECK: bytes > 0. An error of the system if the file system of that directory
    // has no room, or no such files.
    Status map(const char* directory, std::uint64_t bytes);

    std::span<std::byte> span() const { return bytes_; }

  private:
    std::span<std::byte> bytes_;
};

}  // namespace kiln::platform

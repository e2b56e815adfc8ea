// Port: the directory that holds a run's checkpoints.
//
// The calls map one to one on what a file system can do and can fail at, so that a simulated disk
// can stand in and fail at each of them. Names are plain file names inside the one directory, at
// most name_capacity - 1 characters. One thread at a time. No call allocates after construction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/base/result.hpp"

namespace kiln {

struct FileName {
    static constexpr std::size_t capacity = 64;
    char text[capacity] = {};
};

class Store {
  public:
    using File = int;

    // Creates a new file for writing; fails with already_exists rather than replacing one.
    virtual Result<File> create(const FileName& name) = 0;
    // Opens an existing file for reading.
    virtual Result<File> open(const FileName& name) = 0;
    // Writes all bytes at the end of the file, or fails.
    virtual Status append(File file, std::span<const std::byte> bytes) = 0;
    // Reads exactly bytes.size() bytes at offset; truncated if the file ends before.
    virtual Status read(File file, std::uint64_t offset, std::span<std::byte> bytes) = 0;
    virtual Result<std::uint64_t> size(File file) = 0;
    // Makes the file's contents durable. After a failure the file must be given up, never synced
    // again.
    virtual Status sync(File file) = 0;
    virtual Status close(File file) = 0;
    virtual Status rename(const FileName& from, const FileName& to) = 0;
    virtual Status remove(const FileName& name) = 0;
    // Makes created, renamed and removed names durable.
    virtual Status sync_directory() = 0;
    // Fills names with the directory's regular files, in no particular order; returns how many.
    // too_many_files when they do not fit.
    virtual Result<std::size_t> list(std::span<FileName> names) = 0;

  protected:
    ~Store() = default;
};

}  // namespace kiln

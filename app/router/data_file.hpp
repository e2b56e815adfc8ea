// Files of data: read at any place, and written whole or not at all.
//
// Failures are thrown; `origin` is how the file was named.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/base/result.hpp"

namespace kiln::app {

// Largest file, and largest array in one, that is read.
constexpr std::uint64_t data_bytes_max = std::uint64_t{1} << 32;

// A regular file, open for reading as long as the object lives.
class InputFile {
  public:
    // Throws no_input, permission, io_failed, and bad_data for what is no regular file or too
    // large.
    InputFile(const std::string& path, std::string origin, std::uint64_t most = data_bytes_max);
    ~InputFile();
    InputFile(const InputFile&) = delete;
    InputFile& operator=(const InputFile&) = delete;

    std::uint64_t size() const { return size_; }
    // Exactly these bytes. Any thread; allocates nothing. io_failed, truncated.
    Status try_read(std::uint64_t offset, std::span<std::byte> bytes) const;
    // The same. Throws io_failed.
    void read(std::uint64_t offset, std::span<std::byte> bytes) const;

  private:
    std::string origin_;
    int descriptor_;
    std::uint64_t size_ = 0;
};

// A file that is made under another name beside its own, which it gets when it is complete.
class OutputFile {
  public:
    // Throws cannot_create.
    explicit OutputFile(const std::string& path);
    // Leaves nothing behind unless it was completed.
    ~OutputFile();
    OutputFile(const OutputFile&) = delete;
    OutputFile& operator=(const OutputFile&) = delete;

    // Throw io_failed; what was there before is as it was.
    void append(std::span<const std::byte> bytes);
    void overwrite(std::uint64_t offset, std::span<const std::byte> bytes);
    void complete();

  private:
    [[noreturn]] void fail(const char* what) const;
    void write_at(std::uint64_t offset, std::span<const std::byte> bytes) const;
    void flush();

    std::string path_;
    std::string beside_;
    int descriptor_;
    std::uint64_t flushed_bytes_ = 0;
    std::vector<std::byte> buffer_;  // what follows
};

}  // namespace kiln::app

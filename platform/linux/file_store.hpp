// FileStore: the Store port over one directory.
//
// The directory is opened once and every file is reached through it, so renaming the directory or
// changing the working directory does not matter. Appending keeps the page cache small: every
// window is sent to the device while the next one is filled, and dropped once it is there, because
// a memory limit on the service counts those pages too. Errors carry the system's number in detail.
// No allocation after construction. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/port/store.hpp"

namespace kiln::platform {

class FileStore final : public Store {
  public:
    static constexpr std::uint64_t window_bytes = 8u << 20;

    FileStore() = default;
    ~FileStore();
    FileStore(const FileStore&) = delete;
    FileStore& operator=(const FileStore&) = delete;

    // Opens the directory; with create_if_missing also makes it and its missing parents, durably.
    Status open_directory(const char* path, bool create_if_missing);
    // Uses a directory that is open already; the descriptor then belongs to this object.
    void adopt_directory(int descriptor);
    void close_directory();
    int directory_descriptor() const { return directory_; }

    // Claims the directory until its last open descriptor is closed, in this process and in those
    // that were handed it, however they end. already_exists: another process holds it.
    Status lock();

    Result<File> create(const FileName& name) override;
    Result<File> open(const FileName& name) override;
    Status append(File file, std::span<const std::byte> bytes) override;
    Status read(File file, std::uint64_t offset, std::span<std::byte> bytes) override;
    Result<std::uint64_t> size(File file) override;
    Status sync(File file) override;
    Status close(File file) override;
    Status rename(const FileName& from, const FileName& to) override;
    Status remove(const FileName& name) override;
    Status sync_directory() override;
    // Files whose names do not fit a FileName are left out: none of ours is that long.
    Result<std::size_t> list(std::span<FileName> names) override;

  private:
    // A file being written, and how far its pages went.
    struct Stream {
        File file = -1;
        std::uint64_t written_bytes = 0;
        std::uint64_t started_bytes = 0;  // write-back was started up to here
    };

    Stream* find_stream(File file);
    Status write_behind(Stream& stream);

    int directory_ = -1;
    Stream streams_[4];  // more than one is unusual; a file beyond four is written without windows
};

}  // namespace kiln::platform

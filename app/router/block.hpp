// Block: bytes outside the cold heap, as long as the object lives.
//
// Data files may be larger than the heap that everything else of the cold half lives in. Reading
// bounds what it takes before it takes it. Failures are thrown; `origin` is how the file was named.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "platform/linux/mapping.hpp"

namespace kiln::app {

class Block {
  public:
    Block() = default;
    // Zero-filled. Throws system_refuses.
    explicit Block(std::uint64_t bytes);

    std::span<std::byte> bytes() const { return bytes_; }
    std::span<float> floats() const {
        return {reinterpret_cast<float*>(bytes_.data()), bytes_.size() / sizeof(float)};
    }

  private:
    platform::Mapping mapping_;
    std::span<std::byte> bytes_;
};

// Largest file, and largest array in one, that is read.
constexpr std::uint64_t data_bytes_max = std::uint64_t{1} << 32;

// The whole file. Throws no_input, permission, io_failed, and bad_data for what is no regular file
// or too large.
Block read_block(const std::string& path, const std::string& origin);

// Writes a file whole or not at all: to a name beside it that is then renamed. Throws cannot_create
// and io_failed.
void write_whole(const std::string& path, std::span<const std::byte> bytes);

// What zlib or gzip packed, `bytes` long when unpacked. Throws bad_data, with `origin`.
enum class Packing { deflate, gzip };
void unpack(Packing packing, std::span<const std::byte> packed, std::span<std::byte> to,
            const std::string& origin);
// How long it is. Throws bad_data also beyond `most`.
std::uint64_t unpacked_bytes(Packing packing, std::span<const std::byte> packed, std::uint64_t most,
                             const std::string& origin);

}  // namespace kiln::app

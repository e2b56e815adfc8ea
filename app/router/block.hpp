// Block: bytes outside the cold heap, as long as the object lives.
//
// Data files may be larger than the heap that everything else of the cold half lives in, and larger
// than memory: a large block lies in a file without a name, so that the kernel may write what is
// not being looked at to disk. Reading bounds what it takes before it takes it. Failures are
// thrown; `origin` is how the file was named.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "app/router/data_file.hpp"
#include "platform/linux/mapping.hpp"
#include "platform/linux/scratch_file.hpp"

namespace kiln::app {

class Block {
  public:
    Block() = default;
    // Zero-filled. Beyond in_memory_max in $TMPDIR, or /var/tmp, and where that has no room in
    // memory all the same. Throws system_refuses.
    explicit Block(std::uint64_t bytes);
    static constexpr std::uint64_t in_memory_max = 64u << 20;

    std::span<std::byte> bytes() const { return bytes_; }
    std::span<float> floats() const {
        return {reinterpret_cast<float*>(bytes_.data()), bytes_.size() / sizeof(float)};
    }

  private:
    platform::Mapping mapping_;
    platform::ScratchFile scratch_;
    std::span<std::byte> bytes_;
};

// Numbers, or records without constructors, in a block.
template <typename T>
class BlockOf {
  public:
    BlockOf() = default;
    explicit BlockOf(std::uint64_t count) : block_(count * sizeof(T)) {}

    std::span<T> span() const {
        return {reinterpret_cast<T*>(block_.bytes().data()), block_.bytes().size() / sizeof(T)};
    }

  private:
    Block block_;
};

// The whole file. Throws as InputFile does.
Block read_block(const std::string& path, const std::string& origin);

// Writes a file whole or not at all. Throws as OutputFile does.
void write_whole(const std::string& path, std::span<const std::byte> bytes);

// What zlib or gzip packed, `bytes` long when unpacked. Throws bad_data, with `origin`.
enum class Packing { deflate, gzip };
void unpack(Packing packing, std::span<const std::byte> packed, std::span<std::byte> to,
            const std::string& origin);
// How long it is. Throws bad_data also beyond `most`.
std::uint64_t unpacked_bytes(Packing packing, std::span<const std::byte> packed, std::uint64_t most,
                             const std::string& origin);

}  // namespace kiln::app

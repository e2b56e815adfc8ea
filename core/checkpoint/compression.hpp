// Compression: lz4 for one chunk of a checkpoint, in memory handed over.
//
// The bytes that compress() makes depend on the version of lz4 and on nothing else; decompress()
// takes what any version made. Pure functions. lz4 itself is handed its state, so that nothing
// allocates.
#pragma once

#include <cstddef>
#include <span>

#include <lz4.h>

#include "core/checkpoint/format.hpp"

namespace kiln::checkpoint {

// What compress() works in, about 80 KiB.
struct CompressionSpace {
    alignas(std::max_align_t) std::byte state[LZ4_STREAM_MINSIZE];
    std::byte compressed[LZ4_COMPRESSBOUND(chunk_bytes)];
};

// The chunk, of at most chunk_bytes, in fewer bytes than it has, which lie in space; or the chunk
// itself when that cannot be done.
std::span<const std::byte> compress(std::span<const std::byte> chunk, CompressionSpace& space);

// Fills chunk from its compressed form. False when that is not lz4's, or of another length; chunk
// is undefined then. Nothing outside the two is read or written, whatever compressed holds.
bool decompress(std::span<const std::byte> compressed, std::span<std::byte> chunk);

}  // namespace kiln::checkpoint

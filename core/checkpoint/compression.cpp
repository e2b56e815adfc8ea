#include "core/checkpoint/compression.hpp"

#include "core/base/check.hpp"

namespace kiln::checkpoint {
namespace {

constexpr int acceleration = 1;  // lz4's default

const char* chars(const std::byte* bytes) {
    return reinterpret_cast<const char*>(bytes);
}

char* chars(std::byte* bytes) {
    return reinterpret_cast<char*>(bytes);
}

}  // namespace

std::span<const std::byte> compress(std::span<const std::byte> chunk, CompressionSpace& space) {
    CHECK(chunk.size() <= chunk_bytes);
    const int length = LZ4_compress_fast_extState(
        space.state, chars(chunk.data()), chars(space.compressed), static_cast<int>(chunk.size()),
        sizeof(space.compressed), acceleration);
    if (length <= 0 || static_cast<std::size_t>(length) >= chunk.size())
        return chunk;
    return std::span<const std::byte>(space.compressed).first(static_cast<std::size_t>(length));
}

bool decompress(std::span<const std::byte> compressed, std::span<std::byte> chunk) {
    CHECK(compressed.size() <= chunk_bytes && chunk.size() <= chunk_bytes);
    const int length =
        LZ4_decompress_safe(chars(compressed.data()), chars(chunk.data()),
                            static_cast<int>(compressed.size()), static_cast<int>(chunk.size()));
    return length >= 0 && static_cast<std::size_t>(length) == chunk.size();
}

}  // namespace kiln::checkpoint

// The checkpoint file, format version 1, as structs: what FORMATS.md says in words.
//
// Header (4 KiB), the sections' bytes one after another in chunks of 64 KiB, the table of the
// chunks' checksums, a trailer. The layout is a function of the sections' sizes alone, so a reader
// computes it and compares instead of believing the file. Every struct is free of padding and is
// written as it lies in memory, which is little-endian on every machine Kiln runs on.
//
// A file with flag_compressed stores each chunk compressed if that makes it shorter. Its header
// still describes the file without that flag, because it is written before the first chunk is
// compressed; how long each chunk and the whole file became stands in the table and the trailer.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "core/base/crc32c.hpp"
#include "core/checkpoint/section.hpp"

namespace kiln::checkpoint {

static_assert(std::endian::native == std::endian::little);

inline constexpr char header_magic[8] = {'K', 'I', 'L', 'N', 'C', 'K', 'P', 'T'};
inline constexpr char trailer_magic[8] = {'K', 'I', 'L', 'N', 'T', 'A', 'I', 'L'};
inline constexpr std::uint32_t version = 1;
inline constexpr std::uint32_t endianness_mark = 0x01020304;
inline constexpr std::uint32_t flag_compressed = 1;
inline constexpr std::uint32_t chunk_bytes = 65536;
// Longer sections are refused, so that sums of lengths cannot pass 2^64.
inline constexpr std::uint64_t section_bytes_limit = std::uint64_t{1} << 48;

struct SectionEntry {
    char name[Section::name_capacity];  // zero-padded, at least one zero
    std::uint32_t type;                 // ElementType
    std::uint32_t element_bytes;
    std::uint64_t bytes;
    std::uint64_t first_chunk;
    std::uint64_t chunks;
    std::uint64_t offset;
};
static_assert(sizeof(SectionEntry) == 72);

struct Header {
    char magic[8];
    std::uint32_t version;
    std::uint32_t header_bytes;
    std::uint32_t endianness_mark;
    std::uint32_t flags;
    char workload[16];  // zero-padded, at least one zero
    std::uint64_t games;
    std::uint64_t file_bytes;
    std::uint64_t chunks;
    std::uint32_t section_count;
    std::uint32_t chunk_bytes;
    std::uint8_t reserved[56];
    SectionEntry sections[SectionList::capacity];
    std::uint8_t reserved_tail[2236];
    std::uint32_t crc;  // of the bytes before it
};
static_assert(sizeof(Header) == 4096);
static_assert(offsetof(Header, sections) == 128 && offsetof(Header, crc) == 4092);

struct Trailer {
    char magic[8];
    std::uint64_t chunks;
    std::uint64_t file_bytes;
    std::uint32_t table_crc;
    std::uint32_t crc;  // of the bytes before it
};
static_assert(sizeof(Trailer) == 32);

// An entry of the table in a file with flag_compressed; without it, an entry is the checksum alone.
struct CompressedEntry {
    std::uint32_t stored_bytes;  // the chunk's length: stored as it is; less: compressed
    std::uint32_t crc;
};
static_assert(sizeof(CompressedEntry) == 8);

// What a chunk's checksum covers before the bytes that are stored for it: a chunk in the wrong
// place, or of another generation, is damage too.
struct ChunkBinding {
    std::uint64_t games;
    std::uint32_t section;
    std::uint32_t bytes;  // before compression
    std::uint64_t chunk;  // within the section
};
static_assert(std::has_unique_object_representations_v<ChunkBinding>);

struct TableBinding {
    std::uint64_t games;
    std::uint64_t chunks;
};
static_assert(std::has_unique_object_representations_v<TableBinding>);

template <typename T>
std::span<const std::byte> bytes_of(const T& value) {
    static_assert(std::has_unique_object_representations_v<T>, "padding must never reach a file");
    return std::as_bytes(std::span(&value, 1));
}

// The checksum of everything in `value` but its last member, which is the checksum.
template <typename T>
std::uint32_t own_crc(const T& value) {
    static_assert(offsetof(T, crc) == sizeof(T) - sizeof(value.crc));
    return crc32c(0, bytes_of(value).first(offsetof(T, crc)));
}

inline std::uint64_t chunk_count(std::uint64_t bytes) {
    return bytes / chunk_bytes + (bytes % chunk_bytes != 0 ? 1 : 0);
}

// Length of a chunk of a section; the last one may be shorter.
inline std::uint32_t chunk_length(std::uint64_t section_bytes, std::uint64_t chunk) {
    return static_cast<std::uint32_t>(
        std::min<std::uint64_t>(chunk_bytes, section_bytes - chunk * chunk_bytes));
}

inline std::uint32_t chunk_crc(const ChunkBinding& binding, std::span<const std::byte> stored) {
    return crc32c(crc32c(0, bytes_of(binding)), stored);
}

// Words of 32 bits in the table for every chunk.
inline std::uint64_t entry_words(std::uint32_t flags) {
    return (flags & flag_compressed) != 0 ? sizeof(CompressedEntry) / sizeof(std::uint32_t) : 1;
}

// The start of the table's checksum; continue it with the table's bytes.
inline std::uint32_t table_crc_seed(std::uint64_t games, std::uint64_t chunks) {
    return crc32c(0, bytes_of(TableBinding{games, chunks}));
}

// Fills in first_chunk, chunks and offset of every section, and the totals, from the lengths.
// Lengths are at most section_bytes_limit.
void lay_out(Header& header);

}  // namespace kiln::checkpoint

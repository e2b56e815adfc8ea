// CheckpointReader: opens, checks and loads a checkpoint.
//
// Nothing in a file is trusted before its checksum matched, and no length from a file is used
// before it was compared with what the file and the format allow; a compressed chunk is
// decompressed only after its checksum matched. Damage is reported with section, chunk and byte
// offset. load() checks every chunk as it arrives; after an error the destination is undefined and
// must not be used. Fixed memory, no allocation: the object holds two chunks, so it belongs in
// static or planned memory and not on a small stack. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/checkpoint/format.hpp"
#include "core/checkpoint/section.hpp"
#include "core/port/store.hpp"

namespace kiln {

struct SectionInfo {
    char name[Section::name_capacity] = {};
    ElementType type = ElementType::bytes;
    std::uint32_t element_bytes = 1;
    std::uint64_t bytes = 0;        // length of the section's contents
    std::uint64_t first_chunk = 0;  // index into the table of checksums
    std::uint64_t chunks = 0;
    std::uint64_t offset = 0;        // of the first chunk in the file
    std::uint64_t stored_bytes = 0;  // length in the file: of a compressed one perhaps less
};

struct CheckpointInfo {
    std::uint32_t version = 0;
    char workload[16] = {};
    bool is_compressed = false;
    std::uint64_t games = 0;
    std::uint64_t file_bytes = 0;
    std::uint64_t chunks = 0;
    std::size_t section_count = 0;
    SectionInfo sections[SectionList::capacity];

    const SectionInfo* find(const char* name) const;  // nullptr if absent
};

class CheckpointReader {
  public:
    // Opens the file and checks its header, its length and its table of checksums.
    Result<CheckpointInfo> open(Store& store, const FileName& name);
    void close();

    // Checks every chunk.
    Status verify();
    // Fills each destination section from the section of the same name, type and length.
    // CHECK: open() succeeded. Sections of the file that are not asked for are skipped.
    Status load(const SectionList& destination);
    // Reads one small section into buffer; returns its length. section_mismatch if it does not fit.
    Result<std::size_t> read_section(const char* name, std::span<std::byte> buffer);

    const CheckpointInfo& info() const { return info_; }

  private:
    Store* store_ = nullptr;
    Store::File file_ = -1;
    CheckpointInfo info_;

    static constexpr std::size_t chunk_capacity = 65536;
    static constexpr std::size_t window_words = 512;  // of 32 MiB, compressed 16

    Status read_header();
    Status check_length(std::uint64_t size);
    Status check_tail();
    Status locate_chunks();
    Status load_section(std::size_t index, std::span<std::byte> destination);
    Result<std::uint32_t> read_chunk(const checkpoint::ChunkBinding& place, std::uint64_t offset,
                                     std::span<std::byte> bytes);
    Result<checkpoint::CompressedEntry> entry_of(const checkpoint::ChunkBinding& place);
    checkpoint::ChunkBinding place_of(std::size_t index, std::uint64_t chunk) const;
    std::uint64_t entry_words() const;
    std::uint64_t table_offset() const;

    // A stretch of the table of checksums, because there is no room for all of it.
    std::uint64_t window_first_ = 0;
    std::uint64_t window_used_ = 0;  // entries
    std::uint32_t window_[window_words];
    alignas(64) std::byte stored_[chunk_capacity];
    alignas(64) std::byte chunk_[chunk_capacity];  // what verify() has no other place for
};

}  // namespace kiln

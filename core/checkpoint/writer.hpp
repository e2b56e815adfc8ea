// CheckpointWriter: writes one checkpoint in small steps, so that a save can stream while games are
// played.
//
// The sections must not change between begin() and the step() after which needs_sections() is
// false. Every step writes about a MiB. The file appears under its temporary name, is made durable,
// renamed, and the directory is made durable; only then is the save done. Any failure ends the
// attempt: the temporary file is removed if that is possible, what was on disk before is untouched,
// and the next attempt starts from begin() with a new file. Fixed memory, handed over: the table of
// checksums and, for compressed checkpoints, what lz4 works in. The format is described in
// FORMATS.md. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/checkpoint/section.hpp"
#include "core/port/store.hpp"

namespace kiln {

namespace checkpoint {
struct ChunkBinding;
struct CompressionSpace;
}  // namespace checkpoint

// Who a checkpoint belongs to. Its name on disk follows from `games`.
struct CheckpointIdentity {
    const char* workload = "";  // shorter than 16 characters
    std::uint64_t games = 0;    // tickets absorbed; doubles as the generation
};

// Whether chunks are stored compressed where that makes them shorter. What a file holds is the
// same.
enum class Compression { none, lz4 };

class CheckpointWriter {
  public:
    // How many words the table needs for these sections.
    static std::size_t table_words(const SectionList& sections,
                                   Compression compression = Compression::none);

    // Without space, begin() takes no Compression::lz4.
    void bind(std::span<std::uint32_t> table, checkpoint::CompressionSpace* space = nullptr) {
        table_ = table;
        space_ = space;
    }

    Status begin(Store& store, const SectionList& sections, const CheckpointIdentity& identity,
                 Compression compression = Compression::none);
    // True when the checkpoint is durable. CHECK: is_active().
    Result<bool> step();
    // Runs the remaining steps.
    Status finish();
    // Gives up an unfinished attempt and removes its file.
    void abandon();

    bool is_active() const { return state_ != State::idle; }
    // Whether the sections are still being read. Once they are not, they may change.
    bool needs_sections() const { return state_ == State::sections; }
    // Of the whole file; of a compressed one only when it is done.
    std::uint64_t file_bytes() const { return file_bytes_; }

  private:
    enum class State { idle, sections, tail, sync, rename, sync_directory };

    Status advance();
    Status write_header();
    Status write_sections();
    Status write_plain(std::uint64_t bytes);
    Status write_compressed(std::uint64_t bytes);
    checkpoint::ChunkBinding binding() const;
    Status write_tail();
    Status close_file();

    std::span<std::uint32_t> table_;
    checkpoint::CompressionSpace* space_ = nullptr;
    Store* store_ = nullptr;
    SectionList sections_;
    CheckpointIdentity identity_;
    Compression compression_ = Compression::none;
    State state_ = State::idle;
    std::uint64_t file_bytes_ = 0;

    Store::File file_ = -1;
    std::size_t section_ = 0;          // the section being written
    std::uint64_t section_chunk_ = 0;  // its next chunk
    std::uint64_t chunks_ = 0;         // written so far
    std::size_t table_used_ = 0;
};

}  // namespace kiln

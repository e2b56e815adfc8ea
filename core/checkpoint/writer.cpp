#include "core/checkpoint/writer.hpp"

#include <algorithm>
#include <cstring>

#include "core/base/check.hpp"
#include "core/checkpoint/catalog.hpp"
#include "core/checkpoint/compression.hpp"
#include "core/checkpoint/format.hpp"

namespace kiln {
namespace {

// What one step() writes: long enough to keep the device busy, short enough to be given up quickly.
constexpr std::uint64_t step_bytes = 1u << 20;

FileName temporary_name(std::uint64_t games) {
    FileName name = checkpoint_file_name(games);
    constexpr char unfinished[] = ".tmp";
    std::memcpy(name.text + std::strlen(name.text), unfinished, sizeof(unfinished));
    return name;
}

std::uint32_t flags_of(Compression compression) {
    return compression == Compression::none ? 0 : checkpoint::flag_compressed;
}

}  // namespace

std::size_t CheckpointWriter::table_words(const SectionList& sections, Compression compression) {
    std::uint64_t chunks = 0;
    for (const Section& section : sections.all())
        chunks += checkpoint::chunk_count(section.bytes.size());
    return static_cast<std::size_t>(chunks * checkpoint::entry_words(flags_of(compression)));
}

Status CheckpointWriter::begin(Store& store, const SectionList& sections,
                               const CheckpointIdentity& identity, Compression compression) {
    CHECK(!is_active());
    CHECK(compression == Compression::none || space_ != nullptr);
    CHECK(table_.size() >= table_words(sections, compression));
    CHECK(std::strlen(identity.workload) < sizeof(checkpoint::Header::workload));
    store_ = &store;
    sections_ = sections;
    identity_ = identity;
    compression_ = compression;
    section_ = 0;
    section_chunk_ = 0;
    chunks_ = 0;
    table_used_ = 0;

    const FileName name = temporary_name(identity.games);
    Result<Store::File> file = store.create(name);
    if (!file && file.error().code == ErrorCode::already_exists) {
        // What an earlier attempt could not remove. It never became a checkpoint.
        TRY(store.remove(name));
        file = store.create(name);
    }
    if (!file)
        return file.error();
    file_ = file.value();
    state_ = State::sections;

    const Status written = write_header();
    if (!written)
        abandon();
    return written;
}

Result<bool> CheckpointWriter::step() {
    CHECK(is_active());
    if (const Status status = advance(); !status) {
        abandon();
        return status.error();
    }
    return !is_active();
}

Status CheckpointWriter::finish() {
    while (is_active()) {
        const Result<bool> done = step();
        if (!done)
            return done.error();
    }
    return {};
}

void CheckpointWriter::abandon() {
    if (!is_active())
        return;
    // Failures to tidy up are not reported: the attempt is lost already, and a leftover temporary
    // file is swept at the next start.
    (void)close_file();
    // Once renamed the file is a complete checkpoint, merely not known to survive a power cut.
    if (state_ != State::sync_directory)
        (void)store_->remove(temporary_name(identity_.games));
    state_ = State::idle;
}

Status CheckpointWriter::advance() {
    switch (state_) {
        case State::idle:
            break;
        case State::sections:
            return write_sections();
        case State::tail:
            return write_tail();
        case State::sync:
            TRY(store_->sync(file_));
            TRY(close_file());
            state_ = State::rename;
            break;
        case State::rename:
            TRY(store_->rename(temporary_name(identity_.games),
                               checkpoint_file_name(identity_.games)));
            state_ = State::sync_directory;
            break;
        case State::sync_directory:
            TRY(store_->sync_directory());
            state_ = State::idle;
            break;
    }
    return {};
}

Status CheckpointWriter::write_header() {
    checkpoint::Header header{};
    std::memcpy(header.magic, checkpoint::header_magic, sizeof(header.magic));
    header.version = checkpoint::version;
    header.header_bytes = sizeof(header);
    header.endianness_mark = checkpoint::endianness_mark;
    header.flags = flags_of(compression_);
    header.chunk_bytes = checkpoint::chunk_bytes;
    std::memcpy(header.workload, identity_.workload, std::strlen(identity_.workload));
    header.games = identity_.games;
    for (const Section& section : sections_.all()) {
        CHECK(section.bytes.size() <= checkpoint::section_bytes_limit);
        checkpoint::SectionEntry& entry = header.sections[header.section_count++];
        std::memcpy(entry.name, section.name, std::strlen(section.name));
        entry.type = static_cast<std::uint32_t>(section.type);
        entry.element_bytes = section.element_bytes;
        entry.bytes = section.bytes.size();
    }
    checkpoint::lay_out(header);
    header.crc = checkpoint::own_crc(header);
    // A compressed file's grows from here.
    file_bytes_ = compression_ == Compression::none ? header.file_bytes : sizeof(header);
    return store_->append(file_, checkpoint::bytes_of(header));
}

Status CheckpointWriter::write_sections() {
    const std::span<const Section> sections = sections_.all();
    std::uint64_t room = step_bytes;
    while (section_ < sections.size()) {
        const std::span<const std::byte> bytes = sections[section_].bytes;
        const std::uint64_t first = section_chunk_ * checkpoint::chunk_bytes;
        if (first >= bytes.size()) {
            ++section_;
            section_chunk_ = 0;
            continue;
        }
        if (room < checkpoint::chunk_bytes)
            return {};
        const std::uint64_t wanted = room - room % checkpoint::chunk_bytes;
        const std::uint64_t length = std::min<std::uint64_t>(wanted, bytes.size() - first);
        TRY(compression_ == Compression::none ? write_plain(length) : write_compressed(length));
        room -= length;
    }
    state_ = State::tail;
    return {};
}

// The next chunk's.
checkpoint::ChunkBinding CheckpointWriter::binding() const {
    return {identity_.games, static_cast<std::uint32_t>(section_),
            checkpoint::chunk_length(sections_.all()[section_].bytes.size(), section_chunk_),
            section_chunk_};
}

// Whole chunks, `bytes` in all, of the current section, by one call to the store.
Status CheckpointWriter::write_plain(std::uint64_t bytes) {
    const std::span<const std::byte> stretch =
        sections_.all()[section_].bytes.subspan(section_chunk_ * checkpoint::chunk_bytes, bytes);
    for (std::uint64_t at = 0; at < bytes; at += checkpoint::chunk_bytes) {
        const checkpoint::ChunkBinding chunk = binding();
        table_[table_used_++] = checkpoint::chunk_crc(chunk, stretch.subspan(at, chunk.bytes));
        ++section_chunk_;
        ++chunks_;
    }
    return store_->append(file_, stretch);
}

// The same compressed, by one call a chunk.
Status CheckpointWriter::write_compressed(std::uint64_t bytes) {
    const std::span<const std::byte> stretch =
        sections_.all()[section_].bytes.subspan(section_chunk_ * checkpoint::chunk_bytes, bytes);
    for (std::uint64_t at = 0; at < bytes; at += checkpoint::chunk_bytes) {
        const checkpoint::ChunkBinding chunk = binding();
        const std::span<const std::byte> stored =
            checkpoint::compress(stretch.subspan(at, chunk.bytes), *space_);
        table_[table_used_++] = static_cast<std::uint32_t>(stored.size());
        table_[table_used_++] = checkpoint::chunk_crc(chunk, stored);
        TRY(store_->append(file_, stored));
        file_bytes_ += stored.size();
        ++section_chunk_;
        ++chunks_;
    }
    return {};
}

Status CheckpointWriter::write_tail() {
    const std::span<const std::byte> table = std::as_bytes(table_.first(table_used_));
    checkpoint::Trailer trailer{};
    if (compression_ != Compression::none)
        file_bytes_ += table.size() + sizeof(trailer);
    std::memcpy(trailer.magic, checkpoint::trailer_magic, sizeof(trailer.magic));
    trailer.chunks = chunks_;
    trailer.file_bytes = file_bytes_;
    trailer.table_crc = crc32c(checkpoint::table_crc_seed(identity_.games, chunks_), table);
    trailer.crc = checkpoint::own_crc(trailer);
    TRY(store_->append(file_, table));
    TRY(store_->append(file_, checkpoint::bytes_of(trailer)));
    state_ = State::sync;
    return {};
}

Status CheckpointWriter::close_file() {
    if (file_ < 0)
        return {};
    const Store::File file = file_;
    file_ = -1;
    return store_->close(file);
}

}  // namespace kiln

#include "core/checkpoint/reader.hpp"

#include <algorithm>
#include <cstring>

#include "core/base/check.hpp"
#include "core/checkpoint/catalog.hpp"
#include "core/checkpoint/compression.hpp"
#include "core/checkpoint/format.hpp"

namespace kiln {
namespace {

using checkpoint::ChunkBinding;
using checkpoint::CompressedEntry;
using checkpoint::Header;
using checkpoint::SectionEntry;
using checkpoint::Trailer;

template <std::size_t N>
bool is_zero(const std::uint8_t (&bytes)[N]) {
    return std::all_of(bytes, bytes + N, [](std::uint8_t byte) { return byte == 0; });
}

// Text, then zeros to the end, at least one: two files with the same names have the same bytes.
template <std::size_t N>
bool is_padded_text(const char (&text)[N]) {
    const char* end = std::find(text, text + N, '\0');
    return end != text + N && std::all_of(end, text + N, [](char c) { return c == '\0'; });
}

bool is_valid_entry(const SectionEntry& entry) {
    return is_padded_text(entry.name) && entry.name[0] != '\0' && entry.element_bytes > 0 &&
           entry.bytes <= checkpoint::section_bytes_limit && entry.bytes % entry.element_bytes == 0;
}

// Whether the header says what a writer of this version would have said for these sections.
bool is_valid(const Header& header) {
    if (header.header_bytes != sizeof(Header) ||
        header.endianness_mark != checkpoint::endianness_mark ||
        (header.flags & ~checkpoint::flag_compressed) != 0 ||
        header.chunk_bytes != checkpoint::chunk_bytes ||
        header.section_count > SectionList::capacity || !is_padded_text(header.workload) ||
        !is_zero(header.reserved) || !is_zero(header.reserved_tail))
        return false;
    const std::span<const SectionEntry> entries = header.sections;
    for (std::size_t i = 0; i < header.section_count; ++i) {
        if (!is_valid_entry(entries[i]))
            return false;
        for (std::size_t earlier = 0; earlier < i; ++earlier)
            if (std::strcmp(entries[earlier].name, entries[i].name) == 0)
                return false;
    }
    Header expected = header;
    checkpoint::lay_out(expected);
    for (std::size_t i = header.section_count; i < entries.size(); ++i)
        expected.sections[i] = SectionEntry{};
    return std::memcmp(&expected, &header, sizeof(Header)) == 0;
}

CheckpointInfo info_from(const Header& header) {
    CheckpointInfo info;
    info.version = header.version;
    std::memcpy(info.workload, header.workload, sizeof(info.workload));
    info.is_compressed = (header.flags & checkpoint::flag_compressed) != 0;
    info.games = header.games;
    info.file_bytes = header.file_bytes;
    info.chunks = header.chunks;
    info.section_count = header.section_count;
    for (std::size_t i = 0; i < info.section_count; ++i) {
        const SectionEntry& entry = header.sections[i];
        SectionInfo& section = info.sections[i];
        std::memcpy(section.name, entry.name, sizeof(section.name));
        section.type = static_cast<ElementType>(entry.type);
        section.element_bytes = entry.element_bytes;
        section.bytes = entry.bytes;
        section.first_chunk = entry.first_chunk;
        section.chunks = entry.chunks;
        section.offset = entry.offset;
        section.stored_bytes = entry.bytes;
    }
    return info;
}

constexpr Error damaged_table{.code = ErrorCode::corrupt_table};

Error truncated(std::uint64_t expected_bytes) {
    return {.code = ErrorCode::truncated, .detail = expected_bytes};
}

}  // namespace

const SectionInfo* CheckpointInfo::find(const char* name) const {
    for (const SectionInfo& section : std::span(sections, section_count))
        if (std::strcmp(section.name, name) == 0)
            return &section;
    return nullptr;
}

Result<CheckpointInfo> CheckpointReader::open(Store& store, const FileName& name) {
    close();
    const Result<Store::File> file = store.open(name);
    if (!file)
        return file.error();
    store_ = &store;
    file_ = file.value();
    Status status = read_header();
    // A disk that lost what was written may show an older file in its place, which is whole.
    const Result<std::uint64_t> named = parse_checkpoint_file_name(name);
    if (status && named && named.value() != info_.games)
        status = Error{.code = ErrorCode::corrupt_header};
    if (status)
        status = check_tail();
    if (!status) {
        close();
        return status.error();
    }
    return info_;
}

void CheckpointReader::close() {
    if (file_ >= 0)
        (void)store_->close(file_);  // nothing was written that could be lost
    file_ = -1;
    window_used_ = 0;
    info_ = {};
}

Status CheckpointReader::read_header() {
    const Result<std::uint64_t> size = store_->size(file_);
    if (!size)
        return size.error();
    // A file may be of any kind and as short as it likes; what is not there reads as zero.
    Header header{};
    const std::size_t length =
        static_cast<std::size_t>(std::min<std::uint64_t>(size.value(), sizeof(header)));
    TRY(store_->read(file_, 0, std::as_writable_bytes(std::span(&header, 1)).first(length)));

    const std::size_t magic_length = std::min(length, sizeof(header.magic));
    if (std::memcmp(header.magic, checkpoint::header_magic, magic_length) != 0)
        return Error{.code = ErrorCode::not_a_checkpoint};
    if (length < offsetof(Header, header_bytes))
        return truncated(sizeof(Header));
    // Before anything that only holds for this version, the checksum's place included.
    if (header.version != checkpoint::version)
        return Error{.code = ErrorCode::unknown_version, .detail = header.version};
    if (length < sizeof(Header))
        return truncated(sizeof(Header));
    if (header.crc != checkpoint::own_crc(header) || !is_valid(header))
        return Error{.code = ErrorCode::corrupt_header};
    info_ = info_from(header);
    return check_length(size.value());
}

// After this info_.file_bytes is the file's real size and there is room in it for all its chunks.
Status CheckpointReader::check_length(std::uint64_t size) {
    if (info_.is_compressed) {
        // The header was written before the length was known. Every chunk takes a byte at least.
        const std::uint64_t least =
            sizeof(Header) + info_.chunks * (1 + sizeof(CompressedEntry)) + sizeof(Trailer);
        if (size < least)
            return truncated(least);
        info_.file_bytes = size;
        return {};
    }
    if (size < info_.file_bytes)
        return truncated(info_.file_bytes);
    if (size > info_.file_bytes)
        return Error{.code = ErrorCode::trailing_bytes, .detail = info_.file_bytes};
    return {};
}

Status CheckpointReader::check_tail() {
    Trailer trailer;
    TRY(store_->read(file_, info_.file_bytes - sizeof(trailer),
                     std::as_writable_bytes(std::span(&trailer, 1))));
    if (std::memcmp(trailer.magic, checkpoint::trailer_magic, sizeof(trailer.magic)) != 0 ||
        trailer.chunks != info_.chunks || trailer.file_bytes != info_.file_bytes ||
        trailer.crc != checkpoint::own_crc(trailer))
        return damaged_table;

    // The table is as long as the file allows, which was compared with the file's real size.
    std::uint64_t offset = table_offset();
    std::uint64_t left = info_.chunks * entry_words() * sizeof(std::uint32_t);
    std::uint32_t crc = checkpoint::table_crc_seed(info_.games, info_.chunks);
    while (left > 0) {
        const std::span<std::byte> piece = std::span<std::byte>(stored_).first(
            static_cast<std::size_t>(std::min<std::uint64_t>(left, chunk_capacity)));
        TRY(store_->read(file_, offset, piece));
        crc = crc32c(crc, piece);
        offset += piece.size();
        left -= piece.size();
    }
    if (crc != trailer.table_crc)
        return damaged_table;
    return info_.is_compressed ? locate_chunks() : Status();
}

// Where the sections of a compressed file begin: the lengths of their chunks must fill it exactly.
Status CheckpointReader::locate_chunks() {
    std::uint64_t offset = sizeof(Header);
    for (std::size_t index = 0; index < info_.section_count; ++index) {
        SectionInfo& section = info_.sections[index];
        section.offset = offset;
        for (std::uint64_t chunk = 0; chunk < section.chunks; ++chunk) {
            const Result<CompressedEntry> entry = entry_of(place_of(index, chunk));
            if (!entry)
                return entry.error().code == ErrorCode::corrupt_chunk ? damaged_table
                                                                      : entry.error();
            offset += entry.value().stored_bytes;
        }
        section.stored_bytes = offset - section.offset;
    }
    return offset == table_offset() ? Status() : damaged_table;
}

Status CheckpointReader::verify() {
    CHECK(file_ >= 0);
    for (std::size_t index = 0; index < info_.section_count; ++index)
        TRY(load_section(index, {}));
    return {};
}

Status CheckpointReader::load(const SectionList& destination) {
    CHECK(file_ >= 0);
    // All the answers before the first byte: a checkpoint that does not fit leaves memory as it
    // was.
    for (std::size_t i = 0; i < destination.all().size(); ++i) {
        const Section& wanted = destination.all()[i];
        const SectionInfo* found = info_.find(wanted.name);
        const auto position = static_cast<std::uint16_t>(i);
        if (found == nullptr)
            return Error{.code = ErrorCode::section_missing, .section = position};
        if (found->type != wanted.type || found->element_bytes != wanted.element_bytes ||
            found->bytes != wanted.bytes.size())
            return Error{.code = ErrorCode::section_mismatch,
                         .section = position,
                         .detail = found->bytes / found->element_bytes};
    }
    for (const Section& wanted : destination.all())
        TRY(load_section(static_cast<std::size_t>(info_.find(wanted.name) - info_.sections),
                         wanted.bytes));
    return {};
}

Result<std::size_t> CheckpointReader::read_section(const char* name, std::span<std::byte> buffer) {
    CHECK(file_ >= 0);
    const SectionInfo* found = info_.find(name);
    if (found == nullptr)
        return Error{.code = ErrorCode::section_missing};
    if (found->bytes > buffer.size())
        return Error{.code = ErrorCode::section_mismatch,
                     .detail = found->bytes / found->element_bytes};
    const auto length = static_cast<std::size_t>(found->bytes);
    TRY(load_section(static_cast<std::size_t>(found - info_.sections), buffer.first(length)));
    return length;
}

// destination is as long as the section, or empty: then the section is only checked.
Status CheckpointReader::load_section(std::size_t index, std::span<std::byte> destination) {
    const SectionInfo& section = info_.sections[index];
    std::uint64_t offset = section.offset;
    for (std::uint64_t chunk = 0; chunk < section.chunks; ++chunk) {
        const ChunkBinding place = place_of(index, chunk);
        const std::span<std::byte> bytes =
            destination.empty()
                ? std::span<std::byte>(chunk_).first(place.bytes)
                : destination.subspan(static_cast<std::size_t>(chunk * chunk_capacity),
                                      place.bytes);
        const Result<std::uint32_t> stored_bytes = read_chunk(place, offset, bytes);
        if (!stored_bytes) {
            // Errors of the device say which chunk, too.
            Error error = stored_bytes.error();
            error.section = static_cast<std::uint16_t>(index);
            error.chunk = static_cast<std::uint32_t>(chunk);
            return error;
        }
        offset += stored_bytes.value();
    }
    return {};
}

// Reads one whole chunk, stored at offset, into bytes and checks it; returns its stored length.
Result<std::uint32_t> CheckpointReader::read_chunk(const ChunkBinding& place, std::uint64_t offset,
                                                   std::span<std::byte> bytes) {
    const Error damaged{.code = ErrorCode::corrupt_chunk, .detail = offset};
    const Result<CompressedEntry> entry = entry_of(place);
    if (!entry)
        return entry.error().code == ErrorCode::corrupt_chunk ? damaged : entry.error();
    const std::uint32_t length = entry.value().stored_bytes;
    const bool is_compressed = length < place.bytes;
    const std::span<std::byte> stored =
        is_compressed ? std::span<std::byte>(stored_).first(length) : bytes;
    TRY(store_->read(file_, offset, stored));
    if (checkpoint::chunk_crc(place, stored) != entry.value().crc)
        return damaged;
    if (is_compressed && !checkpoint::decompress(stored, bytes))
        return damaged;
    return length;
}

// The table was checked as a whole in open(). Should a later reading of it go wrong, a chunk is
// reported as damaged; it never makes a damaged chunk pass, nor a length go beyond the chunk's.
Result<CompressedEntry> CheckpointReader::entry_of(const ChunkBinding& place) {
    const std::uint64_t index = info_.sections[place.section].first_chunk + place.chunk;
    const std::uint64_t words = entry_words();
    if (index < window_first_ || index - window_first_ >= window_used_) {
        const std::uint64_t entries =
            std::min<std::uint64_t>(window_words / words, info_.chunks - index);
        window_used_ = 0;
        TRY(store_->read(file_, table_offset() + index * words * sizeof(std::uint32_t),
                         std::as_writable_bytes(
                             std::span(window_).first(static_cast<std::size_t>(entries * words)))));
        window_first_ = index;
        window_used_ = entries;
    }
    const std::uint32_t* const entry = window_ + (index - window_first_) * words;
    if (!info_.is_compressed)
        return CompressedEntry{place.bytes, entry[0]};
    if (entry[0] == 0 || entry[0] > place.bytes)
        return Error{.code = ErrorCode::corrupt_chunk};
    return CompressedEntry{entry[0], entry[1]};
}

ChunkBinding CheckpointReader::place_of(std::size_t index, std::uint64_t chunk) const {
    return {info_.games, static_cast<std::uint32_t>(index),
            checkpoint::chunk_length(info_.sections[index].bytes, chunk), chunk};
}

std::uint64_t CheckpointReader::entry_words() const {
    return checkpoint::entry_words(info_.is_compressed ? checkpoint::flag_compressed : 0);
}

std::uint64_t CheckpointReader::table_offset() const {
    return info_.file_bytes - sizeof(Trailer) -
           info_.chunks * entry_words() * sizeof(std::uint32_t);
}

}  // namespace kiln

// The reader of checkpoints on hostile files.
//
// The first byte of an input says which sums of the rest are put right before the reader sees it:
// without that, no change would get past the first checksum.
#include <cstring>
#include <memory>

#include "core/checkpoint/reader.hpp"

#include "tests/fuzz/target.hpp"
#include "tests/support/checkpoints.hpp"

namespace kiln::fuzz {
namespace {

using checkpoint::Header;
using checkpoint::Trailer;
using test::MemoryStore;
using Bytes = MemoryStore::Bytes;

enum Repair : unsigned {
    repair_layout = 1,   // what follows from the sections' lengths
    repair_chunks = 2,   // the checksums of chunks
    repair_lengths = 4,  // the trailer's idea of the file
    repair_seals = 8,    // the checksums of header, table and trailer
};

// More than this is refused by the file's length, or would only be slow.
constexpr std::uint64_t contents_limit = 1u << 20;

template <typename T>
T value_at(const Bytes& bytes, std::size_t offset) {
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof(value));
    return value;
}

template <typename T>
void put(Bytes& bytes, std::size_t offset, const T& value) {
    std::memcpy(bytes.data() + offset, &value, sizeof(value));
}

// Recomputes the checksum of every chunk that lies where the header and the table say.
void repair_table(Bytes& file, const Header& header) {
    const std::size_t entry_bytes = checkpoint::entry_words(header.flags) * 4;
    const std::size_t room = file.size() - sizeof(Header) - sizeof(Trailer);
    if (header.chunks > room / entry_bytes)
        return;
    const std::size_t table = file.size() - sizeof(Trailer) - header.chunks * entry_bytes;
    std::size_t offset = sizeof(Header);
    std::size_t entry = table;
    for (std::uint32_t i = 0; i < header.section_count; ++i)
        for (std::uint64_t chunk = 0; chunk < header.sections[i].chunks; ++chunk) {
            const std::uint32_t length = checkpoint::chunk_length(header.sections[i].bytes, chunk);
            const std::uint32_t stored =
                entry_bytes == 8 ? value_at<std::uint32_t>(file, entry) : length;
            if (stored > table - offset)
                return;
            const std::uint32_t crc = checkpoint::chunk_crc(
                {header.games, i, length, chunk}, std::span(file).subspan(offset, stored));
            put(file, entry + entry_bytes - 4, crc);
            offset += stored;
            entry += entry_bytes;
        }
}

void repair(Bytes& file, unsigned repairs) {
    if (file.size() < sizeof(Header) + sizeof(Trailer))
        return;
    test::Forgery forgery(file);
    Header& header = forgery.header;
    if (header.section_count > SectionList::capacity)
        return;
    for (const checkpoint::SectionEntry& entry : header.sections)
        if (entry.bytes > checkpoint::section_bytes_limit)
            return;
    if ((repairs & repair_layout) != 0)
        checkpoint::lay_out(header);
    put(file, 0, header);
    auto trailer = value_at<Trailer>(file, file.size() - sizeof(Trailer));
    if ((repairs & repair_lengths) != 0) {
        trailer.chunks = header.chunks;
        trailer.file_bytes = file.size();
    }
    put(file, file.size() - sizeof(trailer), trailer);
    Header expected = header;
    checkpoint::lay_out(expected);
    if ((repairs & repair_chunks) != 0 && expected.chunks == header.chunks)
        repair_table(file, expected);
    const std::size_t room = file.size() - sizeof(Header) - sizeof(Trailer);
    if ((repairs & repair_seals) != 0 && trailer.chunks <= room / 4)
        file = test::Forgery(file).seal();
}

using Contents = std::vector<std::vector<std::byte>>;

SectionList list_of(const CheckpointInfo& info, Contents& contents) {
    SectionList list;
    for (std::size_t i = 0; i < info.section_count; ++i) {
        contents.emplace_back(info.sections[i].bytes);
        list.add({info.sections[i].name, info.sections[i].type, info.sections[i].element_bytes,
                  contents.back()});
    }
    return list;
}

Bytes written(const SectionList& list, const CheckpointInfo& info) {
    std::vector<std::uint32_t> table(CheckpointWriter::table_words(list));
    CheckpointWriter writer;
    writer.bind(table);
    MemoryStore store;
    demand(writer.begin(store, list, {info.workload, info.games}).has_value(), "a save begins");
    demand(writer.finish().has_value(), "a save ends");
    return store.contents(checkpoint_file_name(info.games).text);
}

// The file was opened.
void demand_sound(CheckpointReader& reader, const Bytes& file) {
    const CheckpointInfo info = reader.info();
    demand(info.file_bytes == file.size(), "the length is the file's");
    std::uint64_t total = 0;
    for (const SectionInfo& section : std::span(info.sections, info.section_count)) {
        demand(section.offset + section.stored_bytes <= file.size(), "sections lie in the file");
        total += section.bytes;
    }
    if (total > contents_limit)
        return;
    const Status verified = reader.verify();
    Contents contents;
    const SectionList list = list_of(info, contents);
    const Status loaded = reader.load(list);
    demand(verified.has_value() == loaded.has_value(),
           "what is intact loads, what is not does not");
    if (!loaded) {
        const Error error = loaded.error();
        demand(error.code == ErrorCode::corrupt_chunk, "what is found late is a damaged chunk");
        demand(error.section < info.section_count &&
                   error.chunk < info.sections[error.section].chunks && error.detail < file.size(),
               "the damaged chunk is one of the file");
        return;
    }
    for (std::size_t i = 0; i < info.section_count; ++i) {
        std::vector<std::byte> alone(info.sections[i].bytes);
        demand(
            reader.read_section(info.sections[i].name, alone).has_value() && alone == contents[i],
            "a section reads the same alone");
    }
    if (!info.is_compressed)
        demand(written(list, info) == file, "what is accepted is what would be written");
}

std::string seed_of(unsigned repairs, const std::vector<std::size_t>& lengths,
                    Compression compression) {
    test::State state(lengths, 1);
    if (!lengths.empty())
        state.thin_out(0);
    const Bytes bytes = test::saved_bytes(state, 100, compression);
    std::string seed(1, static_cast<char>(repairs));
    seed.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return seed;
}

}  // namespace

void run(Input input) {
    static const auto reader = std::make_unique<CheckpointReader>();
    if (input.empty())
        return;
    const auto contents = std::as_bytes(input.subspan(1));
    Bytes file(contents.begin(), contents.end());
    repair(file, input[0]);
    MemoryStore store;
    const FileName name = checkpoint_file_name(1);
    store.put(name.text, file);
    if (reader->open(store, name))
        demand_sound(*reader, file);
    reader->close();
    demand(store.open_count() == 0, "the file is closed");
}

std::vector<std::string> seeds() {
    std::vector<std::string> seeds;
    for (const Compression compression : {Compression::none, Compression::lz4})
        for (const unsigned repairs : {0u, 8u, 10u, 15u}) {
            seeds.push_back(seed_of(repairs, {400, 0, 33}, compression));
            seeds.push_back(seed_of(repairs, {}, compression));
        }
    return seeds;
}

}  // namespace kiln::fuzz

// Small training states and the files made of them, for tests of everything that reads checkpoints.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/random.hpp"
#include "core/checkpoint/catalog.hpp"
#include "core/checkpoint/compression.hpp"
#include "core/checkpoint/format.hpp"
#include "core/checkpoint/reader.hpp"
#include "core/checkpoint/section.hpp"
#include "core/checkpoint/writer.hpp"

#include "tests/support/memory_store.hpp"

namespace kiln::test {

// Sections of the given lengths, filled with what the seed says.
class State {
  public:
    State(const std::vector<std::size_t>& lengths, std::uint64_t seed) {
        for (std::size_t i = 0; i < lengths.size(); ++i) {
            names_.push_back("section " + std::to_string(i));
            sections_.emplace_back(lengths[i]);
            RandomStream stream(seed, StreamPurpose::position, i);
            for (std::byte& byte : sections_.back())
                byte = static_cast<std::byte>(stream.below(256));
        }
    }

    SectionList list() {
        SectionList list;
        for (std::size_t i = 0; i < sections_.size(); ++i)
            list.add(section(names_[i].c_str(), ElementType::bytes, std::span(sections_[i])));
        return list;
    }

    // Every other 32 bytes zero: what lz4 makes shorter.
    void thin_out(std::size_t section) {
        for (std::size_t at = 0; at < sections_[section].size(); ++at)
            if (at / 32 % 2 == 0)
                sections_[section][at] = std::byte{0};
    }

    void clear() {
        for (std::vector<std::byte>& bytes : sections_)
            bytes.assign(bytes.size(), std::byte{0});
    }

    std::vector<std::byte>& operator[](std::size_t index) { return sections_[index]; }
    bool operator==(const State& other) const { return sections_ == other.sections_; }

  private:
    std::vector<std::string> names_;
    std::vector<std::vector<std::byte>> sections_;
};

// Writes a whole checkpoint, with a table of exactly the size that is asked for.
inline Status save(Store& store, State& state, std::uint64_t games,
                   Compression compression = Compression::none) {
    const SectionList sections = state.list();
    std::vector<std::uint32_t> table(CheckpointWriter::table_words(sections, compression));
    const auto space = std::make_unique<checkpoint::CompressionSpace>();
    CheckpointWriter writer;
    writer.bind(table, compression == Compression::none ? nullptr : space.get());
    TRY(writer.begin(store, sections, {.workload = "test", .games = games}, compression));
    return writer.finish();
}

inline MemoryStore::Bytes saved_bytes(State& state, std::uint64_t games,
                                      Compression compression = Compression::none) {
    MemoryStore store;
    CHECK(save(store, state, games, compression));
    return store.contents(checkpoint_file_name(games).text);
}

// Opens the file, checks all of it and loads it.
inline Status load(Store& store, const FileName& name, State& state) {
    static CheckpointReader reader;
    const Result<CheckpointInfo> info = reader.open(store, name);
    if (!info)
        return info.error();
    Status status = reader.verify();
    if (status)
        status = reader.load(state.list());
    reader.close();
    return status;
}

// A checkpoint taken apart for forging: change it, then make all its checksums match again.
class Forgery {
  public:
    explicit Forgery(MemoryStore::Bytes bytes) : bytes_(std::move(bytes)) {
        std::memcpy(&header, bytes_.data(), sizeof(header));
    }

    checkpoint::Header header;

    std::byte* at(std::uint64_t offset) { return bytes_.data() + offset; }

    // With header and trailer sealed; the table's checksums of chunks stay as they are.
    MemoryStore::Bytes seal() {
        header.crc = checkpoint::own_crc(header);
        std::memcpy(bytes_.data(), &header, sizeof(header));
        checkpoint::Trailer trailer;
        std::byte* const end = bytes_.data() + bytes_.size() - sizeof(trailer);
        std::memcpy(&trailer, end, sizeof(trailer));
        const std::uint64_t table_bytes =
            trailer.chunks * checkpoint::entry_words(header.flags) * sizeof(std::uint32_t);
        if (table_bytes > bytes_.size() - sizeof(header) - sizeof(trailer))
            return bytes_;
        trailer.table_crc = crc32c(checkpoint::table_crc_seed(header.games, trailer.chunks),
                                   {end - table_bytes, end});
        trailer.crc = checkpoint::own_crc(trailer);
        std::memcpy(end, &trailer, sizeof(trailer));
        return bytes_;
    }

  private:
    MemoryStore::Bytes bytes_;
};

}  // namespace kiln::test

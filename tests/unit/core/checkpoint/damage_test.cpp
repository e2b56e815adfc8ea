// Damage to checkpoint files, plain and compressed: every bit, every length, and forgeries whose
// checksums match.
#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/checkpoint/reader.hpp"

#include "tests/support/checkpoints.hpp"
#include "tests/support/memory_store.hpp"

namespace kiln {
namespace {

using checkpoint::CompressedEntry;
using checkpoint::Header;
using checkpoint::Trailer;
using test::Forgery;
using test::MemoryStore;
using test::State;
using Bytes = MemoryStore::Bytes;

const FileName name = test::file_name("game-000000000100.ckpt");
CheckpointReader reader;  // static, as the program has it: the object holds chunks

Error error_of(MemoryStore& store) {
    Status status;
    if (const Result<CheckpointInfo> info = reader.open(store, name); !info)
        status = info.error();
    else
        status = reader.verify();
    reader.close();
    EXPECT_EQ(store.open_count(), 0u);
    return status ? Error{} : status.error();
}

Error error_of(const Bytes& bytes) {
    MemoryStore store;
    store.put(name.text, bytes);
    return error_of(store);
}

template <typename T>
T value_at(const Bytes& bytes, std::size_t offset) {
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof(value));
    return value;
}

struct StoredChunk {
    std::uint16_t section;
    std::uint32_t chunk;
    std::size_t offset;
    std::size_t bytes;
};

// Where the chunks of an intact file lie, from what FORMATS.md says.
std::vector<StoredChunk> chunks_of(const Bytes& file) {
    const auto header = value_at<Header>(file, 0);
    const bool is_compressed = header.flags == 1;
    std::size_t entry = file.size() - sizeof(Trailer) - header.chunks * (is_compressed ? 8 : 4);
    std::size_t offset = sizeof(Header);
    std::vector<StoredChunk> chunks;
    for (std::uint16_t section = 0; section < header.section_count; ++section)
        for (std::uint32_t chunk = 0; chunk < header.sections[section].chunks; ++chunk) {
            const std::size_t bytes =
                is_compressed ? value_at<std::uint32_t>(file, entry)
                              : checkpoint::chunk_length(header.sections[section].bytes, chunk);
            chunks.push_back({section, chunk, offset, bytes});
            offset += bytes;
            entry += is_compressed ? 8 : 4;
        }
    return chunks;
}

// What a damaged byte at an offset must be answered with.
Error expected_for(const std::vector<StoredChunk>& chunks, std::size_t offset) {
    if (offset < 8)
        return {.code = ErrorCode::not_a_checkpoint};
    if (offset < 12)
        return {.code = ErrorCode::unknown_version};
    if (offset < sizeof(Header))
        return {.code = ErrorCode::corrupt_header};
    for (const StoredChunk& chunk : chunks)
        if (offset < chunk.offset + chunk.bytes)
            return {.code = ErrorCode::corrupt_chunk,
                    .section = chunk.section,
                    .chunk = chunk.chunk,
                    .detail = chunk.offset};
    return {.code = ErrorCode::corrupt_table};
}

void expect_flip_is_refused(MemoryStore& store, const std::vector<StoredChunk>& chunks,
                            std::size_t offset, unsigned bit) {
    std::byte& byte = store.contents(name.text)[offset];
    byte ^= static_cast<std::byte>(1u << bit);
    const Error expected = expected_for(chunks, offset);
    const Error found = error_of(store);
    ASSERT_EQ(found.code, expected.code) << "bit " << bit << " of byte " << offset;
    ASSERT_EQ(found.section, expected.section) << "byte " << offset;
    ASSERT_EQ(found.chunk, expected.chunk) << "byte " << offset;
    if (expected.code == ErrorCode::corrupt_chunk) {
        ASSERT_EQ(found.detail, expected.detail) << "byte " << offset;
    }
    byte ^= static_cast<std::byte>(1u << bit);
}

class DamagedCheckpoint : public testing::TestWithParam<Compression> {
  protected:
    // Some sections get shorter when compressed, some do not.
    static Bytes file_of(const std::vector<std::size_t>& lengths) {
        State state(lengths, 1);
        state.thin_out(0);
        return test::saved_bytes(state, 100, GetParam());
    }
    static MemoryStore store_of(const std::vector<std::size_t>& lengths) {
        MemoryStore store;
        store.put(name.text, file_of(lengths));
        return store;
    }

    const std::vector<std::size_t> small_lengths_ = {400, 0, 33};
    const std::vector<std::size_t> chunked_lengths_ = {70'000, 150'000, 10};
};
INSTANTIATE_TEST_SUITE_P(that_is, DamagedCheckpoint,
                         testing::Values(Compression::none, Compression::lz4),
                         [](const auto& compression) {
                             return compression.param == Compression::none ? "plain" : "compressed";
                         });

TEST_P(DamagedCheckpoint, was_whole_before) {
    const Bytes small = file_of(small_lengths_);
    EXPECT_EQ(error_of(small).code, ErrorCode::none);
    EXPECT_EQ(error_of(file_of(chunked_lengths_)).code, ErrorCode::none);
    const std::vector<StoredChunk> chunks = chunks_of(small);
    ASSERT_EQ(chunks.size(), 2u);
    EXPECT_EQ(chunks[0].bytes < 400, GetParam() == Compression::lz4);
    EXPECT_EQ(chunks[1].bytes, 33u);
}

TEST_P(DamagedCheckpoint, every_flipped_bit_of_a_small_one_is_refused_for_what_it_is) {
    MemoryStore store = store_of(small_lengths_);
    const std::vector<StoredChunk> chunks = chunks_of(store.contents(name.text));
    for (std::size_t offset = 0; offset < store.contents(name.text).size(); ++offset)
        for (unsigned bit = 0; bit < 8; ++bit)
            ASSERT_NO_FATAL_FAILURE(expect_flip_is_refused(store, chunks, offset, bit));
    EXPECT_EQ(error_of(store).code, ErrorCode::none);
}

TEST_P(DamagedCheckpoint, a_flipped_bit_is_refused_with_its_section_and_chunk) {
    MemoryStore store = store_of(chunked_lengths_);
    const std::vector<StoredChunk> chunks = chunks_of(store.contents(name.text));
    const std::size_t length = store.contents(name.text).size();
    RandomStream stream(8, StreamPurpose::position, 0);
    for (std::size_t offset = 0; offset < length; offset += 1 + stream.below(400))
        ASSERT_NO_FATAL_FAILURE(
            expect_flip_is_refused(store, chunks, offset, static_cast<unsigned>(stream.below(8))));
    for (const StoredChunk& chunk : chunks)
        for (const std::size_t offset :
             {chunk.offset - 1, chunk.offset, chunk.offset + chunk.bytes})
            ASSERT_NO_FATAL_FAILURE(expect_flip_is_refused(store, chunks, offset, 0));
}

TEST_P(DamagedCheckpoint, every_shorter_file_is_refused) {
    const Bytes whole = file_of(small_lengths_);
    const bool is_compressed = GetParam() == Compression::lz4;
    // As long as the header can tell. Compressed, that is two chunks of a byte.
    const std::size_t known = is_compressed ? sizeof(Header) + 2 * 9 + 32 : whole.size();
    for (std::size_t length = 0; length < whole.size(); ++length) {
        const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
        const Error error = error_of(cut);
        if (length >= known) {
            ASSERT_EQ(error.code, ErrorCode::corrupt_table) << length;
            continue;
        }
        ASSERT_EQ(error.code, ErrorCode::truncated) << length;
        ASSERT_EQ(error.detail, length < sizeof(Header) ? sizeof(Header) : known) << length;
    }
}

TEST_P(DamagedCheckpoint, bytes_after_the_end_are_refused) {
    for (const std::size_t extra : {1u, 4u, 8u, 32u, 65'536u}) {
        Bytes bytes = file_of(small_lengths_);
        const std::size_t length = bytes.size();
        bytes.resize(length + extra);
        const Error error = error_of(bytes);
        if (GetParam() == Compression::lz4) {
            EXPECT_EQ(error.code, ErrorCode::corrupt_table) << extra;
            continue;
        }
        EXPECT_EQ(error.code, ErrorCode::trailing_bytes) << extra;
        EXPECT_EQ(error.detail, length) << extra;
    }
}

TEST_P(DamagedCheckpoint, loading_finds_it_too_and_names_the_place) {
    MemoryStore store = store_of(chunked_lengths_);
    const StoredChunk third = chunks_of(store.contents(name.text))[3];
    store.contents(name.text)[third.offset + 5] ^= std::byte{4};
    State loaded(chunked_lengths_, 0);
    ASSERT_TRUE(reader.open(store, name));
    const Error error = reader.load(loaded.list()).error();
    EXPECT_EQ(error.code, ErrorCode::corrupt_chunk);
    EXPECT_EQ(error.section, 1u);
    EXPECT_EQ(error.chunk, 1u);
    EXPECT_EQ(error.detail, third.offset);
    std::vector<std::byte> buffer(150'000);
    EXPECT_EQ(reader.read_section("section 1", buffer).error().chunk, 1u);
    EXPECT_TRUE(reader.read_section("section 2", buffer));
    reader.close();
}

// A compressed file whose entry in the table, and bytes, a test may change; all else is made right.
class ForgedCompression : public testing::Test {
  protected:
    ForgedCompression() : state_({400, 0, 33}, 1) {
        state_.thin_out(0);
        file_ = test::saved_bytes(state_, 100, Compression::lz4);
        table_ = file_.size() - sizeof(Trailer) - 2 * sizeof(CompressedEntry);
    }

    // The answer to a first chunk stored as these bytes, with a matching checksum and file length.
    Error error_with_first_chunk(const Bytes& stored) {
        auto entry = value_at<CompressedEntry>(file_, table_);
        Bytes file = file_;
        file.erase(file.begin() + sizeof(Header),
                   file.begin() + sizeof(Header) + entry.stored_bytes);
        file.insert(file.begin() + sizeof(Header), stored.begin(), stored.end());
        const std::size_t table = table_ - entry.stored_bytes + stored.size();
        entry.stored_bytes = static_cast<std::uint32_t>(stored.size());
        entry.crc = checkpoint::chunk_crc({100, 0, 400, 0}, stored);
        std::memcpy(file.data() + table, &entry, sizeof(entry));
        return error_of(sealed(file));
    }
    Error error_with_lengths(std::uint32_t first, std::uint32_t second) {
        Bytes file = file_;
        std::memcpy(file.data() + table_, &first, sizeof(first));
        std::memcpy(file.data() + table_ + sizeof(CompressedEntry), &second, sizeof(second));
        return error_of(sealed(file));
    }
    static Bytes sealed(Bytes file) {
        auto trailer = value_at<Trailer>(file, file.size() - sizeof(Trailer));
        trailer.file_bytes = file.size();
        std::memcpy(file.data() + file.size() - sizeof(trailer), &trailer, sizeof(trailer));
        return Forgery(file).seal();
    }

    State state_;
    Bytes file_;
    std::size_t table_ = 0;
};

TEST_F(ForgedCompression, that_changes_nothing_is_accepted) {
    const auto length = value_at<std::uint32_t>(file_, table_);
    EXPECT_EQ(error_with_lengths(length, 33).code, ErrorCode::none);
    const auto begin = file_.begin() + sizeof(Header);
    EXPECT_EQ(error_with_first_chunk(Bytes(begin, begin + length)).code, ErrorCode::none);
    // Stored as it is, though lz4 could have made it shorter: the writer's choice.
    EXPECT_EQ(error_with_first_chunk(state_[0]).code, ErrorCode::none);
}

TEST_F(ForgedCompression, with_stored_lengths_that_cannot_be_is_refused_before_any_is_used) {
    const auto length = value_at<std::uint32_t>(file_, table_);
    const std::uint32_t lengths[][2] = {
        {0, length + 33},
        {length + 33, 0},
        {length + 1, 33},
        {length - 1, 33},
        {length, 34},
        {length, 32},
        {401, 33},
        {length, 0xffffffff},
        {0xffffffff, 33},
        {0xffffffff, length + 34},
        {length + 0x80000000, 33},
        {33, length},
    };
    for (const auto& [first, second] : lengths)
        EXPECT_EQ(error_with_lengths(first, second).code, ErrorCode::corrupt_table)
            << first << ' ' << second;
    // Possible as lengths, but the bytes are not those of the chunks.
    EXPECT_EQ(error_with_lengths(length + 1, 32).code, ErrorCode::corrupt_chunk);
}

TEST_F(ForgedCompression, that_is_not_lz4_or_of_another_length_is_refused_with_its_chunk) {
    checkpoint::CompressionSpace space;
    const auto compressed = [&](std::size_t length) {
        const Bytes zeros(length);
        const std::span<const std::byte> bytes = checkpoint::compress(zeros, space);
        return Bytes(bytes.begin(), bytes.end());
    };
    EXPECT_EQ(error_with_first_chunk(compressed(400)).code, ErrorCode::none);
    for (const std::size_t length : {399u, 401u, 65'536u, 100u}) {
        const Error error = error_with_first_chunk(compressed(length));
        EXPECT_EQ(error.code, ErrorCode::corrupt_chunk) << length;
        EXPECT_EQ(error.section, 0u);
        EXPECT_EQ(error.chunk, 0u);
        EXPECT_EQ(error.detail, sizeof(Header));
    }
    for (std::uint64_t seed = 0; seed < 2'000; ++seed) {
        RandomStream stream(seed, StreamPurpose::position, 0);
        Bytes noise(1 + stream.below(399));
        for (std::byte& byte : noise)
            byte = static_cast<std::byte>(stream.below(4) == 0 ? 0xff : stream.below(256));
        EXPECT_EQ(error_with_first_chunk(noise).code, ErrorCode::corrupt_chunk) << "seed " << seed;
    }
}

}  // namespace
}  // namespace kiln

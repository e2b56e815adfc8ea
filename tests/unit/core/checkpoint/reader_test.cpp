#include "core/checkpoint/reader.hpp"

#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/check_death.hpp"
#include "tests/support/checkpoints.hpp"
#include "tests/support/memory_store.hpp"

namespace kiln {
namespace {

using checkpoint::Header;
using checkpoint::SectionEntry;
using test::file_name;
using test::Forgery;
using test::MemoryStore;
using test::State;

const FileName name = file_name("game-000000000100.ckpt");
using Bytes = MemoryStore::Bytes;

// Static, as the program has it: the object holds a chunk.
CheckpointReader reader;

Error error_of(MemoryStore& store) {
    Status status;
    if (const Result<CheckpointInfo> info = reader.open(store, name); !info)
        status = info.error();
    else
        status = reader.verify();
    reader.close();
    return status ? Error{} : status.error();
}

// The error that opening and checking these bytes gives, or none.
Error error_of(const Bytes& bytes) {
    MemoryStore store;
    store.put(name.text, bytes);
    const Error error = error_of(store);
    EXPECT_EQ(store.open_count(), 0u);
    return error;
}

ErrorCode code_of(const Bytes& bytes) {
    return error_of(bytes).code;
}

const std::vector<std::size_t> small_lengths = {100, 0, 33};
const std::vector<std::size_t> chunked_lengths = {70'000, 150'000, 10};

Bytes file_of(const std::vector<std::size_t>& lengths) {
    State state(lengths, 1);
    return test::saved_bytes(state, 100);
}

MemoryStore store_of(const std::vector<std::size_t>& lengths) {
    MemoryStore store;
    store.put(name.text, file_of(lengths));
    return store;
}

TEST(CheckpointReader, says_what_a_checkpoint_holds) {
    MemoryStore store = store_of(chunked_lengths);
    const Result<CheckpointInfo> opened = reader.open(store, name);
    ASSERT_TRUE(opened);
    const CheckpointInfo& info = opened.value();
    EXPECT_EQ(info.version, 1u);
    EXPECT_STREQ(info.workload, "test");
    EXPECT_EQ(info.games, 100u);
    EXPECT_EQ(info.file_bytes, store.contents(name.text).size());
    EXPECT_EQ(info.chunks, 6u);
    EXPECT_EQ(info.section_count, 3u);
    const SectionInfo* second = info.find("section 1");
    ASSERT_NE(second, nullptr);
    EXPECT_EQ(second->type, ElementType::bytes);
    EXPECT_EQ(second->bytes, 150'000u);
    EXPECT_EQ(second->first_chunk, 2u);
    EXPECT_EQ(second->chunks, 3u);
    EXPECT_EQ(second->offset, 4096u + 70'000);
    EXPECT_EQ(info.find("section 3"), nullptr);
    EXPECT_EQ(reader.info().games, 100u);
    reader.close();
    EXPECT_EQ(store.open_count(), 0u);
}

TEST(CheckpointReader, loads_sections_in_any_order_and_skips_the_others) {
    MemoryStore store = store_of(chunked_lengths);
    State original(chunked_lengths, 1);
    std::vector<std::byte> first(70'000);
    std::vector<std::byte> third(10);
    SectionList wanted;
    wanted.add(section("section 2", ElementType::bytes, std::span(third)));
    wanted.add(section("section 0", ElementType::bytes, std::span(first)));
    ASSERT_TRUE(reader.open(store, name));
    ASSERT_TRUE(reader.load(wanted));
    EXPECT_EQ(first, original[0]);
    EXPECT_EQ(third, original[2]);
    reader.close();
}

TEST(CheckpointReader, reads_one_small_section) {
    MemoryStore store = store_of(chunked_lengths);
    State original(chunked_lengths, 1);
    ASSERT_TRUE(reader.open(store, name));
    std::vector<std::byte> buffer(64);
    EXPECT_EQ(reader.read_section("section 2", buffer).value(), 10u);
    EXPECT_EQ(std::memcmp(buffer.data(), original[2].data(), 10), 0);
    const Error too_long = reader.read_section("section 1", buffer).error();
    EXPECT_EQ(too_long.code, ErrorCode::section_mismatch);
    EXPECT_EQ(too_long.detail, 150'000u);
    EXPECT_EQ(reader.read_section("none", buffer).error().code, ErrorCode::section_missing);
    reader.close();
}

TEST(CheckpointReader, refuses_sections_of_another_type_or_length_before_touching_memory) {
    std::vector<std::uint32_t> numbers(1'000, 7);
    std::vector<std::byte> bytes(50, std::byte{1});
    SectionList saved;
    saved.add(section("numbers", ElementType::u32, std::span(numbers)));
    saved.add(section("bytes", ElementType::bytes, std::span(bytes)));
    std::uint32_t table[2];
    MemoryStore store;
    CheckpointWriter writer;
    writer.bind(table);
    ASSERT_TRUE(writer.begin(store, saved, {.workload = "test", .games = 100}));
    ASSERT_TRUE(writer.finish());
    ASSERT_TRUE(reader.open(store, name));

    std::vector<std::byte> untouched(50);
    std::vector<float> floats(1'000);
    std::vector<std::uint32_t> fewer(999);
    const auto error_for = [&](const Section& second) {
        SectionList wanted;
        wanted.add(section("bytes", ElementType::bytes, std::span(untouched)));
        wanted.add(second);
        return reader.load(wanted).error();
    };
    for (const Section& second : {section("numbers", ElementType::f32, std::span(floats)),
                                  section("numbers", ElementType::u32, std::span(fewer))}) {
        EXPECT_EQ(error_for(second).code, ErrorCode::section_mismatch);
        EXPECT_EQ(error_for(second).section, 1u);
        EXPECT_EQ(error_for(second).detail, 1'000u);
    }
    const Error missing = error_for(section("letters", ElementType::u32, std::span(fewer)));
    EXPECT_EQ(missing.code, ErrorCode::section_missing);
    EXPECT_EQ(missing.section, 1u);
    EXPECT_EQ(untouched, std::vector<std::byte>(50));
    reader.close();
}

TEST(CheckpointReader, reads_tables_longer_than_what_it_holds_of_one) {
    // 300 chunks: more than the 256 checksums that the reader keeps at a time.
    const std::vector<std::size_t> lengths = {299 * 65'536, 1'000};
    State state(lengths, 3);
    MemoryStore store;
    store.put(name.text, test::saved_bytes(state, 100));
    State loaded(lengths, 0);
    ASSERT_TRUE(test::load(store, name, loaded));
    EXPECT_TRUE(loaded == state);

    const std::uint64_t offset = 4096 + 270 * 65'536 + 5;
    store.contents(name.text)[offset] ^= std::byte{1};
    const Error error = error_of(store);
    EXPECT_EQ(error.code, ErrorCode::corrupt_chunk);
    EXPECT_EQ(error.chunk, 270u);
}

TEST(CheckpointReader, loading_finds_the_same_damage_as_checking) {
    MemoryStore store = store_of(chunked_lengths);
    store.contents(name.text)[4096 + 70'000 + 65'536] ^= std::byte{4};
    State loaded(chunked_lengths, 0);
    ASSERT_TRUE(reader.open(store, name));
    const Error error = reader.load(loaded.list()).error();
    EXPECT_EQ(error.code, ErrorCode::corrupt_chunk);
    EXPECT_EQ(error.section, 1u);
    EXPECT_EQ(error.chunk, 1u);
    EXPECT_EQ(error.detail, 4096u + 70'000 + 65'536);
    reader.close();
}

TEST(CheckpointReader, another_version_is_told_before_anything_else_is_judged) {
    Bytes bytes = file_of(small_lengths);
    const std::uint32_t version = 2'000;
    std::memcpy(bytes.data() + 8, &version, sizeof(version));
    for (const std::size_t length :
         {bytes.size(), std::size_t{4096}, std::size_t{500}, std::size_t{12}}) {
        bytes.resize(length);
        EXPECT_EQ(error_of(bytes).code, ErrorCode::unknown_version) << length;
        EXPECT_EQ(error_of(bytes).detail, 2'000u) << length;
    }
    bytes.resize(11);
    EXPECT_EQ(code_of(bytes), ErrorCode::truncated);
}

TEST(CheckpointReader, other_files_are_not_checkpoints) {
    for (const std::string& text :
         {std::string("x"), std::string("hello, world\n"), std::string(10'000, ' '),
          std::string("KILNCKPX"), std::string(5'000, '\0')}) {
        Bytes bytes(text.size());
        std::memcpy(bytes.data(), text.data(), text.size());
        EXPECT_EQ(code_of(bytes), ErrorCode::not_a_checkpoint) << text.substr(0, 20);
    }
    MemoryStore empty;
    EXPECT_EQ(error_of(empty).code, ErrorCode::not_found);
}

struct Lie {
    const char* what;
    void (*tell)(Header&);
    ErrorCode answer = ErrorCode::corrupt_header;
};

void tell_of_terabytes(Header& h) {
    h.section_count = 24;
    for (int i = 0; i < 24; ++i) {
        h.sections[i] = SectionEntry{};
        h.sections[i].name[0] = static_cast<char>('a' + i);
        h.sections[i].element_bytes = 1;
        h.sections[i].bytes = 1ull << 48;
    }
    checkpoint::lay_out(h);
}

const Lie lies[] = {
    {"a longer header", [](Header& h) { h.header_bytes = 8192; }},
    {"the other byte order", [](Header& h) { h.endianness_mark = 0x04030201; }},
    {"an unknown flag", [](Header& h) { h.flags = 2; }},
    {"compressed", [](Header& h) { h.flags = 1; }, ErrorCode::corrupt_table},
    {"chunks of no length", [](Header& h) { h.chunk_bytes = 0; }},
    {"huge chunks", [](Header& h) { h.chunk_bytes = 0xffffffff; }},
    {"one section more", [](Header& h) { ++h.section_count; }},
    {"one section fewer", [](Header& h) { --h.section_count; }},
    {"more sections than fit", [](Header& h) { h.section_count = 25; }},
    {"endless sections", [](Header& h) { h.section_count = 0xffffffff; }},
    {"a workload without end", [](Header& h) { std::memset(h.workload, 'x', 16); }},
    {"rubbish after the workload", [](Header& h) { h.workload[10] = 'x'; }},
    {"a reserved byte", [](Header& h) { h.reserved[55] = 1; }},
    {"a reserved byte at the end", [](Header& h) { h.reserved_tail[2235] = 1; }},
    {"a section that is not used", [](Header& h) { h.sections[23].bytes = 1; }},
    {"fewer chunks", [](Header& h) { --h.chunks; }},
    {"endless chunks", [](Header& h) { h.chunks = ~0ull; }},
    {"a longer file", [](Header& h) { ++h.file_bytes; }},
    {"an endless file", [](Header& h) { h.file_bytes = ~0ull; }},
    {"an empty file", [](Header& h) { h.file_bytes = 0; }},
    {"a name without end", [](Header& h) { std::memset(h.sections[0].name, 'x', 32); }},
    {"no name", [](Header& h) { std::memset(h.sections[0].name, 0, 32); }},
    {"rubbish after a name",
     [](Header& h) { h.sections[0].name[31] = 0, h.sections[0].name[20] = 1; }},
    {"the same name twice",
     [](Header& h) { std::memcpy(h.sections[2].name, h.sections[0].name, 32); }},
    {"elements of no length", [](Header& h) { h.sections[0].element_bytes = 0; }},
    {"half an element", [](Header& h) { h.sections[0].element_bytes = 64; }},
    {"a longer section", [](Header& h) { ++h.sections[0].bytes; }},
    {"an endless section", [](Header& h) { h.sections[0].bytes = ~0ull; }},
    {"a section just too long", [](Header& h) { h.sections[0].bytes = (1ull << 48) + 1; }},
    {"a section that moves the sum round", [](Header& h) { h.sections[0].bytes = 0ull - 4096; }},
    {"another first chunk", [](Header& h) { h.sections[2].first_chunk = 1ull << 40; }},
    {"endless chunks of a section", [](Header& h) { h.sections[0].chunks = ~0ull; }},
    {"an offset beyond the file", [](Header& h) { h.sections[0].offset = 1ull << 50; }},
    {"an offset into the header", [](Header& h) { h.sections[0].offset = 0; }},
    // Consistent in itself, but the file is not that long: no loop may run before this is seen.
    {"sections of 281 terabytes each", tell_of_terabytes, ErrorCode::truncated},
    {"the same, compressed",
     [](Header& h) {
         tell_of_terabytes(h);
         h.flags = 1;
     },
     ErrorCode::truncated},
    {"no sections",
     [](Header& h) {
         h.section_count = 0;
         std::memset(h.sections, 0, sizeof(h.sections));
         checkpoint::lay_out(h);
     },
     ErrorCode::trailing_bytes},
    {"other games than its name", [](Header& h) { h.games = 101; }, ErrorCode::corrupt_header},
};

TEST(CheckpointReader, a_header_that_lies_with_a_matching_checksum_is_refused) {
    for (const Lie& lie : lies) {
        Forgery forgery(file_of(small_lengths));
        lie.tell(forgery.header);
        EXPECT_EQ(code_of(forgery.seal()), lie.answer) << lie.what;
    }
}

TEST(CheckpointReader, a_trailer_that_lies_with_a_matching_checksum_is_refused) {
    using checkpoint::Trailer;
    void (*const trailer_lies[])(Trailer&) = {
        [](Trailer& trailer) { trailer.magic[7] = 'X'; },
        [](Trailer& trailer) { ++trailer.chunks; },
        [](Trailer& trailer) { trailer.chunks = ~0ull; },
        [](Trailer& trailer) { --trailer.file_bytes; },
        [](Trailer& trailer) { ++trailer.table_crc; },
    };
    for (const auto tell : trailer_lies) {
        Bytes bytes = file_of(small_lengths);
        std::byte* const end = bytes.data() + bytes.size() - sizeof(Trailer);
        Trailer trailer;
        std::memcpy(&trailer, end, sizeof(trailer));
        tell(trailer);
        trailer.crc = checkpoint::own_crc(trailer);
        std::memcpy(end, &trailer, sizeof(trailer));
        EXPECT_EQ(code_of(bytes), ErrorCode::corrupt_table);
    }
}

TEST(CheckpointReader, random_lies_with_matching_checksums_never_lead_outside_the_file) {
    // Sanitizers watch for what this cannot see. What is accepted must be what was written.
    const Bytes original = file_of(small_lengths);
    State expected(small_lengths, 1);
    for (std::uint64_t seed = 0; seed < 5'000; ++seed) {
        RandomStream stream(seed, StreamPurpose::position, 0);
        Forgery forgery(original);
        auto* const bytes = reinterpret_cast<std::uint8_t*>(&forgery.header);
        for (std::uint64_t change = 0; change <= stream.below(3); ++change) {
            // Mostly the used part of the header, and mostly the extremes.
            const std::size_t offset = 12 + stream.below(stream.below(4) == 0 ? 4080 : 340);
            constexpr std::uint8_t extremes[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
            bytes[offset] = stream.below(2) == 0 ? extremes[stream.below(5)]
                                                 : static_cast<std::uint8_t>(stream.next());
        }
        MemoryStore store;
        store.put(name.text, forgery.seal());
        if (!reader.open(store, name))
            continue;
        const bool is_accepted = reader.verify().has_value();
        if (!is_accepted) {
            reader.close();
            continue;
        }
        // Names, types and element lengths may be anything; the contents may not.
        std::vector<std::byte> buffer(200);
        const CheckpointInfo& info = reader.info();
        ASSERT_EQ(info.section_count, 3u) << "seed " << seed;
        for (std::size_t i = 0; i < 3; ++i) {
            const Result<std::size_t> length = reader.read_section(info.sections[i].name, buffer);
            ASSERT_TRUE(length) << "seed " << seed;
            ASSERT_EQ(length.value(), small_lengths[i]) << "seed " << seed;
            ASSERT_TRUE(std::equal(expected[i].begin(), expected[i].end(), buffer.begin()));
        }
        reader.close();
    }
}

TEST(CheckpointReader, chunks_that_traded_places_are_refused) {
    // Chunks 0 and 1 of section 1, with their checksums: valid as bytes, wrong as a place.
    Forgery forgery(file_of(chunked_lengths));
    std::byte* const first = forgery.at(4096 + 70'000);
    std::swap_ranges(first, first + 65'536, first + 65'536);
    std::byte* const table = forgery.at(4096 + 220'010);
    std::swap_ranges(table + 8, table + 12, table + 12);
    const Error error = error_of(forgery.seal());
    EXPECT_EQ(error.code, ErrorCode::corrupt_chunk);
    EXPECT_EQ(error.section, 1u);
    EXPECT_EQ(error.chunk, 0u);
}

TEST(CheckpointReader, a_chunk_of_another_generation_is_refused) {
    State state(small_lengths, 1);
    const Bytes later = test::saved_bytes(state, 101);
    Forgery forgery(test::saved_bytes(state, 100));
    const std::size_t table = 4096 + 133;
    std::memcpy(forgery.at(table), later.data() + table, 4);
    EXPECT_EQ(code_of(forgery.seal()), ErrorCode::corrupt_chunk);
}

TEST(CheckpointReader, a_whole_checkpoint_under_the_name_of_another_is_refused) {
    // As a disk leaves it that lost a file and shows an older one in its place.
    test::State state({5'000}, 43);
    MemoryStore store;
    ASSERT_TRUE(test::save(store, state, 32));
    ASSERT_TRUE(store.rename(checkpoint_file_name(32), checkpoint_file_name(64)));
    const auto opened = reader.open(store, checkpoint_file_name(64));
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::corrupt_header);
    // A name that says nothing is believed.
    const FileName copy = {"copy.ckpt"};
    ASSERT_TRUE(store.rename(checkpoint_file_name(64), copy));
    EXPECT_TRUE(reader.open(store, copy));
    reader.close();
}

TEST(CheckpointReader, a_table_of_another_checkpoint_is_refused) {
    State state(small_lengths, 1);
    Bytes bytes = test::saved_bytes(state, 100);
    const Bytes later = test::saved_bytes(state, 101);
    std::copy(later.begin() + 4096 + 133, later.end(), bytes.begin() + 4096 + 133);
    EXPECT_EQ(code_of(bytes), ErrorCode::corrupt_table);
}

TEST(CheckpointReader, hands_on_a_failure_at_any_call_and_closes_the_file) {
    MemoryStore fresh = store_of(chunked_lengths);
    for (std::uint64_t call = 1;; ++call) {
        SCOPED_TRACE("call " + std::to_string(call));
        MemoryStore store = fresh;
        store.fail_call(call, ErrorCode::io_failed);
        State loaded(chunked_lengths, 0);
        const Status status = test::load(store, name, loaded);
        EXPECT_EQ(store.open_count(), 0u);
        if (status) {
            // Only closing may fail unnoticed.
            EXPECT_GE(call + 1, store.calls());
            if (!store.has_failed())
                break;
            continue;
        }
        EXPECT_EQ(status.error().code, ErrorCode::io_failed);
        EXPECT_EQ(status.error().detail, call);
    }
}

TEST(CheckpointReader, a_device_that_fails_under_a_chunk_says_which) {
    MemoryStore store = store_of(chunked_lengths);
    ASSERT_TRUE(reader.open(store, name));
    store.fail_call(5, ErrorCode::io_failed);  // one read of the table, then chunks 0, 1; 0, 1, 2
    const Error error = reader.verify().error();
    EXPECT_EQ(error.code, ErrorCode::io_failed);
    EXPECT_EQ(error.section, 1u);
    EXPECT_EQ(error.chunk, 1u);
    reader.close();
}

TEST(CheckpointReader, using_it_before_open_is_a_programmer_error) {
    reader.close();
    EXPECT_CHECK_FAILS((void)reader.verify(), "file_ >= 0");
    EXPECT_CHECK_FAILS((void)reader.load(SectionList{}), "file_ >= 0");
}

}  // namespace
}  // namespace kiln

#include "core/checkpoint/compression.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/check_death.hpp"
#include "tests/support/checkpoints.hpp"

namespace kiln {
namespace {

using test::MemoryStore;
using test::save;
using test::saved_bytes;
using test::State;

const FileName name = checkpoint_file_name(100);

State mixed_state(std::uint64_t seed) {
    State state({200'000, 0, 70'000, 65'536, 65'537, 7, 65'535}, seed);
    for (const std::size_t section : {0u, 3u, 4u, 5u})
        state.thin_out(section);
    return state;
}

TEST(Compression, a_compressed_checkpoint_holds_the_same_in_fewer_bytes) {
    State state = mixed_state(1);
    const MemoryStore::Bytes compressed = saved_bytes(state, 100, Compression::lz4);
    EXPECT_LT(compressed.size(), saved_bytes(state, 100).size() * 4 / 5);
    MemoryStore store;
    store.put(name.text, compressed);
    State loaded = mixed_state(2);
    ASSERT_TRUE(test::load(store, name, loaded));
    EXPECT_TRUE(loaded == state);
}

TEST(Compression, equal_states_give_equal_files_whatever_was_compressed_before) {
    State first = mixed_state(1);
    State second = mixed_state(2);
    std::vector<std::uint32_t> table(CheckpointWriter::table_words(first.list(), Compression::lz4));
    const auto space = std::make_unique<checkpoint::CompressionSpace>();
    CheckpointWriter writer;
    writer.bind(table, space.get());
    MemoryStore store;
    for (State* state : {&second, &first}) {
        (void)store.remove(name);
        ASSERT_TRUE(writer.begin(store, state->list(), {"test", 100}, Compression::lz4));
        ASSERT_TRUE(writer.finish());
        EXPECT_EQ(writer.file_bytes(), store.contents(name.text).size());
        EXPECT_EQ(store.contents(name.text), saved_bytes(*state, 100, Compression::lz4));
    }
}

TEST(Compression, says_where_the_sections_of_a_compressed_file_really_are) {
    State state({70'000, 0, 33}, 1);
    state.thin_out(0);
    MemoryStore store;
    ASSERT_TRUE(save(store, state, 100, Compression::lz4));
    CheckpointReader reader;
    ASSERT_TRUE(reader.open(store, name));
    const CheckpointInfo& info = reader.info();
    EXPECT_TRUE(info.is_compressed);
    EXPECT_EQ(info.file_bytes, store.contents(name.text).size());
    EXPECT_EQ(info.sections[0].offset, 4096u);
    EXPECT_LT(info.sections[0].stored_bytes, 50'000u);
    EXPECT_EQ(info.sections[1].stored_bytes, 0u);
    EXPECT_EQ(info.sections[2].offset, 4096u + info.sections[0].stored_bytes);
    EXPECT_EQ(info.sections[2].stored_bytes, 33u);  // too short to become shorter
    EXPECT_EQ(info.file_bytes, info.sections[2].offset + 33 + 3 * 8 + 32);
    std::vector<std::byte> buffer(33);
    ASSERT_TRUE(reader.read_section("section 2", buffer));
    EXPECT_EQ(buffer, state[2]);
    reader.close();
}

TEST(Compression, reads_tables_longer_than_what_the_reader_holds_of_one) {
    State state({299 * 65'536, 1'000}, 3);
    state.thin_out(0);
    MemoryStore store;
    ASSERT_TRUE(save(store, state, 100, Compression::lz4));
    State loaded({299 * 65'536, 1'000}, 0);
    ASSERT_TRUE(test::load(store, name, loaded));
    EXPECT_TRUE(loaded == state);
}

TEST(Compression, a_failure_at_any_call_is_handed_on_and_the_file_closed) {
    State state = mixed_state(1);
    MemoryStore fresh;
    ASSERT_TRUE(save(fresh, state, 100, Compression::lz4));
    for (std::uint64_t call = 1;; ++call) {
        SCOPED_TRACE("call " + std::to_string(call));
        MemoryStore store;
        store.fail_call(call, ErrorCode::no_space);
        const Status saved = save(store, state, 100, Compression::lz4);
        EXPECT_EQ(saved.has_value(), !store.has_failed());
        EXPECT_EQ(store.open_count(), 0u);
        MemoryStore reading = fresh;
        reading.fail_call(call, ErrorCode::io_failed);
        State loaded = mixed_state(2);
        EXPECT_TRUE(!test::load(reading, name, loaded) || loaded == state);
        EXPECT_EQ(reading.open_count(), 0u);
        if (!store.has_failed() && !reading.has_failed())
            break;
    }
}

TEST(Compression, without_the_memory_for_it_is_a_programmer_error) {
    State state({100'000}, 2);
    MemoryStore store;
    std::uint32_t table[4];
    checkpoint::CompressionSpace space;
    CheckpointWriter writer;
    writer.bind(table);
    EXPECT_CHECK_FAILS((void)writer.begin(store, state.list(), {"test", 1}, Compression::lz4),
                       ".*space_ != nullptr");
    writer.bind(std::span(table).first(3), &space);
    EXPECT_CHECK_FAILS((void)writer.begin(store, state.list(), {"test", 1}, Compression::lz4),
                       "table_.size\\(\\) >= .*");
}

}  // namespace
}  // namespace kiln

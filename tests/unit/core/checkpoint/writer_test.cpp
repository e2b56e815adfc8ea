#include "core/checkpoint/writer.hpp"

#include <cstring>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/checkpoint/catalog.hpp"

#include "tests/support/check_death.hpp"
#include "tests/support/checkpoints.hpp"
#include "tests/support/memory_store.hpp"

namespace kiln {
namespace {

using test::load;
using test::MemoryStore;
using test::save;
using test::State;

const std::string name_of_100 = "game-000000000100.ckpt";
const std::string name_of_200 = "game-000000000200.ckpt";

std::uint64_t number_at(const MemoryStore::Bytes& file, std::size_t offset, std::size_t length) {
    std::uint64_t value = 0;
    for (std::size_t i = length; i-- > 0;)
        value = value << 8 | std::to_integer<std::uint64_t>(file[offset + i]);
    return value;
}

std::string text_at(const MemoryStore::Bytes& file, std::size_t offset, std::size_t length) {
    return {reinterpret_cast<const char*>(file.data()) + offset, length};
}

std::string padded(std::string text, std::size_t length) {
    text.resize(length, '\0');
    return text;
}

TEST(CheckpointWriter, lays_the_file_out_as_the_format_says) {
    // Offsets as in FORMATS.md, not from the structs that the writer uses.
    State state({70'000, 0, 100}, 1);
    const MemoryStore::Bytes file = test::saved_bytes(state, 100);
    ASSERT_EQ(file.size(), 4096u + 70'100 + 3 * 4 + 32);
    EXPECT_EQ(text_at(file, 0, 8), "KILNCKPT");
    EXPECT_EQ(number_at(file, 8, 4), 1u);
    EXPECT_EQ(number_at(file, 12, 4), 4096u);
    EXPECT_EQ(text_at(file, 16, 4), "\4\3\2\1");
    EXPECT_EQ(number_at(file, 20, 4), 0u);
    EXPECT_EQ(text_at(file, 24, 16), padded("test", 16));
    EXPECT_EQ(number_at(file, 40, 8), 100u);
    EXPECT_EQ(number_at(file, 48, 8), file.size());
    EXPECT_EQ(number_at(file, 56, 8), 3u);
    EXPECT_EQ(number_at(file, 64, 4), 3u);
    EXPECT_EQ(number_at(file, 68, 4), 65536u);
    const std::uint64_t entries[3][4] = {
        {70'000, 0, 2, 4096}, {0, 2, 0, 74'096}, {100, 2, 1, 74'096}};
    for (std::size_t i = 0; i < 3; ++i) {
        const std::size_t entry = 128 + 72 * i;
        EXPECT_EQ(text_at(file, entry, 32), padded("section " + std::to_string(i), 32));
        EXPECT_EQ(number_at(file, entry + 32, 4), 0u);
        EXPECT_EQ(number_at(file, entry + 36, 4), 1u);
        for (std::size_t field = 0; field < 4; ++field)
            EXPECT_EQ(number_at(file, entry + 40 + 8 * field, 8), entries[i][field]);
    }
    EXPECT_EQ(text_at(file, 72, 56), padded("", 56));
    EXPECT_EQ(text_at(file, 128 + 3 * 72, 4092 - 128 - 3 * 72), padded("", 4092 - 128 - 3 * 72));
    EXPECT_EQ(number_at(file, 4092, 4), crc32c_table(0, std::span(file).first(4092)));
    EXPECT_EQ(std::memcmp(file.data() + 4096, state[0].data(), 70'000), 0);
    EXPECT_EQ(std::memcmp(file.data() + 74'096, state[2].data(), 100), 0);
}

void append_number(MemoryStore::Bytes& bytes, std::uint64_t value, std::size_t length) {
    for (std::size_t i = 0; i < length; ++i)
        bytes.push_back(static_cast<std::byte>(value >> (8 * i)));
}

TEST(CheckpointWriter, binds_every_checksum_to_its_place_as_the_format_says) {
    State state({70'000, 0, 100}, 1);
    const MemoryStore::Bytes file = test::saved_bytes(state, 100);
    const std::size_t table = 4096 + 70'100;
    const struct {
        std::uint64_t section, length, chunk;
        std::size_t offset;
    } chunks[] = {{0, 65'536, 0, 4096}, {0, 4'464, 1, 69'632}, {2, 100, 0, 74'096}};
    for (std::size_t i = 0; i < 3; ++i) {
        MemoryStore::Bytes covered;
        append_number(covered, 100, 8);
        append_number(covered, chunks[i].section, 4);
        append_number(covered, chunks[i].length, 4);
        append_number(covered, chunks[i].chunk, 8);
        for (std::size_t at = 0; at < chunks[i].length; ++at)
            covered.push_back(file[chunks[i].offset + at]);
        EXPECT_EQ(number_at(file, table + 4 * i, 4), crc32c_table(0, covered)) << "chunk " << i;
    }
    const std::size_t trailer = table + 12;
    MemoryStore::Bytes covered;
    append_number(covered, 100, 8);
    append_number(covered, 3, 8);
    covered.insert(covered.end(), file.begin() + 74'196, file.begin() + 74'208);
    EXPECT_EQ(text_at(file, trailer, 8), "KILNTAIL");
    EXPECT_EQ(number_at(file, trailer + 8, 8), 3u);
    EXPECT_EQ(number_at(file, trailer + 16, 8), file.size());
    EXPECT_EQ(number_at(file, trailer + 24, 4), crc32c_table(0, covered));
    EXPECT_EQ(number_at(file, trailer + 28, 4),
              crc32c_table(0, std::span(file).subspan(trailer, 28)));
}

TEST(CheckpointWriter, equal_states_give_equal_files) {
    // The second writer has another past, another table and other memory.
    State first({200'000, 33}, 5);
    State second({200'000, 33}, 5);
    State other({300'000}, 6);
    const MemoryStore::Bytes expected = test::saved_bytes(first, 77);

    MemoryStore store;
    std::vector<std::uint32_t> table(100, 0xdeadbeefu);
    CheckpointWriter writer;
    writer.bind(table);
    ASSERT_TRUE(writer.begin(store, other.list(), {.workload = "other", .games = 3}));
    ASSERT_TRUE(writer.finish());
    ASSERT_TRUE(writer.begin(store, second.list(), {.workload = "test", .games = 77}));
    ASSERT_TRUE(writer.finish());
    EXPECT_EQ(store.contents(checkpoint_file_name(77).text), expected);
}

TEST(CheckpointWriter, writes_in_steps_of_about_a_mebibyte_and_knows_the_length_at_once) {
    State state({3'000'000, 10, 2'500'000}, 2);
    const SectionList sections = state.list();
    std::vector<std::uint32_t> table(CheckpointWriter::table_words(sections));
    EXPECT_EQ(table.size(), 46u + 1 + 39);
    MemoryStore store;
    CheckpointWriter writer;
    writer.bind(table);
    EXPECT_FALSE(writer.is_active());
    ASSERT_TRUE(writer.begin(store, sections, {.workload = "test", .games = 100}));
    const std::string temporary = name_of_100 + ".tmp";
    std::size_t before = store.contents(temporary).size();
    int steps = 0;
    for (bool is_done = false; !is_done; ++steps) {
        EXPECT_TRUE(writer.is_active());
        const Result<bool> result = writer.step();
        ASSERT_TRUE(result);
        is_done = result.value();
        const std::string& name = store.exists(temporary) ? temporary : name_of_100;
        EXPECT_LE(store.contents(name).size() - before, 1u << 20);
        before = store.contents(name).size();
    }
    EXPECT_FALSE(writer.is_active());
    EXPECT_EQ(writer.file_bytes(), store.contents(name_of_100).size());
    EXPECT_GE(steps, 6);
    EXPECT_LE(steps, 12);
}

TEST(CheckpointWriter, takes_sections_of_every_length_around_a_chunk) {
    for (const std::size_t length : {0u, 1u, 65'535u, 65'536u, 65'537u, 131'072u, 1'048'577u}) {
        State state({length, 3, length}, length);
        MemoryStore store;
        ASSERT_TRUE(save(store, state, 100)) << length;
        State loaded({length, 3, length}, 0);
        ASSERT_TRUE(load(store, test::file_name(name_of_100), loaded)) << length;
        EXPECT_TRUE(loaded == state) << length;
    }
}

TEST(CheckpointWriter, a_state_without_sections_is_a_checkpoint_too) {
    State state({}, 0);
    MemoryStore store;
    ASSERT_TRUE(save(store, state, 0));
    EXPECT_EQ(store.contents("game-000000000000.ckpt").size(), 4096u + 32);
    EXPECT_TRUE(load(store, checkpoint_file_name(0), state));
}

TEST(CheckpointWriter, abandoning_leaves_nothing_behind) {
    State state({3'000'000}, 2);
    const SectionList sections = state.list();
    for (int steps = 0; steps < 6; ++steps) {
        MemoryStore store;
        std::vector<std::uint32_t> table(CheckpointWriter::table_words(sections));
        CheckpointWriter writer;
        writer.bind(table);
        ASSERT_TRUE(writer.begin(store, sections, {.workload = "test", .games = 100}));
        for (int step = 0; step < steps; ++step)
            ASSERT_TRUE(writer.step());
        writer.abandon();
        writer.abandon();
        EXPECT_FALSE(writer.is_active());
        EXPECT_EQ(store.file_count(), 0u);
        EXPECT_EQ(store.open_count(), 0u);
    }
}

TEST(CheckpointWriter, replaces_the_leftover_of_an_earlier_process) {
    State state({1'000}, 2);
    MemoryStore store;
    store.put(name_of_100 + ".tmp", MemoryStore::Bytes(50'000));
    ASSERT_TRUE(save(store, state, 100));
    EXPECT_EQ(store.file_count(), 1u);
    EXPECT_TRUE(load(store, test::file_name(name_of_100), state));
}

TEST(CheckpointWriter, misuse_is_a_programmer_error) {
    State state({100'000}, 2);
    MemoryStore store;
    std::uint32_t table[2];
    CheckpointWriter writer;
    writer.bind(std::span(table).first(1));
    EXPECT_CHECK_FAILS((void)writer.step(), "is_active\\(\\)");
    EXPECT_CHECK_FAILS((void)writer.begin(store, state.list(), {"test", 1}),
                       "table_.size\\(\\) >= .*");
    writer.bind(table);
    EXPECT_CHECK_FAILS((void)writer.begin(store, state.list(), {"sixteen letters!", 1}),
                       ".*strlen.*");
    ASSERT_TRUE(writer.begin(store, state.list(), {"test", 1}));
    EXPECT_CHECK_FAILS((void)writer.begin(store, state.list(), {"test", 1}), "!is_active\\(\\)");
}

// What must hold after a save of 200 over 100 ended, however it ended.
void expect_old_or_new(MemoryStore& store, State& old_state, State& new_state, bool was_saved) {
    State loaded({2'500'000, 40}, 0);
    ASSERT_TRUE(store.exists(name_of_100));
    ASSERT_TRUE(load(store, test::file_name(name_of_100), loaded));
    ASSERT_TRUE(loaded == old_state);
    ASSERT_TRUE(store.exists(name_of_200) || !was_saved);
    if (!store.exists(name_of_200))
        return;
    ASSERT_TRUE(load(store, test::file_name(name_of_200), loaded));
    ASSERT_TRUE(loaded == new_state);
}

class FailingSave : public testing::TestWithParam<ErrorCode> {};
INSTANTIATE_TEST_SUITE_P(with, FailingSave,
                         testing::Values(ErrorCode::no_space, ErrorCode::io_failed,
                                         ErrorCode::permission_denied),
                         [](const auto& code) {
                             return "error_" + std::to_string(static_cast<int>(code.param));
                         });

TEST_P(FailingSave, at_any_call_keeps_the_old_checkpoint_and_the_next_attempt_succeeds) {
    State old_state({2'500'000, 40}, 10);
    State new_state({2'500'000, 40}, 11);
    MemoryStore fresh;
    ASSERT_TRUE(save(fresh, old_state, 100));
    for (std::uint64_t call = 1;; ++call) {
        SCOPED_TRACE("call " + std::to_string(call));
        MemoryStore store = fresh;
        store.fail_call(call, GetParam());
        const Status status = save(store, new_state, 200);
        const bool has_failed = store.has_failed();
        store.fail_nothing();
        EXPECT_EQ(store.open_count(), 0u);
        EXPECT_EQ(status.has_value(), !has_failed);
        ASSERT_NO_FATAL_FAILURE(expect_old_or_new(store, old_state, new_state, !has_failed));
        if (!has_failed) {
            EXPECT_GT(call, 10u);
            break;
        }
        EXPECT_EQ(status.error().code, GetParam());
        EXPECT_EQ(status.error().detail, call);
        // One failure leaves no temporary file: the call that removes it works.
        EXPECT_FALSE(store.exists(name_of_200 + ".tmp"));
        ASSERT_TRUE(save(store, new_state, 200));
        ASSERT_NO_FATAL_FAILURE(expect_old_or_new(store, old_state, new_state, true));
    }
}

TEST_P(FailingSave, from_any_call_on_keeps_the_old_checkpoint_and_the_next_attempt_succeeds) {
    State old_state({2'500'000, 40}, 10);
    State new_state({2'500'000, 40}, 11);
    MemoryStore fresh;
    ASSERT_TRUE(save(fresh, old_state, 100));
    for (std::uint64_t call = 1;; ++call) {
        SCOPED_TRACE("from call " + std::to_string(call));
        MemoryStore store = fresh;
        store.fail_from(call, GetParam());
        const Status status = save(store, new_state, 200);
        const bool has_failed = store.has_failed();
        store.fail_nothing();
        EXPECT_EQ(status.has_value(), !has_failed);
        ASSERT_NO_FATAL_FAILURE(expect_old_or_new(store, old_state, new_state, !has_failed));
        if (!has_failed)
            break;
        EXPECT_EQ(status.error().detail, call);  // the first failure, not one of the tidying up
        ASSERT_TRUE(save(store, new_state, 200));
        EXPECT_FALSE(store.exists(name_of_200 + ".tmp"));
        ASSERT_NO_FATAL_FAILURE(expect_old_or_new(store, old_state, new_state, true));
    }
}

TEST(CheckpointWriter, a_failure_after_the_rename_is_reported_and_the_new_checkpoint_stays) {
    State old_state({2'500'000, 40}, 10);
    State new_state({2'500'000, 40}, 11);
    MemoryStore store;
    ASSERT_TRUE(save(store, old_state, 100));
    MemoryStore counting = store;
    counting.fail_nothing();
    ASSERT_TRUE(save(counting, new_state, 200));
    store.fail_call(counting.calls(), ErrorCode::io_failed);  // the last: sync_directory
    EXPECT_EQ(save(store, new_state, 200).error().code, ErrorCode::io_failed);
    EXPECT_TRUE(store.exists(name_of_200));
    ASSERT_NO_FATAL_FAILURE(expect_old_or_new(store, old_state, new_state, true));
}

}  // namespace
}  // namespace kiln

// The checkpoints in tests/golden load for ever; the plain ones are what the writer writes.
#include "tests/support/golden.hpp"

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/null/null_workload.hpp"

#include "tests/support/checkpoints.hpp"
#include "tests/support/memory_store.hpp"

namespace kiln {
namespace {

using test::GoldenState;
using test::MemoryStore;

const FileName name = test::file_name("golden");
CheckpointReader reader;  // static, as the program has it: the object holds chunks

MemoryStore::Bytes golden(const std::string& file_name) {
    std::ifstream file(std::string(KILN_GOLDEN) + "/" + file_name, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    EXPECT_FALSE(text.empty()) << file_name;
    const std::span<const std::byte> bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

void open(MemoryStore& store, const std::string& file_name) {
    store.put(name.text, golden(file_name));
    const Result<CheckpointInfo> info = reader.open(store, name);
    ASSERT_TRUE(info) << file_name << ": " << describe(info.error().code);
    ASSERT_TRUE(reader.verify()) << file_name;
    EXPECT_EQ(info.value().version, 1u);
    EXPECT_EQ(info.value().is_compressed, file_name.find("lz4") != std::string::npos);
}

MemoryStore::Bytes written(const SectionList& sections, const CheckpointIdentity& identity) {
    std::vector<std::uint32_t> table(CheckpointWriter::table_words(sections));
    CheckpointWriter writer;
    writer.bind(table);
    MemoryStore store;
    EXPECT_TRUE(writer.begin(store, sections, identity));
    EXPECT_TRUE(writer.finish());
    return store.contents(checkpoint_file_name(identity.games).text);
}

TEST(GoldenCheckpoint, of_every_type_loads_with_exactly_its_contents) {
    for (const char* file_name : {"every-type.ckpt", "every-type-lz4.ckpt"}) {
        SCOPED_TRACE(file_name);
        MemoryStore store;
        ASSERT_NO_FATAL_FAILURE(open(store, file_name));
        EXPECT_STREQ(reader.info().workload, test::golden_workload);
        EXPECT_EQ(reader.info().games, test::golden_games);
        EXPECT_EQ(reader.info().section_count, 10u);
        EXPECT_EQ(reader.info().chunks, 10u);
        GoldenState loaded;
        loaded.clear();
        ASSERT_TRUE(reader.load(loaded.list()));
        EXPECT_TRUE(loaded == GoldenState());
        reader.close();
    }
}

TEST(GoldenCheckpoint, of_the_null_workload_loads_with_exactly_its_contents) {
    std::vector<std::uint64_t> counters_before;
    for (const char* file_name : {"null.ckpt", "null-lz4.ckpt"}) {
        SCOPED_TRACE(file_name);
        MemoryStore store;
        ASSERT_NO_FATAL_FAILURE(open(store, file_name));
        EXPECT_STREQ(reader.info().workload, "null");
        EXPECT_EQ(reader.info().games, test::golden_null_games);
        char settings[4096];
        std::uint64_t games = 0;
        std::vector<std::uint64_t> counters(NullWorkload::shards *
                                            NullWorkload::counters_per_shard);
        SectionList list;
        list.add(section("run.settings", ElementType::text, std::span<char>(settings)));
        list.add(section("run.progress", ElementType::record, std::span<std::uint64_t>(&games, 1)));
        list.add(section("null.counters", ElementType::u64, std::span(counters)));
        ASSERT_TRUE(reader.load(list));
        reader.close();
        EXPECT_STREQ(settings, test::golden_null_settings);
        EXPECT_EQ(games, test::golden_null_games);
        std::uint64_t sum = 0;
        for (const std::uint64_t counter : counters)
            sum += counter;
        EXPECT_EQ(sum, test::golden_null_games * NullWorkload::shards);
        EXPECT_TRUE(counters_before.empty() || counters == counters_before);
        counters_before = counters;
        EXPECT_EQ(written(list, {"null", games}), golden("null.ckpt"));
    }
}

TEST(GoldenCheckpoint, that_is_plain_is_what_the_writer_writes) {
    GoldenState state;
    EXPECT_EQ(written(state.list(), {test::golden_workload, test::golden_games}),
              golden("every-type.ckpt"));
}

}  // namespace
}  // namespace kiln

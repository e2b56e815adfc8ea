// Makes the golden checkpoints: make_golden FOLDER. See README.md here.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "core/null/null_workload.hpp"

#include "tests/support/checkpoints.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/memory_store.hpp"
#include "tests/support/trainer.hpp"

namespace kiln::test {
namespace {

MemoryStore::Bytes every_type(Compression compression) {
    GoldenState state;
    const SectionList sections = state.list();
    std::vector<std::uint32_t> table(CheckpointWriter::table_words(sections, compression));
    const auto space = std::make_unique<checkpoint::CompressionSpace>();
    CheckpointWriter writer;
    writer.bind(table, space.get());
    MemoryStore store;
    CHECK(writer.begin(store, sections, {golden_workload, golden_games}, compression));
    CHECK(writer.finish());
    return store.contents(checkpoint_file_name(golden_games).text);
}

MemoryStore::Bytes null_run(bool compress) {
    NullWorkload workload(1);
    TestRun run(workload, {.target_games = golden_null_games, .compress = compress}, 1);
    run.start_fresh(golden_null_settings);
    MemoryStore store;
    CHECK(run.train_alone(store));
    return store.contents(checkpoint_file_name(golden_null_games).text);
}

void write(const std::filesystem::path& path, const MemoryStore::Bytes& bytes) {
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    CHECK(file.flush());
    std::printf("%s: %zu bytes\n", path.c_str(), bytes.size());
}

}  // namespace
}  // namespace kiln::test

int main(int count, char** arguments) {
    using namespace kiln;
    if (count != 2) {
        std::fprintf(stderr, "make_golden FOLDER\n");
        return 2;
    }
    const std::filesystem::path folder = arguments[1];
    test::write(folder / "every-type.ckpt", test::every_type(Compression::none));
    test::write(folder / "every-type-lz4.ckpt", test::every_type(Compression::lz4));
    test::write(folder / "null.ckpt", test::null_run(false));
    test::write(folder / "null-lz4.ckpt", test::null_run(true));
    return 0;
}

// The loader that judges a directory after a crash, as every test of crashes uses it.
//
// What is loaded is compared by the sections' contents, so the judge does not depend on how a
// checkpoint file is laid out.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/checkpoint/catalog.hpp"
#include "core/checkpoint/reader.hpp"

namespace kiln::test {

// Everything a checkpoint says.
struct LoadedCheckpoint {
    std::string workload;
    std::uint64_t games = 0;
    std::vector<std::string> names;
    std::vector<std::vector<std::byte>> contents;

    bool operator==(const LoadedCheckpoint& other) const = default;
};

// One file, all of it. A checkpoint under the name of another one is damaged: a device that lost a
// whole file's writes shows what was there before.
inline Status load_checkpoint(Store& store, const CatalogEntry& entry, LoadedCheckpoint& loaded) {
    static CheckpointReader reader;
    const Result<CheckpointInfo> info = reader.open(store, entry.name);
    if (!info)
        return info.error();
    loaded.workload = info.value().workload;
    loaded.games = info.value().games;
    loaded.names.clear();
    loaded.contents.resize(info.value().section_count);
    SectionList sections;
    for (std::size_t i = 0; i < info.value().section_count; ++i) {
        const SectionInfo& section = info.value().sections[i];
        loaded.names.emplace_back(section.name);
        loaded.contents[i].resize(section.bytes);
        sections.add({info.value().sections[i].name, section.type, section.element_bytes,
                      std::span(loaded.contents[i])});
    }
    const Status status = reader.load(sections);
    reader.close();
    if (status && loaded.games != entry.games)
        return Error{.code = ErrorCode::corrupt_header, .detail = loaded.games};
    return status;
}

// Where a run would go on from.
struct Recovery {
    std::size_t listed = 0;   // checkpoints in the directory
    std::size_t damaged = 0;  // newer ones that were passed over
    Error first_error;        // of the newest of them
    bool is_found = false;
    LoadedCheckpoint checkpoint;
};

// Newest first, falling back to the one before while one is damaged.
inline Status recover(Store& store, Recovery& recovery) {
    static Catalog catalog;
    recovery.damaged = 0;
    recovery.is_found = false;
    TRY(read_catalog(store, catalog));
    recovery.listed = catalog.count;
    for (std::size_t i = 0; i < catalog.count && !recovery.is_found; ++i) {
        const Status status = load_checkpoint(store, catalog.entries[i], recovery.checkpoint);
        recovery.is_found = status.has_value();
        if (status)
            break;
        if (recovery.damaged++ == 0)
            recovery.first_error = status.error();
    }
    return {};
}

}  // namespace kiln::test

// Catalog: which checkpoints a store holds, and which may go.
#pragma once

#include <cstdint>

#include "core/base/result.hpp"
#include "core/port/store.hpp"

namespace kiln {

struct CatalogEntry {
    FileName name;
    std::uint64_t games = 0;
};

struct Catalog {
    static constexpr std::size_t capacity = 256;

    CatalogEntry entries[capacity];  // newest (most games) first
    std::size_t count = 0;
};

// "game-000000020000.ckpt": twelve digits at least, so that names sort as games do.
FileName checkpoint_file_name(std::uint64_t games);
// The games in such a name; not_a_checkpoint for any other name.
Result<std::uint64_t> parse_checkpoint_file_name(const FileName& name);

Status read_catalog(Store& store, Catalog& catalog);
// Removes unfinished files (*.ckpt.tmp) that an earlier process left behind; returns how many.
Result<std::uint32_t> sweep_unfinished(Store& store);
// Removes the oldest checkpoints beyond the newest `keep` (at least 1), then syncs the directory;
// returns how many went. Call only after the newest is durable.
Result<std::uint32_t> remove_old(Store& store, std::uint32_t keep);

}  // namespace kiln

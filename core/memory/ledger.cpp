#include "core/memory/ledger.hpp"

#include <cstring>

#include "core/base/check.hpp"

namespace kiln {

void Ledger::note(const char* name, std::uint64_t used_bytes, std::uint64_t peak_bytes) {
    CHECK(count_ < RegionList::capacity);
    const std::size_t length = std::strlen(name);
    CHECK(length < LedgerEntry::name_capacity);
    LedgerEntry& entry = entries_[count_++];
    entry = {};
    std::memcpy(entry.name, name, length);
    entry.used_bytes = used_bytes;
    entry.peak_bytes = peak_bytes;
}

const LedgerEntry* Ledger::find(const char* name) const {
    for (const LedgerEntry& entry : entries())
        if (std::strcmp(entry.name, name) == 0)
            return &entry;
    return nullptr;
}

}  // namespace kiln

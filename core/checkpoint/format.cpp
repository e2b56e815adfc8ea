#include "core/checkpoint/format.hpp"

namespace kiln::checkpoint {

void lay_out(Header& header) {
    std::uint64_t offset = sizeof(Header);
    std::uint64_t chunks = 0;
    for (std::uint32_t i = 0; i < header.section_count; ++i) {
        SectionEntry& entry = header.sections[i];
        entry.first_chunk = chunks;
        entry.chunks = chunk_count(entry.bytes);
        entry.offset = offset;
        chunks += entry.chunks;
        offset += entry.bytes;
    }
    header.chunks = chunks;
    header.file_bytes = offset + chunks * sizeof(std::uint32_t) + sizeof(Trailer);
}

}  // namespace kiln::checkpoint

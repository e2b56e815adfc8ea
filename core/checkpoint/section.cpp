#include "core/checkpoint/section.hpp"

#include <cstring>

#include "core/base/check.hpp"

namespace kiln {

void SectionList::add(const Section& section) {
    CHECK(count_ < capacity);
    CHECK(std::strlen(section.name) < Section::name_capacity);
    CHECK(section.element_bytes > 0 && section.bytes.size() % section.element_bytes == 0);
    for (const Section& other : all())
        CHECK(std::strcmp(other.name, section.name) != 0);
    sections_[count_++] = section;
}

}  // namespace kiln

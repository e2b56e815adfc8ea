// A section: one named, typed stretch of a workload's state, where it lies in memory.
//
// What a workload lists here is exactly what a checkpoint keeps; what it does not list is lost at
// the next start. Elements are little-endian plain data without padding, because their bytes are
// compared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace kiln {

enum class ElementType : std::uint32_t {
    bytes = 0,
    u16 = 1,
    u32 = 2,
    u64 = 3,
    f32 = 4,
    f64 = 5,
    adam_slot =
        16,  // core/numeric/adam.hpp: f32 carry, f32 first moment, f32 second moment, u32 updates
    text = 17,    // UTF-8, padded with zero bytes
    record = 18,  // a plain structure of the workload; element_bytes tells its size
};

struct Section {
    static constexpr std::size_t name_capacity = 32;

    const char* name = "";  // static storage, shorter than name_capacity, unique in a checkpoint
    ElementType type = ElementType::bytes;
    std::uint32_t element_bytes = 1;
    std::span<std::byte> bytes;  // length: a multiple of element_bytes
};

template <typename T>
Section section(const char* name, ElementType type, std::span<T> elements) {
    static_assert(std::is_trivially_copyable_v<T>);
    return {name, type, static_cast<std::uint32_t>(sizeof(T)), std::as_writable_bytes(elements)};
}

// A fixed-capacity list of sections.
class SectionList {
  public:
    static constexpr std::size_t capacity = 24;

    void add(const Section& section);
    std::span<const Section> all() const { return {sections_, count_}; }

  private:
    Section sections_[capacity];
    std::size_t count_ = 0;
};

}  // namespace kiln

// What the golden checkpoints hold (tests/golden/README.md). Never change it: the files are for
// ever, and a new format version gets new ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/checkpoint/section.hpp"

namespace kiln::test {

constexpr std::uint64_t golden_games = 1'234'567;
constexpr const char* golden_workload = "golden";

constexpr std::uint64_t golden_null_games = 64;
constexpr const char* golden_null_settings =
    "workload = null\ngames = 64\nseed = 1\nepoch-games = 32\n";

// A section of every type: one of two chunks, one empty, some that lz4 makes shorter and some that
// it does not.
class GoldenState {
  public:
    GoldenState() {
        add("golden.bytes", ElementType::bytes, 1, 1'000, 256);
        add("golden.u16", ElementType::u16, 2, 32'800, 4);  // 65,600 bytes: two chunks
        add("golden.u32", ElementType::u32, 4, 300, 2);
        add("golden.u64", ElementType::u64, 8, 50, 256);
        add("golden.f32", ElementType::f32, 4, 300, 3);
        add("golden.f64", ElementType::f64, 8, 1, 256);
        add("golden.empty", ElementType::u32, 4, 0, 256);
        add("golden.adam", ElementType::adam_slot, 16, 40, 2);
        add("golden.text", ElementType::text, 1, 128, 1);
        add("golden.record", ElementType::record, 24, 3, 256);
        const std::string text =
            "gr\xc3\xbc\xc3\x9f"
            "e, \xe4\xb8\x96\xe7\x95\x8c\n";
        for (std::size_t i = 0; i < text.size(); ++i)
            sections_[8].bytes[i] = static_cast<std::byte>(text[i]);
    }

    SectionList list() {
        SectionList list;
        for (Contents& section : sections_)
            list.add({section.name, section.type, section.element_bytes, section.bytes});
        return list;
    }
    void clear() {
        for (Contents& section : sections_)
            section.bytes.assign(section.bytes.size(), std::byte{0xa5});
    }
    bool operator==(const GoldenState& other) const {
        for (std::size_t i = 0; i < sections_.size(); ++i)
            if (sections_[i].bytes != other.sections_[i].bytes)
                return false;
        return true;
    }

  private:
    struct Contents {
        const char* name;
        ElementType type;
        std::uint32_t element_bytes;
        std::vector<std::byte> bytes;
    };

    // Bytes below `values`, by Knuth's MMIX generator: nothing of Kiln's own, which may change.
    void add(const char* name, ElementType type, std::uint32_t element_bytes, std::size_t elements,
             unsigned values) {
        Contents section{name, type, element_bytes, {}};
        for (std::size_t i = 0; i < elements * element_bytes; ++i) {
            random_ = random_ * 6364136223846793005u + 1442695040888963407u;
            section.bytes.push_back(static_cast<std::byte>((random_ >> 33) % values));
        }
        sections_.push_back(section);
    }

    std::uint64_t random_ = 1;
    std::vector<Contents> sections_;
};

}  // namespace kiln::test

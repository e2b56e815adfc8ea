// Arena: one block of memory, divided once by a Plan, then sealed.
//
// The arena owns nothing: it is handed a block (platform maps it, tests use an array) and hands out
// the planned regions, each once, by name. After seal() taking is a programmer error and fails a
// CHECK. Single-threaded; the spans it returns live as long as the block.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "core/base/check.hpp"
#include "core/memory/budget.hpp"

namespace kiln {

class Arena {
  public:
    // block must be at least plan.arena_bytes long, aligned to 4 KiB and zero-filled.
    Arena(std::span<std::byte> block, const Plan& plan);

    // The region of that name, whole. CHECK: it exists, lives in the arena, was not taken before,
    // and the arena is not sealed.
    std::span<std::byte> take(const char* name);

    // The region as elements of T (implicit-lifetime types only); the tail that does not fill a T
    // is left out.
    template <typename T>
    std::span<T> take_as(const char* name) {
        static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);
        const std::span<std::byte> bytes = take(name);
        CHECK(reinterpret_cast<std::uintptr_t>(bytes.data()) % alignof(T) == 0);
        return {reinterpret_cast<T*>(bytes.data()), bytes.size() / sizeof(T)};
    }

    // Declares set-up finished. CHECK: every planned region was taken (memory nobody uses is a
    // planning bug).
    void seal();
    bool is_sealed() const { return sealed_; }

    const Plan& plan() const { return plan_; }

  private:
    std::span<std::byte> block_;
    Plan plan_;
    bool taken_[RegionList::capacity] = {};
    bool sealed_ = false;
};

}  // namespace kiln

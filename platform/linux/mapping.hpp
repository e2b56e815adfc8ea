// Mapping: the one block of memory a trainer lives in, taken whole from the system at start.
//
// The block is zero-filled, starts on a 2 MiB boundary so that huge pages can back it, and every
// page of it is present before map() returns: what cannot be had fails here, not hours later. Huge
// pages are asked for, never required. The memory goes back when the object goes. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/base/result.hpp"

namespace kiln::platform {

class Mapping {
  public:
    Mapping() = default;
    ~Mapping();
    Mapping(Mapping&& other) noexcept;
    Mapping& operator=(Mapping&& other) noexcept;

    // Maps at least `bytes`, rounded up to whole pages; a mapping held before is given back first.
    // out_of_memory with the bytes asked for when the system refuses.
    Status map(std::uint64_t bytes);
    void unmap();

    std::span<std::byte> span() const { return block_; }

  private:
    std::span<std::byte> block_;
};

}  // namespace kiln::platform

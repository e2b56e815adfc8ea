// SharedMemory: a block that two processes map, named by nothing but a file descriptor.
//
// One process creates it, sized and zero-filled, and hands the descriptor to a child; the child
// maps it. It is gone when the last of them is gone, whatever way they end. Every page is present
// when create() or adopt() returns. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/base/result.hpp"

namespace kiln::platform {

class SharedMemory {
  public:
    SharedMemory() = default;
    ~SharedMemory();
    SharedMemory(const SharedMemory&) = delete;
    SharedMemory& operator=(const SharedMemory&) = delete;

    // out_of_memory when the system refuses.
    Status create(std::uint64_t bytes);
    // Maps what another process created. io_failed when the descriptor is not such a block or its
    // size is another. The descriptor then belongs to this object.
    Status adopt(int descriptor, std::uint64_t bytes);

    std::span<std::byte> span() const { return block_; }
    int descriptor() const { return descriptor_; }

  private:
    Status map(std::uint64_t bytes);

    int descriptor_ = -1;
    std::span<std::byte> block_;
};

}  // namespace kiln::platform

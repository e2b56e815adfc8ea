// Pool: equal slots in a region, taken together and given back together.
//
// The capacity is fixed at bind. An epoch takes as many slots as it has games, each worker writes
// the slots of its own tickets, and the epoch gives all of them back when it has absorbed them. So
// there is no free list, and nothing here needs a lock: take and clear are called by one thread
// between the phases, slot() may be called by any thread for slots that were taken.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/base/check.hpp"

namespace kiln {

class Pool {
  public:
    Pool() = default;

    // slot_bytes is a multiple of the alignment the contents need; a tail shorter than a slot is
    // unused.
    void bind(std::span<std::byte> region, std::size_t slot_bytes) {
        CHECK(slot_bytes > 0);
        region_ = region;
        slot_bytes_ = slot_bytes;
        used_ = peak_ = 0;
    }

    // Takes the first `count` slots. CHECK: the pool is empty and they fit.
    void take(std::size_t count) {
        CHECK(used_ == 0 && count <= capacity());
        used_ = count;
        peak_ = std::max(peak_, used_);
    }

    void clear() { used_ = 0; }

    std::span<std::byte> slot(std::size_t index) const {
        DCHECK(index < used_);
        return region_.subspan(index * slot_bytes_, slot_bytes_);
    }

    std::size_t capacity() const { return slot_bytes_ == 0 ? 0 : region_.size() / slot_bytes_; }
    std::size_t used() const { return used_; }
    std::size_t peak() const { return peak_; }

  private:
    std::span<std::byte> region_;
    std::size_t slot_bytes_ = 0;
    std::size_t used_ = 0;
    std::size_t peak_ = 0;
};

}  // namespace kiln

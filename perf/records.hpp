// Records: the memory for an epoch's games, outside any plan.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/memory/pool.hpp"
#include "core/othello/othello_workload.hpp"

namespace kiln::perf {

class Records {
  public:
    Records(const othello::OthelloWorkload& workload, std::uint32_t games)
        : storage_(games * workload.record_bytes() + alignment) {
        const auto address = reinterpret_cast<std::uintptr_t>(storage_.data());
        pool_.bind(
            {storage_.data() + (alignment - address % alignment), games * workload.record_bytes()},
            workload.record_bytes());
        pool_.take(games);
    }

    const Pool& pool() const { return pool_; }

  private:
    static constexpr std::size_t alignment = 64;

    std::vector<std::byte> storage_;
    Pool pool_;
};

}  // namespace kiln::perf

// Port: samples that have no room in planned memory and are read as they are needed.
#pragma once

#include <cstdint>
#include <span>

#include "core/base/result.hpp"

namespace kiln::router {

class SampleSource {
  public:
    // Sample `number`: its inputs [T, D] and its teacher's logits, of which there may be none [K].
    // Called by several threads at a time; allocates nothing.
    virtual Status read(std::uint32_t number, std::span<float> inputs,
                        std::span<float> teacher_logits) const = 0;

  protected:
    ~SampleSource() = default;
};

}  // namespace kiln::router

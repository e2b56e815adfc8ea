// Learner: turns the errors of an epoch into new weights.
//
// A shard is one shape at one stage. Its errors are summed per weight, as whole numbers, so that
// the sum does not depend on their order; then every weight that was touched makes one Adam step
// with the mean of its errors and is rounded to u16 (core/numeric/adam.hpp). Shards touch disjoint
// weights, so any number of workers may absorb shards at the same time in any order and the result
// is the same bytes.
#pragma once

#include <cstdint>
#include <span>

#include "core/numeric/adam.hpp"
#include "core/othello/evaluator.hpp"
#include "core/othello/game_record.hpp"
#include "core/train/workload.hpp"

namespace kiln::othello {

// One worker's accumulators: as many as the largest shape has classes. Zero between shards.
struct ErrorSum {
    std::int32_t sum = 0;  // score units; at most 2^31 / (64 discs * 256) = 131,072 terms
    std::uint32_t terms = 0;
};

// What absorbing did.
struct AbsorbCounts {
    std::uint64_t errors = 0;     // weight visits
    std::uint64_t invalid = 0;    // steps that were not finite
    std::uint64_t saturated = 0;  // weights driven to an end of u16, 128 discs either way

    void add(const AbsorbCounts& other) {
        errors += other.errors;
        invalid += other.invalid;
        saturated += other.saturated;
    }
};

// Slots in use.
struct SlotCounts {
    std::uint64_t touched = 0;  // updated at least once
    std::uint64_t updates = 0;  // Adam steps of all slots
};

class Learner {
  public:
    static std::size_t slot_count(const Geometry& geometry) {
        return std::size_t{stage_count} * geometry.slots_per_stage();
    }
    static std::size_t scratch_entries(const Geometry& geometry);

    // weights and slots: the whole tables. corrections: AdamCorrections::table_size entries.
    void bind(const Geometry& geometry, std::span<std::uint16_t> weights, std::span<AdamSlot> slots,
              std::span<AdamCorrections::Entry> corrections);

    // All weights neutral, all slots empty.
    void reset();

    // Every update also moves the weight towards 0 by this share of it times the rate in discs
    // (Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019, Algorithm 2). Shapes
    // see the same squares, so there are directions in which weights move without changing any
    // value; nothing else brings them back.
    void set_weight_decay(double weight_decay) { weight_decay_ = static_cast<float>(weight_decay); }

    unsigned shard_count() const {
        return static_cast<unsigned>(geometry_->shape_count() * stage_count);
    }

    // sums: scratch_entries long, zero; touched: as long.
    AbsorbCounts absorb(const Epoch& epoch, unsigned shard, float rate_discs,
                        std::span<ErrorSum> sums, std::span<std::uint16_t> touched);

    // Puts slots that are not finite back to neutral, with their weights; returns how many.
    std::uint64_t heal();

    // Looks at every slot.
    SlotCounts count_slots() const;
    std::uint64_t touched_slots() const { return count_slots().touched; }

  private:
    struct Shard {
        int shape;
        int stage;
    };
    Shard shard_at(unsigned shard) const;
    void write_weight(const Shard& shard, std::uint32_t class_index, std::uint16_t weight);

    const Geometry* geometry_ = nullptr;
    std::span<std::uint16_t> weights_;
    std::span<AdamSlot> slots_;
    AdamCorrections corrections_;
    float weight_decay_ = 0;
};

}  // namespace kiln::othello

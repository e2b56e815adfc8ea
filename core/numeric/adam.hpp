// Adam for weights that are touched rarely and stored coarsely.
//
// Kingma and Ba, "Adam: A Method for Stochastic Optimization" (2015), Algorithm 1, with two changes
// that table look-ups need. The bias corrections use each weight's own number of updates: with one
// global clock, a first touch late in training would step by three times the rate. And the weight
// itself is a whole number of units (u16); what rounding leaves over is carried in the slot and
// added next time, so that no step is lost, however small, and nothing drifts.
//
// Only +, -, *, / and square root on f32 in a fixed order: the same bits on every IEEE machine
// (built without contraction to fused multiply-add).
#pragma once

#include <cstdint>
#include <span>

namespace kiln {

// One weight's optimiser state, 16 bytes: a quarter of a cache line. Stored as it is in
// checkpoints.
struct AdamSlot {
    float carry = 0;         // true value minus stored value, in units, within +-0.5
    float first_moment = 0;  // of the gradient
    float second_moment = 0;
    std::uint32_t updates = 0;
};
static_assert(sizeof(AdamSlot) == 16);

struct AdamSettings {
    double beta1 = 0.9;
    double beta2 = 0.999;
    double epsilon = 1e-8;
};

// Bias corrections 1 / (1 - beta^n), tabulated because powers are slow and not the same everywhere.
class AdamCorrections {
  public:
    static constexpr std::uint32_t table_size = 16384;  // beyond, both corrections are 1 to 1e-7

    struct Entry {
        float first;
        float second;
    };

    // table must have table_size entries.
    void build(const AdamSettings& settings, std::span<Entry> table);
    // updates >= 1: the number of updates including the one being made.
    Entry at(std::uint32_t updates) const {
        return updates < table_size ? table_[updates] : Entry{1.0f, 1.0f};
    }
    float beta1() const { return beta1_; }
    float beta2() const { return beta2_; }
    float epsilon() const { return epsilon_; }

  private:
    std::span<Entry> table_;
    float beta1_ = 0;
    float beta2_ = 0;
    float epsilon_ = 0;
};

// Updates the slot's moments with a gradient and returns the step to take, in the unit of rate.
float adam_step(AdamSlot& slot, float gradient, float rate, const AdamCorrections& corrections);

// Moves a stored weight by step units, keeping the remainder in the slot. Saturates at 0 and 65535.
std::uint16_t apply_step(std::uint16_t weight, float step_units, AdamSlot& slot);

}  // namespace kiln

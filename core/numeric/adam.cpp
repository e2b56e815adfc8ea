#include "core/numeric/adam.hpp"

#include <cmath>

#include "core/base/check.hpp"

namespace kiln {

void AdamCorrections::build(const AdamSettings& settings, std::span<Entry> table) {
    CHECK(table.size() == table_size);
    table_ = table;
    beta1_ = static_cast<float>(settings.beta1);
    beta2_ = static_cast<float>(settings.beta2);
    epsilon_ = static_cast<float>(settings.epsilon);
    double power1 = 1;
    double power2 = 1;
    table[0] = {1.0f, 1.0f};
    for (std::uint32_t n = 1; n < table_size; ++n) {
        power1 *= settings.beta1;
        power2 *= settings.beta2;
        table[n] = {static_cast<float>(1 / (1 - power1)), static_cast<float>(1 / (1 - power2))};
    }
}

float adam_step(AdamSlot& slot, float gradient, float rate, const AdamCorrections& corrections) {
    const float beta1 = corrections.beta1();
    const float beta2 = corrections.beta2();
    slot.first_moment = beta1 * slot.first_moment + (1.0f - beta1) * gradient;
    slot.second_moment = beta2 * slot.second_moment + (1.0f - beta2) * (gradient * gradient);
    if (slot.updates != UINT32_MAX)
        ++slot.updates;
    const AdamCorrections::Entry correction = corrections.at(slot.updates);
    const float mean = slot.first_moment * correction.first;
    const float spread = std::sqrt(slot.second_moment * correction.second);
    return -(rate * mean) / (spread + corrections.epsilon());
}

std::uint16_t apply_step(std::uint16_t weight, float step_units, AdamSlot& slot) {
    // Exact in double: 16 bits of weight and 24 of the fraction.
    const double value = static_cast<double>(weight) + static_cast<double>(slot.carry) +
                         static_cast<double>(step_units);
    if (std::isnan(value))  // a damaged slot: the next sweep puts it and its weight back to neutral
        return weight;
    if (value <= 0 || value >= 65535) {
        slot.carry = 0;
        return value <= 0 ? 0 : 65535;
    }
    const auto rounded = static_cast<std::uint16_t>(value + 0.5);
    slot.carry = static_cast<float>(value - static_cast<double>(rounded));
    return rounded;
}

}  // namespace kiln

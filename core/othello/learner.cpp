#include "core/othello/learner.hpp"

#include <algorithm>
#include <cmath>

#include "core/base/check.hpp"

namespace kiln::othello {

std::size_t Learner::scratch_entries(const Geometry& geometry) {
    std::uint32_t largest = 0;
    for (int shape = 0; shape < geometry.shape_count(); ++shape)
        largest = std::max(largest, geometry.shape(shape).slot_count);
    return largest;
}

void Learner::bind(const Geometry& geometry, std::span<std::uint16_t> weights,
                   std::span<AdamSlot> slots, std::span<AdamCorrections::Entry> corrections) {
    CHECK(weights.size() == std::size_t{stage_count} * geometry.play_entries_per_stage());
    CHECK(slots.size() == slot_count(geometry));
    geometry_ = &geometry;
    weights_ = weights;
    slots_ = slots;
    corrections_.build(AdamSettings(), corrections);
}

void Learner::reset() {
    std::fill(weights_.begin(), weights_.end(), static_cast<std::uint16_t>(neutral_weight));
    std::fill(slots_.begin(), slots_.end(), AdamSlot());
}

Learner::Shard Learner::shard_at(unsigned shard) const {
    // Shapes vary fastest: neighbouring shards then differ in cost as little as stages do.
    const int shapes = geometry_->shape_count();
    return {static_cast<int>(shard) % shapes, static_cast<int>(shard) / shapes};
}

void Learner::write_weight(const Shard& shard, std::uint32_t class_index, std::uint16_t weight) {
    const Geometry::Members members = geometry_->members(shard.shape, class_index);
    std::uint16_t* table =
        weights_.data() +
        static_cast<std::size_t>(shard.stage) * geometry_->play_entries_per_stage() +
        geometry_->shape(shard.shape).play_offset;
    table[members.first] = weight;
    table[members.second] = weight;
}

AbsorbCounts Learner::absorb(const Epoch& epoch, unsigned shard_index, float rate_discs,
                             std::span<ErrorSum> sums, std::span<std::uint16_t> touched) {
    const Shard shard = shard_at(shard_index);
    const Geometry::ShapeLayout& layout = geometry_->shape(shard.shape);
    const auto centre = static_cast<std::int32_t>(layout.play_size / 2);
    std::uint32_t touched_count = 0;
    AbsorbCounts counts;
    for (std::uint32_t game = 0; game < epoch.count; ++game) {
        const auto& record = *reinterpret_cast<const GameRecord*>(epoch.records->slot(game).data());
        const int begin = record.stage_begin[shard.stage];
        const int end = record.stage_begin[shard.stage + 1];
        for (int at = begin; at < end; ++at) {
            const std::int16_t* lanes = record.features[at].index + layout.first_lane;
            for (int lane = 0; lane < layout.lane_count; ++lane) {
                const std::uint32_t class_index = geometry_->class_of(
                    shard.shape, static_cast<std::uint32_t>(centre + lanes[lane]));
                ErrorSum& sum = sums[class_index];
                if (sum.terms == 0)
                    touched[touched_count++] = static_cast<std::uint16_t>(class_index);
                sum.sum += record.errors[at];
                ++sum.terms;
            }
        }
    }

    const std::size_t first_slot =
        static_cast<std::size_t>(shard.stage) * geometry_->slots_per_stage() + layout.slot_offset;
    const std::uint16_t* table =
        weights_.data() +
        static_cast<std::size_t>(shard.stage) * geometry_->play_entries_per_stage() +
        layout.play_offset;
    constexpr std::uint32_t prefetch_distance = 8;
    for (std::uint32_t i = 0; i < touched_count; ++i) {
        if (i + prefetch_distance < touched_count)
            __builtin_prefetch(&slots_[first_slot + touched[i + prefetch_distance]], 1);
        const std::uint32_t class_index = touched[i];
        ErrorSum& sum = sums[class_index];
        const float mean_error_discs = static_cast<float>(sum.sum) / static_cast<float>(sum.terms) *
                                       (1.0f / static_cast<float>(score_per_disc));
        counts.errors += sum.terms;
        sum = ErrorSum();
        // The loss is half the squared error, so its gradient for each weight is minus the error.
        AdamSlot& slot = slots_[first_slot + class_index];
        const float step_discs = adam_step(slot, -mean_error_discs, rate_discs, corrections_);
        const std::uint16_t before = table[geometry_->members(shard.shape, class_index).first];
        const float value_units = static_cast<float>(before) - static_cast<float>(neutral_weight);
        const std::uint16_t after = apply_step(before,
                                               step_discs * static_cast<float>(score_per_disc) -
                                                   rate_discs * weight_decay_ * value_units,
                                               slot);
        counts.invalid += !std::isfinite(step_discs);
        counts.saturated += after == 0 || after == UINT16_MAX;
        write_weight(shard, class_index, after);
    }
    return counts;
}

std::uint64_t Learner::heal() {
    std::uint64_t healed = 0;
    for (unsigned shard_index = 0; shard_index < shard_count(); ++shard_index) {
        const Shard shard = shard_at(shard_index);
        const Geometry::ShapeLayout& layout = geometry_->shape(shard.shape);
        const std::size_t first_slot =
            static_cast<std::size_t>(shard.stage) * geometry_->slots_per_stage() +
            layout.slot_offset;
        for (std::uint32_t class_index = 0; class_index < layout.slot_count; ++class_index) {
            AdamSlot& slot = slots_[first_slot + class_index];
            if (std::isfinite(slot.carry) && std::isfinite(slot.first_moment) &&
                std::isfinite(slot.second_moment) && slot.second_moment >= 0)
                continue;
            slot = AdamSlot();
            write_weight(shard, class_index, static_cast<std::uint16_t>(neutral_weight));
            ++healed;
        }
    }
    return healed;
}

SlotCounts Learner::count_slots() const {
    SlotCounts counts;
    for (const AdamSlot& slot : slots_) {
        counts.touched += slot.updates > 0;
        counts.updates += slot.updates;
    }
    return counts;
}

}  // namespace kiln::othello

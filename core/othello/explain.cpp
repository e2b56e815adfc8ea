#include "core/othello/explain.hpp"

#include <charconv>

#include "core/base/check.hpp"

namespace kiln::othello {

std::size_t play_index(const Geometry& geometry, const WeightPlace& place) {
    return static_cast<std::size_t>(place.stage) * geometry.play_entries_per_stage() +
           geometry.shape(place.shape).play_offset +
           geometry.members(place.shape, place.class_index).first;
}

std::size_t slot_index(const Geometry& geometry, const WeightPlace& place) {
    return static_cast<std::size_t>(place.stage) * geometry.slots_per_stage() +
           geometry.shape(place.shape).slot_offset + place.class_index;
}

WeightPlace place_of_slot(const Geometry& geometry, std::size_t slot) {
    WeightPlace place;
    place.stage = static_cast<int>(slot / geometry.slots_per_stage());
    CHECK(place.stage < stage_count);
    const auto within = static_cast<std::uint32_t>(slot % geometry.slots_per_stage());
    while (within - geometry.shape(place.shape).slot_offset >=
           geometry.shape(place.shape).slot_count)
        ++place.shape;
    place.class_index = within - geometry.shape(place.shape).slot_offset;
    return place;
}

std::size_t explain(const Geometry& geometry, const Features& features, int stage,
                    std::span<LaneView, lane_capacity> views) {
    std::size_t count = 0;
    for (int shape = 0; shape < geometry.shape_count(); ++shape) {
        const Geometry::ShapeLayout& layout = geometry.shape(shape);
        for (int lane = 0; lane < layout.lane_count; ++lane) {
            LaneView& view = views[count++];
            view = LaneView();
            view.lane = lane;
            view.configuration =
                static_cast<std::uint32_t>(static_cast<std::int32_t>(layout.play_size / 2) +
                                           features.index[layout.first_lane + lane]);
            view.place = {stage, shape, geometry.class_of(shape, view.configuration)};
            view.play_index = static_cast<std::size_t>(stage) * geometry.play_entries_per_stage() +
                              layout.play_offset + view.configuration;
        }
    }
    return count;
}

std::size_t explain(const Model& model, Board board, std::span<LaneView, lane_capacity> views) {
    const Geometry& geometry = model.geometry();
    const std::size_t count =
        explain(geometry, geometry.features(board), stage_of(board.discs()), views);
    for (LaneView& view : views.first(count))
        view.value = model.weights()[view.play_index] - neutral_weight;
    return count;
}

std::string_view configuration_text(const Geometry& geometry, int shape,
                                    std::uint32_t configuration,
                                    std::span<char, configuration_text_bytes> buffer) {
    const Geometry::ShapeLayout& layout = geometry.shape(shape);
    char* const begin = buffer.data();
    char* end = begin;
    if (layout.kind == LaneKind::mobility || layout.kind == LaneKind::frontier) {
        // "07:12": two digits are enough for pair_limit.
        const std::uint32_t counts[2] = {configuration / pair_limit, configuration % pair_limit};
        for (const std::uint32_t count : counts) {
            if (end != begin)
                *end++ = ':';
            *end++ = static_cast<char>('0' + count / 10);
            *end++ = static_cast<char>('0' + count % 10);
        }
    } else if (layout.kind == LaneKind::count) {
        const std::int32_t difference = static_cast<std::int32_t>(configuration) -
                                        static_cast<std::int32_t>(layout.play_size / 2);
        if (difference >= 0)
            *end++ = '+';
        end = std::to_chars(end, begin + buffer.size(), difference).ptr;
    } else {
        // Digits of -1, 0 and 1, moved up by one.
        for (int cell = 0; cell < layout.cells; ++cell, configuration /= 3)
            *end++ = "O-X"[configuration % 3];
    }
    return {begin, static_cast<std::size_t>(end - begin)};
}

}  // namespace kiln::othello

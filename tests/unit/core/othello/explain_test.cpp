#include "core/othello/explain.hpp"

#include <algorithm>
#include <cstdio>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/othello.hpp"
#include "tests/support/othello_reference.hpp"

namespace kiln::othello {
namespace {

using test::OwnedModel;
using test::test_stream;

std::string text_of(const Geometry& geometry, int shape, std::uint32_t configuration) {
    char buffer[configuration_text_bytes];
    return std::string(configuration_text(geometry, shape, configuration, buffer));
}

// Two counts of two digits; 31 stands for more as well.
std::string pair_text(int own, int opponent) {
    char text[16];
    std::snprintf(text, sizeof text, "%02d:%02d", std::min(own, 31), std::min(opponent, 31));
    return text;
}

TEST(Explain, weights_of_all_lanes_sum_to_the_evaluation) {
    constexpr std::uint64_t seed = 301;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    OwnedModel owned;
    owned.randomise(seed, 90);  // 59 lanes of at most 90 units stay below the cut at 64 discs
    RandomStream random = test_stream(seed);
    for (int i = 0; i < 300; ++i) {
        const Board board = test::random_position(random, 1 + i % 59);
        LaneView views[lane_capacity];
        const std::size_t count = explain(owned.model, board, views);
        ASSERT_EQ(count, static_cast<std::size_t>(owned.geometry->lane_count()));
        Score sum = 0;
        for (const LaneView& view : std::span(views, count))
            sum += view.value;
        ASSERT_EQ(sum, owned.model.evaluate(board)) << to_text(board);
    }
}

TEST(Explain, patterns_are_what_stands_on_the_squares_of_their_lane) {
    constexpr std::uint64_t seed = 302;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    OwnedModel owned;
    RandomStream random = test_stream(seed);
    for (int i = 0; i < 100; ++i) {
        const Board board = test::random_position(random, 1 + i % 59);
        LaneView views[lane_capacity];
        for (const LaneView& view : std::span(views, explain(owned.model, board, views))) {
            const auto squares = owned.geometry->lane_squares(view.place.shape, view.lane);
            std::string expected;
            for (const Square square : squares)
                expected += (board.own & bit(square)) != 0        ? 'X'
                            : (board.opponent & bit(square)) != 0 ? 'O'
                                                                  : '-';
            const Bits moves = scalar::legal_moves(board);
            const Bits replies = scalar::legal_moves(after_pass(board));
            switch (owned.geometry->shape(view.place.shape).kind) {
                case LaneKind::pattern:
                    break;
                case LaneKind::count: {
                    const int difference = std::popcount(board.own) - std::popcount(board.opponent);
                    expected = (difference >= 0 ? "+" : "") + std::to_string(difference);
                    break;
                }
                case LaneKind::mobility:
                    expected = pair_text(std::popcount(moves), std::popcount(replies));
                    break;
                case LaneKind::frontier:
                    expected = pair_text(test::count_touched(board, board.opponent),
                                         test::count_touched(board, board.own));
                    break;
            }
            ASSERT_EQ(text_of(*owned.geometry, view.place.shape, view.configuration), expected);
            ASSERT_EQ(view.place.stage, stage_of(board.discs()));
        }
    }
}

TEST(Explain, every_slot_has_one_place_and_every_place_one_slot) {
    const OwnedModel owned(test::small_shapes());
    const Geometry& geometry = *owned.geometry;
    const std::size_t slots = std::size_t{stage_count} * geometry.slots_per_stage();
    std::set<std::size_t> entries;
    for (std::size_t slot = 0; slot < slots; ++slot) {
        const WeightPlace place = place_of_slot(geometry, slot);
        ASSERT_EQ(slot_index(geometry, place), slot);
        ASSERT_LT(place.class_index, geometry.shape(place.shape).slot_count);
        entries.insert(play_index(geometry, place));
    }
    EXPECT_EQ(entries.size(), slots);
    EXPECT_LT(*entries.rbegin(), owned.weights.size());
}

TEST(Explain, a_lane_names_the_class_that_learning_changes) {
    OwnedModel owned;
    const Geometry& geometry = *owned.geometry;
    const Board board = test::play(start_board(), 19);
    LaneView views[lane_capacity];
    for (const LaneView& view : std::span(views, explain(owned.model, board, views))) {
        const Geometry::Members members =
            geometry.members(view.place.shape, view.place.class_index);
        EXPECT_TRUE(view.configuration == members.first || view.configuration == members.second);
        EXPECT_EQ(owned.weights[view.play_index], owned.weights[play_index(geometry, view.place)]);
    }
}

}  // namespace
}  // namespace kiln::othello

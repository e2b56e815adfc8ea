#include "core/othello/reachable.hpp"

#include <algorithm>
#include <cstdlib>

#include <gtest/gtest.h>

#include "tests/support/othello.hpp"

namespace kiln::othello {
namespace {

using test::OwnedGeometry;
using test::test_stream;

int shape_named(const Geometry& geometry, std::string_view name) {
    for (int shape = 0; shape < geometry.shape_count(); ++shape)
        if (geometry.shape(shape).name == name)
            return shape;
    ADD_FAILURE() << name;
    return 0;
}

// What the shape's first lane sees of a board.
std::uint32_t configuration_of(const Geometry& geometry, int shape, Board board) {
    const auto& layout = geometry.shape(shape);
    return static_cast<std::uint32_t>(static_cast<int>(layout.play_size / 2) +
                                      geometry.features(board).index[layout.first_lane]);
}

TEST(Reachable, is_everything_that_positions_of_games_show) {
    const OwnedGeometry geometry;
    RandomStream random = test_stream(191);
    for (int game = 0; game < 1'000; ++game) {
        for (Board board = start_board(); !is_over(board);) {
            const Features features = geometry->features(board);
            const int stage = stage_of(board.discs());
            for (int shape = 0; shape < geometry->shape_count(); ++shape) {
                const auto& layout = geometry->shape(shape);
                for (int lane = layout.first_lane; lane < layout.first_lane + layout.lane_count;
                     ++lane) {
                    const auto configuration = static_cast<std::uint32_t>(
                        static_cast<int>(layout.play_size / 2) + features.index[lane]);
                    ASSERT_TRUE(is_reachable(*geometry, shape, configuration, stage))
                        << layout.name << " at stage " << stage << to_text(board);
                }
            }
            const Bits moves = legal_moves(board);
            board =
                moves == 0 ? after_pass(board) : test::play(board, test::pick_bit(random, moves));
        }
    }
}

// The same from the facts, square by square and disc count by disc count.
bool may_occur(const Geometry& geometry, int shape, std::uint32_t configuration, int discs) {
    const auto& layout = geometry.shape(shape);
    if (discs < 4 || discs > 63)
        return false;
    if (layout.kind == LaneKind::mobility || layout.kind == LaneKind::frontier) {
        // Both counts are of empty squares, and one square may be among both; 31 stands for more,
        // but then there are at least 31. A position that is not over has a move for somebody, on
        // an empty square beside a disc that it turns: the counts are not both 0.
        const int own = static_cast<int>(configuration / 32);
        const int opponent = static_cast<int>(configuration % 32);
        return own <= 64 - discs && opponent <= 64 - discs && own + opponent > 0;
    }
    if (layout.kind == LaneKind::count) {
        const int difference =
            static_cast<int>(configuration) - static_cast<int>(layout.play_size / 2);
        const int own = (discs + difference) / 2;
        return (discs + difference) % 2 == 0 && own >= 1 && own <= discs - 1;
    }
    constexpr Bits centre = bit(27) | bit(28) | bit(35) | bit(36);
    Bits full = 0;
    Bits empty = 0;
    for (const Square square : geometry.lane_squares(shape, 0)) {
        (configuration % 3 == 1 ? empty : full) |= bit(square);
        configuration /= 3;
    }
    if ((empty & centre) != 0)
        return false;
    // Rings of squares, from the outside in; beyond every disc outside the centre there is one in
    // each ring.
    full |= centre;
    int needed = std::popcount(full);
    bool is_reached = false;
    constexpr Bits rings[3] = {0xff818181818181ff, 0x007e424242427e00, 0x00003c24243c0000};
    for (const Bits ring : rings) {
        is_reached = is_reached || (full & ring) != 0;
        needed += is_reached && (full & ring) == 0 ? 1 : 0;
    }
    return needed <= discs && std::popcount(empty) <= 64 - discs;
}

TEST(Reachable, is_what_follows_from_the_facts_for_every_weight) {
    const OwnedGeometry geometry(test::small_shapes());
    std::uint64_t slots = 0;
    for (int shape = 0; shape < geometry->shape_count(); ++shape) {
        for (std::uint32_t at = 0; at < geometry->shape(shape).slot_count; ++at) {
            const Geometry::Members members = geometry->members(shape, at);
            bool at_stage[stage_count] = {};
            for (int discs = 4; discs <= 63; ++discs)
                at_stage[stage_of(discs)] |= may_occur(*geometry, shape, members.first, discs);
            for (int stage = 0; stage < stage_count; ++stage) {
                slots += at_stage[stage];
                ASSERT_EQ(is_reachable(*geometry, shape, members.first, stage), at_stage[stage])
                    << geometry->shape(shape).name << " " << at << " at stage " << stage;
                ASSERT_EQ(is_reachable(*geometry, shape, members.second, stage), at_stage[stage]);
            }
        }
    }
    EXPECT_EQ(reachable_slots(*geometry), slots);
}

TEST(Reachable, excludes_empty_centres_crowds_at_the_start_and_gaps_at_the_end) {
    const OwnedGeometry geometry;
    const int edge = shape_named(*geometry, "line 2");
    const int middle = shape_named(*geometry, "line 4");
    const Bits rank = 0xff;
    const auto a_line = [&](int shape) {
        Bits squares = 0;
        for (const Square square : geometry->lane_squares(shape, 0))
            squares |= bit(square);
        return squares;
    };
    const std::uint32_t no_edge = configuration_of(*geometry, edge, {});
    const std::uint32_t full_edge = configuration_of(*geometry, edge, {a_line(edge), 0});
    EXPECT_FALSE(is_reachable(*geometry, middle, configuration_of(*geometry, middle, {}), 15));
    EXPECT_TRUE(is_reachable(*geometry, middle,
                             configuration_of(*geometry, middle, {a_line(middle), rank}), 15));
    EXPECT_TRUE(is_reachable(*geometry, edge, no_edge, 0));
    EXPECT_TRUE(is_reachable(*geometry, edge, no_edge, stage_of(56)));  // all eight that are left
    EXPECT_FALSE(is_reachable(*geometry, edge, no_edge, stage_of(58)));
    EXPECT_FALSE(is_reachable(*geometry, edge, full_edge, stage_of(11)));
    EXPECT_TRUE(is_reachable(*geometry, edge, full_edge, stage_of(13)));  // with the way there
    EXPECT_TRUE(is_reachable(*geometry, edge, full_edge, stage_count - 1));
}

TEST(Reachable, of_a_pair_needs_a_move_for_somebody_and_as_many_empty_squares) {
    const OwnedGeometry geometry;
    for (const char* name : {"mobility", "frontier"}) {
        SCOPED_TRACE(name);
        const int shape = shape_named(*geometry, name);
        for (int stage = 0; stage < stage_count; ++stage)
            EXPECT_FALSE(is_reachable(*geometry, shape, 0, stage)) << stage;
        EXPECT_TRUE(is_reachable(*geometry, shape, 1, stage_count - 1));
        EXPECT_TRUE(is_reachable(*geometry, shape, 32, stage_count - 1));
        EXPECT_TRUE(is_reachable(*geometry, shape, 2 * 32 + 2, stage_of(62)));
        EXPECT_FALSE(is_reachable(*geometry, shape, 3 * 32, stage_of(62)));
        EXPECT_TRUE(is_reachable(*geometry, shape, 31 * 32 + 31, stage_of(33)));
        EXPECT_FALSE(is_reachable(*geometry, shape, 31, stage_of(34)));
    }
}

TEST(Reachable, of_the_count_needs_a_disc_of_either_player) {
    const OwnedGeometry geometry;
    const int count = shape_named(*geometry, "count");
    const auto difference = [](int discs) { return static_cast<std::uint32_t>(64 + discs); };
    EXPECT_TRUE(is_reachable(*geometry, count, difference(0), 0));
    EXPECT_TRUE(is_reachable(*geometry, count, difference(3), 0));  // four against one
    EXPECT_FALSE(is_reachable(*geometry, count, difference(4), 0));
    EXPECT_TRUE(is_reachable(*geometry, count, difference(-61), stage_count - 1));
    EXPECT_FALSE(is_reachable(*geometry, count, difference(62), stage_count - 1));
}

}  // namespace
}  // namespace kiln::othello

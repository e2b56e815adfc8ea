#include "core/othello/geometry.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/othello/evaluate-inl.hpp"
#include "core/othello/symmetry.hpp"

#include "tests/support/othello.hpp"
#include "tests/support/othello_reference.hpp"

namespace kiln::othello {
namespace {

using test::OwnedGeometry;
using test::pick_bit;
using test::play;
using test::small_shapes;
using test::test_stream;

// lane counts from the shape's first.
Bits squares_of(const Geometry& geometry, int shape, int lane) {
    Bits bits = 0;
    for (const Square square : geometry.lane_squares(shape, lane))
        bits |= bit(square);
    return bits;
}

// What a shape looks at square by square: a pattern what its text names, least significant first,
// the count all squares, a pair none.
std::vector<int> squares_named(const Shape& shape) {
    std::vector<int> squares;
    if (shape.kind == LaneKind::count)
        for (int square = 0; square < square_count; ++square)
            squares.push_back(square);
    for (const std::string all = shape.squares; const char& letter : all)
        if (letter >= 'a' && letter <= 'h')
            squares.push_back((*(&letter + 1) - '1') * 8 + (letter - 'a'));
    return squares;
}

// Both the set that is trained and a small one with an unmirrored shape.
class GeometryOf : public testing::TestWithParam<bool> {
  protected:
    std::span<const Shape> shapes() const { return GetParam() ? default_shapes() : small_shapes(); }
};

INSTANTIATE_TEST_SUITE_P(Shapes, GeometryOf, testing::Values(true, false),
                         [](const testing::TestParamInfo<bool>& shapes) {
                             return shapes.param ? "default_shapes" : "small_shapes";
                         });

TEST_P(GeometryOf, first_lane_of_a_shape_is_what_its_text_says) {
    const OwnedGeometry geometry(shapes());
    ASSERT_EQ(geometry->shape_count(), static_cast<int>(shapes().size()));
    for (int shape = 0; shape < geometry->shape_count(); ++shape) {
        const Shape& text = shapes()[static_cast<std::size_t>(shape)];
        const std::vector<int> expected = squares_named(text);
        const auto lane = geometry->lane_squares(shape, 0);
        EXPECT_TRUE(std::equal(lane.begin(), lane.end(), expected.begin(), expected.end()))
            << text.name;
        EXPECT_STREQ(geometry->shape(shape).name, text.name);
        EXPECT_EQ(geometry->shape(shape).kind, text.kind) << text.name;
        EXPECT_EQ(std::popcount(squares_of(*geometry, shape, 0)), geometry->shape(shape).cells)
            << text.name << " names a square twice";
    }
}

TEST_P(GeometryOf, placements_are_distinct_and_are_all_images_of_the_shape) {
    const OwnedGeometry geometry(shapes());
    int lanes = 0;
    for (int shape = 0; shape < geometry->shape_count(); ++shape) {
        const Geometry::ShapeLayout& layout = geometry->shape(shape);
        EXPECT_EQ(layout.first_lane, lanes);
        std::set<Bits> placed;
        for (int lane = 0; lane < layout.lane_count; ++lane)
            EXPECT_TRUE(placed.insert(squares_of(*geometry, shape, lane)).second)
                << layout.name << " is placed twice on the same squares";
        std::set<Bits> images;
        for (int symmetry = 0; symmetry < symmetry_count; ++symmetry)
            images.insert(transform_bits(symmetry, squares_of(*geometry, shape, 0)));
        EXPECT_EQ(placed, images) << layout.name;
        lanes += layout.lane_count;
    }
    EXPECT_EQ(lanes, geometry->lane_count());
    EXPECT_LE(lanes, lane_capacity);
}

// Two shapes of a kind that cover the same squares would be one feature with two names.
TEST_P(GeometryOf, no_two_shapes_of_a_kind_cover_the_same_squares) {
    const OwnedGeometry geometry(shapes());
    std::set<std::pair<LaneKind, Bits>> all;
    for (int shape = 0; shape < geometry->shape_count(); ++shape)
        for (int lane = 0; lane < geometry->shape(shape).lane_count; ++lane)
            EXPECT_TRUE(
                all.insert({geometry->shape(shape).kind, squares_of(*geometry, shape, lane)})
                    .second)
                << geometry->shape(shape).name << " lane " << lane;
}

TEST(Geometry, every_square_of_the_board_is_seen_by_a_pattern) {
    const OwnedGeometry geometry;
    Bits seen = 0;
    for (int shape = 0; shape < geometry->shape_count(); ++shape)
        for (int lane = 0; lane < geometry->shape(shape).lane_count; ++lane)
            if (geometry->shape(shape).kind == LaneKind::pattern)
                seen |= squares_of(*geometry, shape, lane);
    EXPECT_EQ(seen, ~Bits{0});
}

TEST_P(GeometryOf, a_disc_contributes_its_place_value_to_the_lanes_that_see_it) {
    const OwnedGeometry geometry(shapes());
    for (int square = 0; square < square_count; ++square) {
        Features expected = {};
        for (int shape = 0; shape < geometry->shape_count(); ++shape) {
            const Geometry::ShapeLayout& layout = geometry->shape(shape);
            for (int lane = 0; lane < layout.lane_count; ++lane) {
                int place_value = 1;
                for (const Square seen : geometry->lane_squares(shape, lane)) {
                    if (seen == square)
                        expected.index[layout.first_lane + lane] =
                            static_cast<std::int16_t>(place_value);
                    place_value *= layout.base;
                }
            }
        }
        for (int lane = 0; lane < lane_capacity; ++lane)
            ASSERT_EQ(geometry->contribution(square).index[lane], expected.index[lane])
                << "square " << square << " lane " << lane;
    }
}

TEST(Geometry, the_count_is_own_discs_minus_the_opponents) {
    constexpr std::uint64_t seed = 33;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    const OwnedGeometry geometry(small_shapes());
    const Geometry::ShapeLayout& count = geometry->shape(4);
    ASSERT_EQ(count.base, 1);
    ASSERT_EQ(count.lane_count, 1);
    EXPECT_FALSE(count.mirrored);
    RandomStream random = test_stream(seed);
    for (int i = 0; i < 1'000; ++i) {
        const Board board = test::thrown_board(random, 100, 100);
        EXPECT_EQ(geometry->features(board).index[count.first_lane],
                  std::popcount(board.own) - std::popcount(board.opponent));
    }
}

TEST_P(GeometryOf, sizes_known_beforehand_equal_what_build_makes) {
    const OwnedGeometry geometry(shapes());
    std::uint32_t play_offset = 0;
    std::uint32_t slot_offset = 0;
    for (int shape = 0; shape < geometry->shape_count(); ++shape) {
        const Geometry::ShapeLayout& layout = geometry->shape(shape);
        const ShapeSize size = shape_size(shapes()[static_cast<std::size_t>(shape)]);
        EXPECT_EQ(size.play_size, layout.play_size) << layout.name;
        EXPECT_EQ(size.slot_count, layout.slot_count) << layout.name;
        EXPECT_EQ(layout.play_offset, play_offset);
        EXPECT_EQ(layout.slot_offset, slot_offset);
        for (int lane = layout.first_lane; lane < layout.first_lane + layout.lane_count; ++lane)
            EXPECT_EQ(geometry->lane_origins()[lane], play_offset + layout.play_size / 2);
        play_offset += size.play_size;
        slot_offset += size.slot_count;
    }
    EXPECT_EQ(geometry->play_entries_per_stage(), play_offset);
    EXPECT_EQ(geometry->slots_per_stage(), slot_offset);
    EXPECT_EQ(Geometry::map_entries(shapes()), play_offset);
    EXPECT_EQ(Geometry::member_entries(shapes()), 2 * std::size_t{slot_offset});
}

// How the symmetries that keep the lane's squares in place move its cells: cell i goes to
// permutation[i]. The count has no cells to tell apart, and the pairs have none at all: every
// configuration of theirs means something else.
std::vector<std::vector<int>> symmetries_of(const Geometry::ShapeLayout& layout,
                                            std::span<const Square> squares) {
    std::vector<std::vector<int>> permutations;
    if (layout.kind != LaneKind::pattern)
        return permutations;
    for (int symmetry = 0; symmetry < symmetry_count; ++symmetry) {
        std::vector<int> permutation;
        for (const Square square : squares) {
            const int image = transform_square(symmetry, square);
            const auto at = std::find(squares.begin(), squares.end(), image);
            if (at == squares.end())
                break;
            permutation.push_back(static_cast<int>(at - squares.begin()));
        }
        if (permutation.size() == squares.size())
            permutations.push_back(permutation);
    }
    return permutations;
}

std::uint32_t permuted(std::uint32_t configuration, const std::vector<int>& permutation) {
    std::uint32_t out = 0;
    for (const int to : permutation) {
        std::uint32_t power = 1;
        for (int i = 0; i < to; ++i)
            power *= 3;
        out += configuration % 3 * power;
        configuration /= 3;
    }
    return out;
}

TEST_P(GeometryOf, configurations_share_a_weight_exactly_when_a_symmetry_turns_one_into_another) {
    const OwnedGeometry geometry(shapes());
    for (int shape = 0; shape < geometry->shape_count(); ++shape) {
        const Geometry::ShapeLayout& layout = geometry->shape(shape);
        SCOPED_TRACE(layout.name);
        const auto permutations = symmetries_of(layout, geometry->lane_squares(shape, 0));
        std::vector<bool> class_seen(layout.slot_count);
        for (std::uint32_t at = 0; at < layout.play_size; ++at) {
            std::set<std::uint32_t> orbit = {at};
            for (const auto& permutation : permutations)
                orbit.insert(permuted(at, permutation));
            const std::uint32_t class_index = geometry->class_of(shape, at);
            ASSERT_LT(class_index, layout.slot_count);
            class_seen[class_index] = true;
            const Geometry::Members members = geometry->members(shape, class_index);
            ASSERT_EQ(orbit, (std::set<std::uint32_t>{members.first, members.second}))
                << "configuration " << at;
        }
        EXPECT_EQ(std::count(class_seen.begin(), class_seen.end(), true), layout.slot_count);
    }
}

TEST(Geometry, knows_which_shapes_are_their_own_mirror_image) {
    const OwnedGeometry geometry(small_shapes());
    EXPECT_TRUE(geometry->shape(0).mirrored);   // edge
    EXPECT_TRUE(geometry->shape(1).mirrored);   // corner
    EXPECT_FALSE(geometry->shape(2).mirrored);  // hook
    EXPECT_TRUE(geometry->shape(3).mirrored);   // diagonal
    EXPECT_EQ(geometry->shape(2).lane_count, 8);
    EXPECT_EQ(geometry->shape(2).slot_count, geometry->shape(2).play_size);
    EXPECT_EQ(geometry->shape(0).slot_count, (6561u + 81u) / 2);
}

TEST(Geometry, features_followed_move_by_move_equal_features_from_scratch_in_whole_games) {
    constexpr std::uint64_t seed = 31;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    const OwnedGeometry geometry;
    RandomStream random = test_stream(seed);
    int passes = 0;
    for (int game = 0; game < 300; ++game) {
        Board board = start_board();
        Features features = geometry->features(board);
        while (!is_over(board)) {
            Features child;
            if (const Bits moves = legal_moves(board); moves == 0) {
                HWY_STATIC_DISPATCH(pass_features)(features, child);
                board = after_pass(board);
                ++passes;
            } else {
                const int square = pick_bit(random, moves);
                HWY_STATIC_DISPATCH(child_features)
                (*geometry, features, square, flips(board, square), child);
                board = play(board, square);
            }
            features = child;  // the pairs in it mean nothing, and are handed on like that
            HWY_STATIC_DISPATCH(count_pairs)(*geometry, board, child);
            const Features expected = geometry->features(board);
            for (int lane = 0; lane < lane_capacity; ++lane)
                ASSERT_EQ(child.index[lane], expected.index[lane])
                    << "game " << game << " lane " << lane << to_text(board);
        }
    }
    EXPECT_GT(passes, 50);
}

TEST(Geometry, a_pass_negates_patterns_and_the_count_and_swaps_the_pairs) {
    constexpr std::uint64_t seed = 32;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    const OwnedGeometry geometry;
    RandomStream random = test_stream(seed);
    for (int i = 0; i < 2'000; ++i) {
        const Board board = test::thrown_board(random, 100, 100);
        const Features before = geometry->features(board);
        const Features after = geometry->features(after_pass(board));
        for (int lane = 0; lane < lane_capacity; ++lane) {
            const bool is_pair =
                lane == geometry->mobility_lane() || lane == geometry->frontier_lane();
            const int middle = pair_limit * pair_limit / 2;
            const int expected = is_pair ? (before.index[lane] + middle) % pair_limit * pair_limit +
                                               (before.index[lane] + middle) / pair_limit - middle
                                         : -before.index[lane];
            ASSERT_EQ(after.index[lane], expected) << "lane " << lane << to_text(board);
        }
    }
}

// No lane reads outside of its table, whatever stands on the board, and none reads another's entry.
TEST(Geometry, indices_are_the_configurations_that_lanes_see_square_by_square) {
    constexpr std::uint64_t seed = 34;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    const OwnedGeometry geometry;
    RandomStream random = test_stream(seed);
    int beyond_limit = 0;
    for (int i = 0; i < 1'000; ++i) {
        const auto own = static_cast<unsigned>(random.below(128));
        const Board board =
            test::thrown_board(random, own, static_cast<unsigned>(random.below(128)));
        const Features features = geometry->features(board);
        for (int shape = 0; shape < geometry->shape_count(); ++shape) {
            const Geometry::ShapeLayout& layout = geometry->shape(shape);
            for (int lane = 0; lane < layout.lane_count; ++lane)
                ASSERT_EQ(static_cast<std::uint32_t>(static_cast<int>(layout.play_size / 2) +
                                                     features.index[layout.first_lane + lane]),
                          test::configuration_of(*geometry, shape, lane, board))
                    << layout.name << " lane " << lane << to_text(board);
        }
        beyond_limit += test::count_touched(board, board.own) >= pair_limit;
    }
    EXPECT_GT(beyond_limit, 100);
}

TEST(Geometry, a_pair_has_an_index_of_its_own_for_every_two_counts_below_the_limit) {
    std::set<int> seen;
    for (int own = 0; own < pair_limit; ++own)
        for (int opponent = 0; opponent < pair_limit; ++opponent)
            seen.insert(pair_index(own, opponent));
    EXPECT_EQ(seen.size(), 1024u);
    EXPECT_EQ(*seen.begin(), -512);
    EXPECT_EQ(*seen.rbegin(), 511);
    for (int more = pair_limit; more <= square_count; ++more) {
        EXPECT_EQ(pair_index(more, 7), pair_index(31, 7));
        EXPECT_EQ(pair_index(7, more), pair_index(7, 31));
    }
}

TEST(Geometry, without_pairs_has_no_lanes_for_them) {
    constexpr Shape shapes[] = {{"edge", "a1 b1 c1 d1 e1 f1 g1 h1"}};
    const OwnedGeometry geometry(shapes);
    EXPECT_EQ(geometry->mobility_lane(), -1);
    EXPECT_EQ(geometry->frontier_lane(), -1);
    EXPECT_EQ(geometry->features(start_board()).index[4], 0);
}

TEST(Geometry, indices_of_full_boards_stay_inside_the_tables) {
    const OwnedGeometry geometry;
    for (const Board& board : {Board{~Bits{0}, 0}, Board{0, ~Bits{0}}}) {
        const Features features = geometry->features(board);
        for (int shape = 0; shape < geometry->shape_count(); ++shape) {
            const Geometry::ShapeLayout& layout = geometry->shape(shape);
            for (int i = 0; i < layout.lane_count; ++i)
                EXPECT_EQ(std::abs(features.index[layout.first_lane + i]),
                          static_cast<int>(layout.play_size / 2));
        }
    }
}

TEST(Geometry, stages_change_every_two_discs_and_end_with_the_last) {
    EXPECT_EQ(stage_of(4), 0);
    EXPECT_EQ(stage_of(5), 0);
    EXPECT_EQ(stage_of(6), 1);
    EXPECT_EQ(stage_of(61), 28);
    EXPECT_EQ(stage_of(62), 29);
    EXPECT_EQ(stage_of(64), 29);
}

// No game has them, but a board that somebody typed in may.
TEST(Geometry, fewer_than_four_discs_are_the_first_stage) {
    for (int discs = 0; discs < 4; ++discs)
        EXPECT_EQ(stage_of(discs), 0) << discs << " discs";
}

}  // namespace
}  // namespace kiln::othello

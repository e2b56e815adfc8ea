#include "core/othello/evaluator.hpp"

#include <gtest/gtest.h>

#include "core/othello/symmetry.hpp"

#include "tests/support/othello.hpp"

namespace kiln::othello {
namespace {

using test::OwnedModel;
using test::pick_bit;
using test::small_shapes;
using test::test_stream;
using test::thrown_board;

// Large enough to spread values over many discs, small enough that few are clamped.
constexpr int amplitude = 800;

// Positions of games, with some that no game reaches: near full, near empty, one-sided.
Board any_position(RandomStream& random) {
    if (random.below(4) == 0)
        return thrown_board(random, static_cast<unsigned>(random.below(200)),
                            static_cast<unsigned>(random.below(56)));
    return test::play_randomly_to(random, start_board(), static_cast<int>(random.below(60)));
}

TEST(Evaluation, is_equal_under_all_eight_symmetries) {
    constexpr std::uint64_t seed = 41;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    OwnedModel owned;
    owned.randomise(seed, amplitude);
    RandomStream random = test_stream(seed + 1);
    int clamped = 0;
    int zero = 0;
    for (int i = 0; i < 10'000; ++i) {
        const Board board = any_position(random);
        const Score value = owned.model.evaluate(board);
        clamped += std::abs(value) == heuristic_max;
        zero += value == 0;
        for (int symmetry = 1; symmetry < symmetry_count; ++symmetry)
            ASSERT_EQ(owned.model.evaluate(transform(symmetry, board)), value)
                << "symmetry " << symmetry << to_text(board);
    }
    EXPECT_LT(clamped, 1'000);  // equal values would prove nothing there
    EXPECT_LT(zero, 100);
}

// If the weights are not tied, symmetry must fail: the test above is able to.
TEST(Evaluation, is_not_symmetric_when_mirror_images_have_different_weights) {
    OwnedModel owned;
    RandomStream random = test_stream(43);
    for (std::uint16_t& weight : owned.weights)
        weight = static_cast<std::uint16_t>(neutral_weight + static_cast<int>(random.below(101)));
    int different = 0;
    for (int i = 0; i < 100; ++i) {
        const Board board = any_position(random);
        different += owned.model.evaluate(transform(5, board)) != owned.model.evaluate(board);
    }
    EXPECT_GT(different, 50);
}

// A position of black and white discs with somebody to move, before it is turned into a Board.
struct ColouredPosition {
    Bits black;
    Bits white;
    bool black_to_move;

    Board seen() const { return black_to_move ? Board{black, white} : Board{white, black}; }
};

TEST(Evaluation, is_consistent_in_both_colours) {
    constexpr std::uint64_t seed = 44;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    OwnedModel owned;
    owned.randomise(seed, amplitude);
    RandomStream random = test_stream(seed + 1);
    int positions = 0;
    int side_matters = 0;
    while (positions < 10'000) {
        // The same game twice, once with the colours exchanged and white starting.
        ColouredPosition one = {start_board().own, start_board().opponent, true};
        ColouredPosition other = {one.white, one.black, false};
        while (!is_over(one.seen())) {
            const Score value = owned.model.evaluate(one.seen());
            ASSERT_EQ(owned.model.evaluate(other.seen()), value) << to_text(one.seen());
            ++positions;
            const ColouredPosition turned = {one.black, one.white, !one.black_to_move};
            side_matters += owned.model.evaluate(turned.seen()) != value;
            if (const Bits moves = legal_moves(one.seen()); moves != 0) {
                const int square = pick_bit(random, moves);
                for (ColouredPosition* position : {&one, &other}) {
                    const Bits flipped = flips(position->seen(), square);
                    Bits& mover = position->black_to_move ? position->black : position->white;
                    Bits& waiting = position->black_to_move ? position->white : position->black;
                    mover |= flipped | bit(square);
                    waiting &= ~flipped;
                }
            }
            one.black_to_move = !one.black_to_move;
            other.black_to_move = !other.black_to_move;
        }
    }
    EXPECT_GT(side_matters, positions / 2);  // the side to move is part of the position
}

TEST(Evaluation, fast_path_equals_the_scalar_specification) {
    constexpr std::uint64_t seed = 45;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    for (const auto shapes : {default_shapes(), small_shapes()}) {
        OwnedModel owned(shapes);
        owned.randomise(seed, 2'500);  // some values beyond the clamps, too
        RandomStream random = test_stream(seed + 1);
        for (int i = 0; i < 10'000; ++i) {
            const Board board = any_position(random);
            const Score value = owned.model.evaluate(board);
            ASSERT_EQ(value, scalar::evaluate(owned.model, board)) << to_text(board);
            ASSERT_EQ(value, owned.model.evaluate(owned.geometry->features(board),
                                                  stage_of(board.discs())));
        }
        for (const Board& board : {Board{~Bits{0}, 0}, Board{0, ~Bits{0}}, Board{}})
            EXPECT_EQ(owned.model.evaluate(board), scalar::evaluate(owned.model, board));
    }
}

TEST(Evaluation, of_an_untrained_model_is_zero) {
    OwnedModel owned;
    RandomStream random = test_stream(46);
    for (int i = 0; i < 200; ++i)
        EXPECT_EQ(owned.model.evaluate(any_position(random)), 0);
}

TEST(Evaluation, takes_its_weights_from_the_stage_of_the_disc_count) {
    OwnedModel owned(small_shapes());
    const std::size_t entries = owned.geometry->play_entries_per_stage();
    for (std::size_t at = 0; at < owned.weights.size(); ++at)
        owned.weights[at] =
            static_cast<std::uint16_t>(static_cast<std::size_t>(neutral_weight) + at / entries);
    for (int discs = 4; discs <= square_count; ++discs) {
        const Bits first = discs == square_count ? ~Bits{0} : bit(discs) - 1;
        const int expected = std::min((discs - 4) / 2, stage_count - 1);
        EXPECT_EQ(owned.model.evaluate(Board{first, 0}), owned.geometry->lane_count() * expected)
            << discs << " discs";
    }
}

TEST(Evaluation, never_claims_more_than_just_under_64_discs) {
    OwnedModel owned;
    owned.weights.assign(owned.weights.size(), 65535);
    EXPECT_EQ(owned.model.evaluate(start_board()), heuristic_max);
    EXPECT_EQ(scalar::evaluate(owned.model, start_board()), heuristic_max);
    owned.weights.assign(owned.weights.size(), 0);
    EXPECT_EQ(owned.model.evaluate(start_board()), -heuristic_max);
    EXPECT_EQ(scalar::evaluate(owned.model, start_board()), -heuristic_max);
    EXPECT_LT(heuristic_max, score_max);
}

TEST(Evaluation, changes_when_a_weight_that_it_uses_changes) {
    OwnedModel owned;
    const Board board = test::play(start_board(), 19);
    const std::size_t stage = static_cast<std::size_t>(stage_of(board.discs())) *
                              owned.geometry->play_entries_per_stage();
    const Features features = owned.geometry->features(board);
    const auto at = static_cast<std::size_t>(
        static_cast<std::int64_t>(owned.geometry->lane_origins()[0]) + features.index[0]);
    owned.weights[stage + at] = static_cast<std::uint16_t>(neutral_weight + 77);
    EXPECT_GE(owned.model.evaluate(board), 77);
}

}  // namespace
}  // namespace kiln::othello

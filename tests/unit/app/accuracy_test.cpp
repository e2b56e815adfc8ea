#include "app/accuracy.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "tests/support/othello.hpp"

namespace kiln::app {
namespace {

using othello::Board;

TEST(Accuracy, errors_are_means_over_positions_with_as_many_empties) {
    RandomStream random = test::test_stream(212);
    const Board at_20 = test::random_position(random, 20);
    const Board at_12 = test::random_position(random, 12);
    Accuracy accuracy;
    accuracy.add(at_20, 3.5, 2);
    accuracy.add(at_20, -10, -4);
    accuracy.add(at_20, 0, 40);
    accuracy.add(at_12, 1, 1);
    const std::vector<Accuracy::Row> rows = accuracy.rows();
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[0].empties, 12);
    EXPECT_EQ(rows[0].all.error, 0);
    EXPECT_EQ(rows[1].empties, 20);
    EXPECT_EQ(rows[1].all.positions, 3u);
    EXPECT_DOUBLE_EQ(rows[1].all.error, (1.5 + 6 + 40) / 3);
    EXPECT_DOUBLE_EQ(rows[1].all.bias, (1.5 - 6 - 40) / 3);
    EXPECT_DOUBLE_EQ(rows[1].all.root_mean_square, std::sqrt((1.5 * 1.5 + 36 + 1600) / 3));
    EXPECT_DOUBLE_EQ(rows[1].all.zero_error, (2 + 4 + 40) / 3.0);
    // Only results up to 20 discs are near.
    EXPECT_EQ(rows[1].near.positions, 2u);
    EXPECT_DOUBLE_EQ(rows[1].near.error, (1.5 + 6) / 2);
    EXPECT_EQ(accuracy.total().all.positions, 4u);
    EXPECT_DOUBLE_EQ(accuracy.total().all.error, (1.5 + 6 + 40) / 4);
}

TEST(Accuracy, the_border_of_near_results_is_inside) {
    Accuracy accuracy;
    RandomStream random = test::test_stream(213);
    const Board board = test::random_position(random, 20);
    for (const int discs : {-22, -20, 20, 22})
        accuracy.add(board, 0, discs);
    EXPECT_EQ(accuracy.total().near.positions, 2u);
}

TEST(Accuracy, the_mobility_control_is_the_multiple_with_the_least_squares) {
    RandomStream random = test::test_stream(214);
    Accuracy accuracy;
    double product = 0;
    double squares = 0;
    std::vector<std::pair<double, double>> pairs;
    double discs_error = 0;
    for (int i = 0; i < 50; ++i) {
        const Board board = test::random_position(random, 16);
        const int result = 2 * static_cast<int>(random.below(41)) - 40;
        const double mobility = std::popcount(othello::legal_moves(board)) -
                                std::popcount(othello::legal_moves({board.opponent, board.own}));
        accuracy.add(board, 0, result);
        product += mobility * result;
        squares += mobility * mobility;
        pairs.emplace_back(mobility, result);
        discs_error += std::abs(std::popcount(board.own) - std::popcount(board.opponent) - result);
    }
    double error = 0;
    for (const auto& [mobility, result] : pairs)
        error += std::abs(product / squares * mobility - result);
    EXPECT_NEAR(accuracy.total().all.mobility_error, error / 50, 1e-9);
    EXPECT_DOUBLE_EQ(accuracy.total().all.discs_error, discs_error / 50);
}

TEST(Accuracy, nothing_added_is_nothing_told) {
    const Accuracy accuracy;
    EXPECT_TRUE(accuracy.rows().empty());
    EXPECT_EQ(accuracy.total().all.positions, 0u);
    EXPECT_EQ(accuracy.total().near.error, 0);
}

}  // namespace
}  // namespace kiln::app

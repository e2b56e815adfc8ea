#include "core/othello/held_out.hpp"

#include <atomic>
#include <cmath>
#include <set>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/othello/endgame.hpp"

#include "tests/support/othello.hpp"

namespace kiln::othello {
namespace {

using test::OwnedModel;
using test::OwnedSearcher;
using test::small_shapes;

constexpr std::uint32_t block_length = HeldOut::position_count / HeldOut::block_count;

// A set with its memory; nothing solved at first.
class OwnedHeldOut {
  public:
    OwnedHeldOut() : positions_(HeldOut::position_count) { set.bind(positions_); }

    HeldOut set;

  private:
    std::vector<HeldOut::Position> positions_;
};

Board board_of(std::uint32_t number) {
    return held_out_board(number, HeldOut::empties[number % std::size(HeldOut::empties)]);
}

TEST(HeldOut, positions_are_those_that_every_run_before_was_measured_on) {
    std::set<std::pair<Bits, Bits>> different;
    std::uint64_t digest = 0;
    for (std::uint32_t number = 0; number < HeldOut::position_count; ++number) {
        const Board board = board_of(number);
        EXPECT_EQ(board.empties(), HeldOut::empties[number % 4]);
        EXPECT_NE(legal_moves(board), 0u);
        different.insert({board.own, board.opponent});
        digest = mix64(mix64(digest ^ board.own) + board.opponent);
    }
    EXPECT_EQ(different.size(), HeldOut::position_count);
    // Another value means other positions, and figures that no longer compare with earlier ones.
    EXPECT_EQ(digest, 8882224728235209366u);
}

TEST(HeldOut, results_are_exact_whoever_solves_which_block_when) {
    OwnedModel owned(small_shapes());
    OwnedHeldOut forward;
    OwnedSearcher one(owned.model);
    forward.set.solve(3, *one, nullptr);
    forward.set.solve(4, *one, nullptr);
    owned.randomise(181, 300);
    OwnedHeldOut backward;
    OwnedSearcher two(owned.model, 64);
    OwnedSearcher three(owned.model, 1'000);
    backward.set.solve(4, *two, nullptr);
    backward.set.solve(3, *three, nullptr);

    Endgame endgame;
    endgame.bind(one.table);
    for (std::uint32_t number = 0; number < HeldOut::position_count; ++number) {
        const HeldOut::Position& position = forward.set.positions()[number];
        const bool is_solved = number / block_length == 3 || number / block_length == 4;
        ASSERT_EQ(position.is_solved != 0, is_solved);
        if (!is_solved)
            continue;
        EXPECT_EQ(position.board, board_of(number));
        EXPECT_EQ(position.discs, backward.set.positions()[number].discs);
        EXPECT_EQ(position.discs, endgame.solve(position.board, 20, {}).discs);
    }
}

TEST(HeldOut, a_stopped_block_is_finished_later) {
    OwnedModel owned(small_shapes());
    OwnedSearcher searcher(owned.model);
    OwnedHeldOut held_out;
    std::atomic<bool> stop{true};
    // Stopping is noticed now and then only, so that small positions may be solved all the same.
    held_out.set.solve(0, *searcher, &stop);
    const std::uint32_t early = held_out.set.measure(owned.model).positions;
    EXPECT_LT(early, block_length);
    held_out.set.solve(0, *searcher, nullptr);
    EXPECT_EQ(held_out.set.measure(owned.model).positions, block_length);
}

TEST(HeldOut, report_is_what_an_independent_computation_finds) {
    OwnedModel owned(small_shapes());
    owned.randomise(182, 3'000);
    OwnedSearcher searcher(owned.model);
    OwnedHeldOut held_out;
    for (const std::uint32_t block : {0u, 7u, 8u, 9u})
        held_out.set.solve(block, *searcher, nullptr);
    const HeldOutReport report = held_out.set.measure(owned.model);

    struct Row {
        double predicted, discs, exact, mobility;
        int empties;
    };
    std::vector<Row> rows;
    for (const HeldOut::Position& position : held_out.set.positions()) {
        if (position.is_solved == 0)
            continue;
        const Board board = position.board;
        rows.push_back(
            {static_cast<double>(scalar::evaluate(owned.model, board)) / 256,
             static_cast<double>(std::popcount(board.own)) - std::popcount(board.opponent),
             static_cast<double>(position.discs),
             static_cast<double>(std::popcount(scalar::legal_moves(board))) -
                 std::popcount(scalar::legal_moves(after_pass(board))),
             board.empties()});
    }
    const auto mean = [&](auto value) {
        double sum = 0;
        for (const Row& row : rows)
            sum += value(row);
        return sum / static_cast<double>(rows.size());
    };
    EXPECT_EQ(report.positions, rows.size());
    EXPECT_EQ(rows.size(), 4 * block_length);
    EXPECT_NEAR(report.error,
                mean([](const Row& row) { return std::abs(row.predicted - row.exact); }), 1e-9);
    EXPECT_NEAR(report.bias, mean([](const Row& row) { return row.predicted - row.exact; }), 1e-9);
    EXPECT_NEAR(report.zero_error, mean([](const Row& row) { return std::abs(row.exact); }), 1e-9);
    EXPECT_NEAR(report.discs_error,
                mean([](const Row& row) { return std::abs(row.discs - row.exact); }), 1e-9);
    const double slope = mean([](const Row& row) { return row.mobility * row.exact; }) /
                         mean([](const Row& row) { return row.mobility * row.mobility; });
    EXPECT_NEAR(
        report.mobility_error,
        mean([slope](const Row& row) { return std::abs(slope * row.mobility - row.exact); }), 1e-9);
    const double decided = mean([](const Row& row) { return row.exact != 0; });
    EXPECT_LT(decided, 1);
    EXPECT_NEAR(report.winner_share,
                mean([](const Row& row) { return row.predicted * row.exact > 0; }) / decided, 1e-9);
    for (std::size_t i = 0; i < std::size(HeldOut::empties); ++i) {
        const int empties = HeldOut::empties[i];
        const double at = mean([empties](const Row& row) { return row.empties == empties; });
        EXPECT_NEAR(report.error_by_empties[i],
                    mean([empties](const Row& row) {
                        return row.empties == empties ? std::abs(row.predicted - row.exact) : 0;
                    }) / at,
                    1e-9);
    }
}

TEST(HeldOut, an_untrained_model_is_as_good_as_predicting_zero) {
    OwnedModel owned(small_shapes());
    OwnedSearcher searcher(owned.model);
    OwnedHeldOut held_out;
    held_out.set.solve(11, *searcher, nullptr);
    const HeldOutReport report = held_out.set.measure(owned.model);
    EXPECT_EQ(report.error, report.zero_error);
    EXPECT_EQ(report.winner_share, 0);
    // And the positions are worth predicting: neither decided already nor all alike.
    EXPECT_GT(report.zero_error, 10);
    EXPECT_LT(report.mobility_error, report.zero_error);
}

TEST(HeldOut, of_nothing_solved_reports_nothing) {
    OwnedModel owned(small_shapes());
    const OwnedHeldOut held_out;
    const HeldOutReport report = held_out.set.measure(owned.model);
    EXPECT_EQ(report.positions, 0u);
    EXPECT_EQ(report.error, 0);
    EXPECT_EQ(report.mobility_error, 0);
}

}  // namespace
}  // namespace kiln::othello

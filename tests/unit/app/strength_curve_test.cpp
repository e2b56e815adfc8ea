#include "app/strength_curve.hpp"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

namespace kiln::app {
namespace {

using othello::HeldOutReport;
using othello::Opponent;
using othello::StrengthReport;

StrengthReport against(Opponent opponent, std::uint32_t wins, std::uint64_t opponent_games = 0) {
    StrengthReport report = {};
    report.opponent = opponent;
    report.opponent_games = opponent_games;
    report.wins = wins;
    report.losses = 128 - wins;
    report.pairs[0] = (128 - wins) / 2;  // as many pairs lost and won as games
    report.pairs[4] = wins / 2;
    return report;
}

StrengthReport against_self(std::uint32_t wins, std::uint64_t opponent_games) {
    return against(Opponent::model, wins, opponent_games);
}

HeldOutReport held_out(double error) {
    HeldOutReport report = {};
    report.positions = 1'000;
    report.error = error;
    for (int i = 0; i < 4; ++i)
        report.error_by_empties[i] = error + i;
    return report;
}

TEST(StrengthCurve, what_is_measured_at_a_game_is_one_point) {
    StrengthCurve curve;
    curve.add(500, against(Opponent::random, 100));
    curve.add(500, against(Opponent::corner_edge, 64));
    curve.add(500, against_self(96, 0));
    curve.add(500, held_out(12));
    curve.add(1'000, held_out(11));
    ASSERT_EQ(curve.points().size(), 2u);
    const StrengthPoint& point = curve.points()[0];
    EXPECT_EQ(point.games, 500u);
    EXPECT_EQ(point.against[0]->wins, 100u);
    EXPECT_EQ(point.against[1]->wins, 64u);
    EXPECT_EQ(point.against[2]->wins, 96u);
    EXPECT_EQ(point.held_out->error, 12);
    EXPECT_FALSE(curve.points()[1].against[0]);
    EXPECT_FALSE(curve.points()[1].chained_elo);
}

TEST(StrengthCurve, elo_over_earlier_selves_adds_up_and_so_does_its_doubt) {
    StrengthCurve curve;
    const Estimate link = *elo_over(against_self(96, 0));
    EXPECT_NEAR(link.value, 190.8, 0.1);  // 75 %
    curve.add(500, against_self(96, 100));
    curve.add(1'000, against_self(96, 100));
    // The earlier self of game 1,100 counts as strong as the run was at 1,000.
    curve.add(2'000, against_self(64, 1'100));
    curve.add(3'000, against_self(96, 1'100));
    curve.add(5'000, against_self(96, 4'100));
    EXPECT_EQ(curve.origin_games(), 100u);
    const auto elo = [&](std::size_t point) { return *curve.points()[point].chained_elo; };
    EXPECT_NEAR(elo(0).value, link.value, 1e-9);
    EXPECT_NEAR(elo(0).lower, link.lower, 1e-9);
    EXPECT_NEAR(elo(1).value, link.value, 1e-9) << "the same self again is no step";
    EXPECT_NEAR(elo(2).value, link.value, 1e-9);
    EXPECT_NEAR(elo(3).value, 2 * link.value, 1e-9);
    EXPECT_NEAR(elo(4).value, 3 * link.value, 1e-9);
    EXPECT_NEAR(elo(4).value - elo(4).lower, std::sqrt(3.0) * (link.value - link.lower), 1e-9);
    EXPECT_NEAR(elo(4).upper - elo(4).value, std::sqrt(3.0) * (link.upper - link.value), 1e-9);
}

TEST(StrengthCurve, what_was_told_stands_for_trials_of_which_there_is_nothing_any_more) {
    StrengthCurve whole;
    StrengthCurve rest;
    const auto measure = [&](std::uint64_t games, const StrengthReport& report, bool is_kept) {
        whole.add(games, report);
        if (is_kept)
            rest.add(games, report, ChainedElo{*whole.points().back().chained_elo, 100});
    };
    measure(500, against_self(96, 100), false);
    measure(2'000, against_self(80, 1'100), false);
    measure(3'000, against_self(96, 2'100), true);
    measure(5'000, against_self(80, 4'100), false);
    measure(9'000, against_self(96, 8'100), true);
    for (const std::uint64_t rival : {8'100u, 9'100u}) {  // nothing is told of what comes next
        whole.add(10'000 + rival, against_self(70, rival));
        rest.add(10'000 + rival, against_self(70, rival));
    }
    EXPECT_EQ(rest.origin_games(), 100u);
    const StrengthPoint& last = rest.points().back();
    const StrengthPoint& expected = whole.points().back();
    EXPECT_NEAR(last.chained_elo->value, expected.chained_elo->value, 1e-6);
    EXPECT_NEAR(last.chained_elo->lower, expected.chained_elo->lower, 1e-6);
    EXPECT_NEAR(last.chained_elo->upper, expected.chained_elo->upper, 1e-6);
}

TEST(StrengthCurve, what_was_told_of_another_origin_is_not_mixed_in) {
    StrengthCurve curve;
    curve.add(500, against_self(96, 100));
    curve.add(2'000, against_self(96, 1'100), ChainedElo{{5, 4, 6}, 1'100});
    EXPECT_EQ(curve.origin_games(), 100u);
    EXPECT_NEAR(curve.points().back().chained_elo->value, 2 * 190.8, 0.2);
}

TEST(StrengthCurve, a_self_that_was_frozen_just_now_adds_nothing) {
    StrengthCurve curve;
    curve.add(1'000, against_self(96, 100));
    const Estimate before = *curve.points()[0].chained_elo;
    curve.add(2'000, against_self(64, 2'000));
    const Estimate after = *curve.points()[1].chained_elo;
    EXPECT_EQ(after.value, before.value);
    EXPECT_NEAR(after.lower, before.lower, 1e-9);
    EXPECT_NEAR(after.upper, before.upper, 1e-9);
}

TEST(StrengthCurve, baselines_have_wilsons_interval_and_earlier_selves_that_of_pairs) {
    const Estimate baseline = score_of(against(Opponent::corner_edge, 96));
    const Estimate self = score_of(against_self(96, 0));
    EXPECT_EQ(baseline.value, 0.75);
    EXPECT_EQ(self.value, 0.75);
    EXPECT_NEAR(baseline.lower, 0.6686, 5e-4);                            // of 128 games
    EXPECT_NEAR(self.lower, 0.75 - 1.96 * std::sqrt(0.1875 / 64), 1e-4);  // of 64 pairs
    EXPECT_FALSE(elo_over(against(Opponent::corner_edge, 96)));
}

TEST(StrengthCurve, a_long_run_is_thinned_and_keeps_its_beginning_and_its_chain) {
    StrengthCurve curve;
    constexpr std::uint64_t trials = 10'000;
    for (std::uint64_t trial = 1; trial <= trials; ++trial)
        curve.add(100 * trial, against_self(64, 0));
    ASSERT_LE(curve.points().size(), StrengthCurve::points_max);
    ASSERT_GE(curve.points().size(), StrengthCurve::points_max / 2);
    EXPECT_EQ(curve.points().front().games, 100u);
    EXPECT_EQ(curve.points().back().games, 100 * trials);
    EXPECT_TRUE(std::is_sorted(curve.points().begin(), curve.points().end(),
                               [](const auto& a, const auto& b) { return a.games < b.games; }));
    curve.add(100 * trials + 100, against_self(96, 50));
    EXPECT_NEAR(curve.points().back().chained_elo->value, 190.8, 0.1);
}

TEST(StrengthCurve, reads_as_a_table_of_at_most_so_many_rows) {
    StrengthCurve curve;
    EXPECT_EQ(curve.table(20), "");
    curve.add(500, against(Opponent::random, 128));
    curve.add(500, against(Opponent::corner_edge, 64));
    curve.add(500, against_self(96, 0));
    curve.add(500, held_out(12));
    EXPECT_EQ(
        curve.table(20),
        "strength over time: error on solved positions in discs, by empty squares; points "
        "won; Elo over itself at game 0, chained; 95 % intervals\n"
        "        games  error      8     10     12     14  random                corner      "
        "          earlier self                of game  Elo\n"
        "          500  12.00  12.00  13.00  14.00  15.00  100.0 % [97.1, 100.0] 50.0 % [41.5, "
        "58.5]   75.0 % [64.4, 85.6]               0  +191 [+103, +310]\n");
    for (std::uint64_t games = 1'000; games <= 25'000; games += 500)
        curve.add(games, held_out(10));
    const std::string table = curve.table(5);
    EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 2 + 5);
    EXPECT_NE(table.find("\n          500 "), std::string::npos);
    EXPECT_NE(table.find("\n       25,000 "), std::string::npos);
    EXPECT_EQ(table.find(" \n"), std::string::npos);
}

TEST(StrengthCurve, programs_get_every_point_with_its_intervals) {
    StrengthCurve curve;
    curve.add(500, against(Opponent::corner_edge, 64));
    curve.add(500, against_self(96, 128));
    curve.add(500, held_out(12));
    const Json json = curve.json();
    EXPECT_EQ(json["empties"], Json({8, 10, 12, 14}));
    EXPECT_EQ(json["origin_games"], 128);
    const Json& point = json["points"][0];
    EXPECT_EQ(point["games"], 500);
    EXPECT_EQ(point["error_by_empties"], Json({12, 13, 14, 15}));
    EXPECT_EQ(point["corner"]["value"], 0.5);
    EXPECT_EQ(point["self_games"], 128);
    EXPECT_EQ(point["self_elo"], point["chained_elo"]);
    EXPECT_FALSE(point.contains("random"));
}

TEST(StrengthCurve, an_opponent_that_it_does_not_know_is_left_out) {
    StrengthCurve curve;
    curve.add(500, against(static_cast<Opponent>(7), 64));
    EXPECT_TRUE(curve.points().empty());
}

}  // namespace
}  // namespace kiln::app

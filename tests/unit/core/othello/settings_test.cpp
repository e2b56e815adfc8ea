#include "core/othello/settings.hpp"

#include <gtest/gtest.h>

namespace kiln::othello {
namespace {

TEST(OthelloSettings, epsilon_changes_at_its_shares_of_the_target) {
    OthelloSettings settings;
    settings.target_games = 1'000;
    settings.epsilon_early = 0.5;
    settings.epsilon_middle = 0.25;
    settings.epsilon_late = 0.125;
    settings.middle_from = 0.3;
    settings.late_from = 0.7;
    EXPECT_EQ(settings.epsilon_at(0), 0.5);
    EXPECT_EQ(settings.epsilon_at(299), 0.5);
    EXPECT_EQ(settings.epsilon_at(300), 0.25);
    EXPECT_EQ(settings.epsilon_at(699), 0.25);
    EXPECT_EQ(settings.epsilon_at(700), 0.125);
    EXPECT_EQ(settings.epsilon_at(5'000), 0.125);
}

TEST(OthelloSettings, default_epsilon_schedule_is_the_specified_one) {
    const OthelloSettings settings;
    EXPECT_EQ(settings.epsilon_at(0), 0.15);
    EXPECT_EQ(settings.epsilon_at(settings.target_games * 3 / 10), 0.05);
    EXPECT_EQ(settings.epsilon_at(settings.target_games * 7 / 10), 0.0);
}

TEST(OthelloSettings, learning_rate_falls_in_a_line_to_its_final_value_and_stays_there) {
    OthelloSettings settings;
    settings.target_games = 1'000;
    settings.learning_rate = 0.08;
    settings.learning_rate_final = 0.02;
    EXPECT_DOUBLE_EQ(settings.learning_rate_at(0), 0.08);
    EXPECT_DOUBLE_EQ(settings.learning_rate_at(500), 0.05);
    EXPECT_DOUBLE_EQ(settings.learning_rate_at(1'000), 0.02);
    EXPECT_DOUBLE_EQ(settings.learning_rate_at(9'000), 0.02);
}

TEST(OthelloSettings, a_target_of_no_games_is_already_at_its_end) {
    OthelloSettings settings;
    settings.target_games = 0;
    EXPECT_EQ(settings.epsilon_at(0), settings.epsilon_late);
    EXPECT_DOUBLE_EQ(settings.learning_rate_at(0), settings.learning_rate_final);
}

TEST(OthelloSettings, a_time_limit_is_not_reproducible) {
    OthelloSettings settings;
    EXPECT_TRUE(settings.is_reproducible());
    settings.time_ns = 1;
    EXPECT_FALSE(settings.is_reproducible());
}

TEST(OthelloSettings, search_deeper_from_a_share_of_the_target_on) {
    OthelloSettings settings;
    settings.target_games = 1'000;
    settings.depth = 2;
    settings.exact_empties = 7;
    settings.selectivity = 3;
    settings.deep_from = 0.8;
    settings.deep_depth = 5;
    settings.deep_exact_empties = 11;
    for (const std::uint64_t game : {0u, 799u}) {
        EXPECT_EQ(settings.search_limits_at(game).depth, 2);
        EXPECT_EQ(settings.search_limits_at(game).exact_empties, 7);
    }
    for (const std::uint64_t game : {800u, 999u, 5'000u}) {
        EXPECT_EQ(settings.search_limits_at(game).depth, 5);
        EXPECT_EQ(settings.search_limits_at(game).exact_empties, 11);
        EXPECT_EQ(settings.search_limits_at(game).selectivity, 3);
    }
    settings.deep_from = 1;  // never, also beyond the target
    EXPECT_EQ(settings.search_limits_at(5'000).depth, 2);
}

}  // namespace
}  // namespace kiln::othello

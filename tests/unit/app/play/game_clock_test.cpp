#include "app/play/game_clock.hpp"

#include <gtest/gtest.h>

namespace kiln::app {
namespace {

using othello::Colour;

double share_s(const GameClock& clock, Colour colour, int empties) {
    return static_cast<double>(clock.share_ns(colour, empties)) * 1e-9;
}

TEST(GameClock, does_not_run_until_a_time_is_set) {
    GameClock clock;
    EXPECT_FALSE(clock.is_running());
    clock.set({.main_s = 300});
    EXPECT_TRUE(clock.is_running());
}

TEST(GameClock, a_period_without_stones_is_no_limit) {
    GameClock clock;
    clock.set({.main_s = 300});
    clock.set({.main_s = 0, .period_s = 1, .stones = 0});
    EXPECT_FALSE(clock.is_running());
}

// Every move takes its whole share and what the pipes take besides.
TEST(GameClock, a_whole_game_of_full_shares_fits_the_main_time) {
    for (const double main_s : {2.0, 10.0, 60.0, 1800.0}) {
        GameClock clock;
        clock.set({.main_s = main_s});
        double used_s = 0;
        for (int empties = 60; empties > 0; empties -= 2) {
            const double share = share_s(clock, Colour::black, empties);
            clock.spend(Colour::black, share);
            used_s += share + 0.005;
        }
        EXPECT_LE(used_s, main_s);
        EXPECT_GE(used_s, 0.7 * main_s) << "time that is not used is wasted";
    }
}

TEST(GameClock, no_move_takes_more_than_half_of_the_main_time) {
    GameClock clock;
    clock.set({.main_s = 100});
    for (int empties = 60; empties >= 0; --empties)
        EXPECT_LE(share_s(clock, Colour::white, empties), 50) << empties;
}

TEST(GameClock, colours_have_their_own_time) {
    GameClock clock;
    clock.set({.main_s = 100});
    const double before = share_s(clock, Colour::white, 40);
    clock.spend(Colour::black, 99);
    EXPECT_EQ(share_s(clock, Colour::white, 40), before);
    EXPECT_LT(share_s(clock, Colour::black, 40), 0.1);
}

TEST(GameClock, the_controllers_word_replaces_our_counting) {
    GameClock clock;
    clock.set({.main_s = 100});
    clock.set_left(Colour::black, 5, 0);
    EXPECT_LT(share_s(clock, Colour::black, 60), 0.3);
    clock.set_left(Colour::black, 1000, 0);
    EXPECT_GT(share_s(clock, Colour::black, 60), 30);
}

TEST(GameClock, without_settings_the_controllers_word_starts_it) {
    GameClock clock;
    clock.set_left(Colour::white, 10, 0);
    EXPECT_TRUE(clock.is_running());
    EXPECT_LE(share_s(clock, Colour::white, 60), 1);
}

TEST(GameClock, byo_yomi_gives_every_stone_its_part_of_the_period) {
    GameClock clock;
    clock.set({.main_s = 0, .period_s = 10, .stones = 5});
    for (int move = 0; move < 20; ++move) {
        const double share = share_s(clock, Colour::black, 60 - move);
        EXPECT_GT(share, 1.7);
        EXPECT_LT(share, 2.0);
        clock.spend(Colour::black, 2.0);
    }
    clock.set_left(Colour::black, 3, 1);
    EXPECT_GT(share_s(clock, Colour::black, 30), 2.5);
    EXPECT_LT(share_s(clock, Colour::black, 30), 3.0);
}

TEST(GameClock, a_flag_that_has_fallen_leaves_a_millisecond) {
    GameClock clock;
    clock.set({.main_s = 1});
    clock.spend(Colour::black, 50);
    EXPECT_EQ(clock.share_ns(Colour::black, 40), 1'000'000u);
    clock.reset();
    EXPECT_GT(clock.share_ns(Colour::black, 40), 1'000'000u);
}

TEST(GameClock, huge_times_do_not_overflow) {
    GameClock clock;
    clock.set({.main_s = 1e9, .period_s = 1e9, .stones = 1});
    EXPECT_GT(share_s(clock, Colour::black, 60), 1000);
    EXPECT_LE(share_s(clock, Colour::black, 60), 1e6 + 1);
}

}  // namespace
}  // namespace kiln::app

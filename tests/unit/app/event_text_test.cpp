#include "app/event_text.hpp"

#include <limits>

#include <gtest/gtest.h>

namespace kiln::app {
namespace {

constexpr othello::WindowReport window = {.games = 100,
                                          .black_wins = 48,
                                          .white_wins = 50,
                                          .draws = 2,
                                          .stone_difference = -0.31,
                                          .moves = 59.9,
                                          .prediction_error = 7.25,
                                          .epsilon = 0.1,
                                          .learning_rate = 0.05,
                                          .updates = 3.5};

TEST(EventText, a_window_reads_as_a_line_and_carries_its_figures) {
    EventTeller teller("state/first");
    const LogEntry entry = teller.tell(Event::make(othello::event_window, 1200, window), 83);
    EXPECT_EQ(entry.severity, Severity::info);
    EXPECT_EQ(entry.event, "window");
    EXPECT_EQ(entry.text,
              "games 1,101 to 1,200: black 48 white 50 drawn 2, difference -0.31 discs, 59.9 "
              "moves, prediction error 7.25, epsilon 0.1, rate 0.05, after 1 min 23 s");
    EXPECT_EQ(entry.fields["games"], 1200);
    EXPECT_EQ(entry.fields["stone_difference"], -0.31);
    EXPECT_EQ(entry.fields["seconds"], 83.0);
}

TEST(EventText, nodes_a_second_are_measured_between_summaries_and_not_across_a_restart) {
    EventTeller teller("state");
    othello::SummaryReport summary{};
    summary.games = 10'000;
    summary.nodes_per_game = 50;
    summary.weights = 200;
    summary.touched_weights = 50;
    const auto told = [&](std::uint64_t games, double seconds) {
        return teller.tell(Event::make(othello::event_summary, games, summary), seconds);
    };
    teller.begin(0, 0);
    EXPECT_EQ(told(10'000, 100).fields["nodes_per_second"], 5000.0);
    EXPECT_EQ(told(20'000, 150).fields["nodes_per_second"], 10'000.0);
    // From game 25,000 on only 5,000 games of the next summary were played in its time.
    teller.begin(25'000, 200);
    const LogEntry entry = told(30'000, 250);
    EXPECT_EQ(entry.fields["nodes_per_second"], 5000.0);
    EXPECT_NE(entry.text.find("5,000 nodes/s"), std::string::npos) << entry.text;
    EXPECT_NE(entry.text.find("50 of 200 weights touched (25.0 %)"), std::string::npos);
}

TEST(EventText, failed_saves_are_warnings_that_say_when_the_next_try_is) {
    EventTeller teller("state");
    const CheckpointFailed failed = {.generation = 500,
                                     .error = {.code = ErrorCode::no_space, .detail = 28}};
    const Event failure = Event::make(EventKind::checkpoint_failed, 500, failed);
    const LogEntry first = teller.tell(failure, 1);
    EXPECT_EQ(first.severity, Severity::warning);
    EXPECT_EQ(first.text,
              "game 500: state/game-000000000500.ckpt could not be saved: No space left on device; "
              "training goes on, the next try is in 5 s");
    const LogEntry second = teller.tell(failure, 6);
    EXPECT_TRUE(second.text.ends_with("the next try is the next checkpoint")) << second.text;
    EXPECT_EQ(second.fields["failed_attempts"], 2);

    const CheckpointSaved saved = {600, 150'000'000, 2'000'000'000, 3'000'000};
    const Event success = Event::make(EventKind::checkpoint_saved, 600, saved);
    EXPECT_EQ(teller.tell(success, 9).text,
              "game 600: saved state/game-000000000600.ckpt (150.0 MB in 2.0 s, workers waited 3 "
              "ms, after an attempt that failed)");
    EXPECT_EQ(teller.tell(success, 9).text.find("attempt"), std::string::npos);
}

TEST(EventText, healed_values_are_a_warning) {
    EventTeller teller("state");
    const LogEntry entry =
        teller.tell(Event::make(EventKind::values_healed, 10'000, ValuesHealed{1234}), 1);
    EXPECT_EQ(entry.severity, Severity::warning);
    EXPECT_EQ(entry.text,
              "game 10,000: 1,234 values were not finite or out of range and are neutral again");
}

TEST(EventText, strength_comes_with_its_interval) {
    EventTeller teller("state");
    othello::StrengthReport report = {.opponent = othello::Opponent::corner_edge,
                                      .wins = 70,
                                      .draws = 4,
                                      .losses = 26,
                                      .stone_difference = 11.5,
                                      .opponent_games = 0,
                                      .pairs = {6, 1, 13, 3, 27},
                                      .stone_difference_error = 1.5};
    const LogEntry entry = teller.tell(Event::make(othello::event_strength, 500, report), 1);
    EXPECT_EQ(entry.text,
              "game 500: 72.0 % against corner [62.5, 79.9] (70 won, 4 drawn, 26 lost), "
              "+11.50 discs");
    EXPECT_EQ(entry.fields["score"], 0.72);
    EXPECT_EQ(entry.fields["opponent"], "corner");
    EXPECT_EQ(entry.fields["interval"], "wilson");
    EXPECT_NEAR(entry.fields["score_lower"].get<double>(), 0.625, 5e-4);
    EXPECT_FALSE(entry.fields.contains("elo"));
}

TEST(EventText, strength_against_an_earlier_self_comes_with_the_interval_of_pairs_and_elo) {
    EventTeller teller("state");
    // 50 pairs, few of them even: their scatter is wider than that of 100 games.
    const othello::StrengthReport report = {.opponent = othello::Opponent::model,
                                            .wins = 55,
                                            .draws = 0,
                                            .losses = 45,
                                            .stone_difference = 1.25,
                                            .opponent_games = 1'008,
                                            .pairs = {15, 0, 15, 0, 20},
                                            .stone_difference_error = 1.5};
    const LogEntry entry = teller.tell(Event::make(othello::event_strength, 2'000, report), 1);
    // 0.55 +- 1.96 sqrt((0.25 * 0.7 - 0.0025) / 50), against +- 9.6 % of 100 games.
    EXPECT_EQ(entry.text,
              "game 2,000: 55.0 % against itself at game 1,008 [43.5, 66.5] (55 won, 0 drawn, 45 "
              "lost), +1.25 discs, Elo +35 [-46, +119]");
    EXPECT_EQ(entry.fields["opponent"], "self");
    EXPECT_EQ(entry.fields["opponent_games"], 1'008);
    EXPECT_EQ(entry.fields["interval"], "pairs");
    EXPECT_EQ(entry.fields["pentanomial"][4], 20);
    EXPECT_EQ(entry.fields["chained_elo"], entry.fields["elo"]);
    // Against a later self it is as far ahead of that one, and twice as far of the first.
    othello::StrengthReport later = report;
    later.opponent_games = 2'016;
    const LogEntry chained = teller.tell(Event::make(othello::event_strength, 3'000, later), 1);
    EXPECT_TRUE(
        chained.text.ends_with(", Elo +35 [-46, +119]; +70 [-44, +189] over itself at game "
                               "1,008"))
        << chained.text;
}

TEST(EventText, held_out_positions_come_with_what_needs_no_learning) {
    EventTeller teller("state");
    const othello::HeldOutReport report = {.positions = 1'000,
                                           .reserved = 0,
                                           .error = 10.154,
                                           .error_by_empties = {8, 9, 10, 13.5},
                                           .bias = -0.5,
                                           .winner_share = 0.873,
                                           .zero_error = 23.1,
                                           .discs_error = 22.4,
                                           .mobility_error = 18.71};
    const LogEntry entry = teller.tell(Event::make(othello::event_held_out, 90'016, report), 1);
    EXPECT_EQ(entry.severity, Severity::info);
    EXPECT_EQ(
        entry.text,
        "game 90,016: error 10.15 discs on 1,000 solved positions (with empty squares 8: 8.00, "
        "10: 9.00, 12: 10.00, 14: 13.50; predicting 0: 23.10, from mobility: 18.71), winner "
        "right in 87.3 %");
    EXPECT_EQ(entry.fields["error_by_empties"][3], 13.5);
    EXPECT_EQ(entry.fields["empties"][3], 14);
}

TEST(EventText, convergence_is_told_with_its_denominators) {
    EventTeller teller("state");
    othello::ConvergenceReport report{};
    report.games = 10'000;
    report.stone_deviation = 28.69;
    report.probe_change = 5.58;
    report.touched = 30;
    report.reachable = 40;
    report.weights = 50;
    report.updates = 16.1;
    report.expected_updates = 16.2;
    const LogEntry entry = teller.tell(Event::make(othello::event_convergence, 40'000, report), 1);
    EXPECT_EQ(entry.text,
              "games 30,001 to 40,000: stone differences deviate by 28.69 discs; evaluations moved "
              "by 5.58; 75.0 % of the weights that a game can reach touched, 16.1 updates a weight "
              "of 16.2 expected");
    EXPECT_EQ(entry.fields["touched_share"], 0.75);
    EXPECT_EQ(entry.fields["reachable_weights"], 40);
    EXPECT_EQ(entry.fields["weights"], 50);
}

TEST(EventText, every_kind_of_convergence_warning_says_what_is_wrong) {
    EventTeller teller("state");
    const auto told = [&](std::uint32_t kind, double measured, double limit,
                          std::uint32_t saturated = 0) {
        const othello::ConvergenceWarning warning = {static_cast<othello::WarningKind>(kind),
                                                     saturated, measured, limit};
        return teller.tell(Event::make(othello::event_warning, 500'000, warning), 1);
    };
    const char* const names[] = {"few_weights_touched", "stagnation", "few_updates",
                                 "invalid_values", "unknown"};
    for (std::uint32_t kind = 1; kind <= othello::warning_kinds + 1; ++kind) {
        const LogEntry entry = told(kind, 0.5, 0.9);
        EXPECT_EQ(entry.severity, Severity::warning);
        EXPECT_EQ(entry.fields["kind"], names[kind - 1]);
        EXPECT_EQ(entry.fields["limit"], 0.9);
    }
    EXPECT_EQ(told(1, 0.48, 0.9).text,
              "game 500,000: only 48.0 % of the weights that a game can reach were ever updated; "
              "90.0 % should be by now");
    EXPECT_EQ(told(4, 17, 0).text, "game 500,000: 17 values were not finite or out of range");
    const LogEntry saturated = told(4, 0, 0, 1'602);
    EXPECT_EQ(saturated.fields["saturated_weights"], 1'602);
    EXPECT_EQ(
        saturated.text,
        "game 500,000: weights were driven to the end of their range, 128 discs, 1,602 times; "
        "a lower learning rate or a little weight decay holds them");
    EXPECT_EQ(told(4, 17, 0, 2).text,
              "game 500,000: 17 values were not finite or out of range; weights were driven to the "
              "end of their range, 128 discs, 2 times; a lower learning rate or a little weight "
              "decay holds them");
}

TEST(EventText, an_event_of_a_kind_it_does_not_know_is_told_as_unknown) {
    EventTeller teller("state");
    const LogEntry entry = teller.tell(Event::make(static_cast<EventKind>(9999), 7, 0), 1);
    EXPECT_EQ(entry.severity, Severity::warning);
    EXPECT_EQ(entry.event, "unknown");
    EXPECT_EQ(entry.fields["kind"], 9999);
}

TEST(EventText, figures_that_are_not_numbers_and_counts_that_cannot_be_still_make_a_line) {
    EventTeller teller("state\xff/a\nb");
    othello::WindowReport broken = window;
    broken.stone_difference = std::numeric_limits<double>::quiet_NaN();
    broken.games = UINT32_MAX;  // more than have been played
    const LogEntry entry = teller.tell(Event::make(othello::event_window, 3, broken), 1);
    EXPECT_EQ(entry.text.find("games 1 to 3"), 0u) << entry.text;
    EXPECT_NE(dump_line(entry.fields).find("\"stone_difference\":null"), std::string::npos);
    const LogEntry saved =
        teller.tell(Event::make(EventKind::checkpoint_saved, 3, CheckpointSaved{3, 1, 1, 1}), 1);
    EXPECT_EQ(dump_line(saved.fields).find('\n'), std::string::npos);
    const othello::StrengthReport none{};
    EXPECT_EQ(score_of(none).value, 0);
}

TEST(EventText, severities_have_names_that_are_read_back) {
    for (const char* name : {"debug", "info", "warning", "error"})
        EXPECT_STREQ(name_of(parse_severity(name).value()), name);
    EXPECT_FALSE(parse_severity("Warning"));
    EXPECT_FALSE(parse_severity(""));
}

}  // namespace
}  // namespace kiln::app

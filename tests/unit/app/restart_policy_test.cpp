#include "app/restart_policy.hpp"

#include <gtest/gtest.h>

namespace kiln::app {
namespace {

constexpr std::uint64_t ms = 1'000'000;

Incident crash(std::uint64_t games) {
    return {IncidentKind::crashed, games, {}, {}, "ended by SIGSEGV"};
}

Incident crash_of(std::uint64_t ticket, std::uint64_t games = 100) {
    return {IncidentKind::crashed, games, ticket, 1, "ended by SIGSEGV"};
}

Incident killed(std::uint64_t games) {
    return {IncidentKind::killed, games, 7, 0, "ended by SIGKILL"};
}

TEST(RestartPolicy, starts_again_at_once_the_first_time_and_later_and_later_without_progress) {
    RestartPolicy policy;
    std::uint64_t before_ns = 0;
    for (unsigned attempt = 1; attempt <= RestartPolicy::attempts_without_progress; ++attempt) {
        const auto decision = policy.after_end(crash(100), false);
        EXPECT_FALSE(decision.is_pause) << attempt;
        if (attempt <= 2) {
            EXPECT_EQ(decision.delay_ns, attempt == 1 ? 0 : 100 * ms);
        }
        EXPECT_GE(decision.delay_ns, before_ns);
        EXPECT_LE(decision.delay_ns, 60'000 * ms);
        before_ns = decision.delay_ns;
    }
    EXPECT_EQ(before_ns, 60'000 * ms);
}

TEST(RestartPolicy, attempts_without_progress_end_in_a_pause) {
    RestartPolicy policy;
    for (unsigned attempt = 1; attempt <= RestartPolicy::attempts_without_progress; ++attempt)
        EXPECT_FALSE(policy.after_end(crash(100), false).is_pause);
    EXPECT_TRUE(policy.after_end(crash(100), false).is_pause);
    EXPECT_FALSE(policy.after_end(crash(101), true).is_pause);
}

TEST(RestartPolicy, being_killed_again_and_again_ends_in_a_pause_too) {
    RestartPolicy policy;
    for (unsigned attempt = 1; attempt <= RestartPolicy::attempts_without_progress; ++attempt)
        EXPECT_FALSE(policy.after_end(killed(100), false).is_pause);
    EXPECT_TRUE(policy.after_end(killed(100), false).is_pause);
}

TEST(RestartPolicy, progress_makes_the_next_restart_immediate) {
    RestartPolicy policy;
    policy.after_end(crash(100), false);
    policy.after_end(crash(100), false);
    EXPECT_GT(policy.after_end(crash(100), false).delay_ns, 0u);
    EXPECT_EQ(policy.after_end(crash(200), true).delay_ns, 0u);
    EXPECT_EQ(policy.after_end(crash(200), false).delay_ns, 100 * ms);
}

TEST(RestartPolicy, a_ticket_that_fails_twice_is_left_out_and_once_is_not) {
    RestartPolicy policy;
    EXPECT_TRUE(policy.after_end(crash_of(41), false).skips.empty());
    EXPECT_TRUE(policy.after_end(crash_of(42), false).skips.empty());
    EXPECT_EQ(policy.after_end(crash_of(41), false).skips, std::vector<std::uint64_t>{41});
    EXPECT_EQ(policy.after_end(crash_of(42), false).skips, (std::vector<std::uint64_t>{41, 42}));
    EXPECT_EQ(policy.skips(), (std::vector<std::uint64_t>{41, 42}));
}

TEST(RestartPolicy, two_failures_of_a_ticket_need_not_follow_one_another) {
    RestartPolicy policy;
    policy.after_end({IncidentKind::hung, 100, 41, 0, "hung"}, true);
    policy.after_end(crash(150), true);
    EXPECT_EQ(policy.after_end(crash_of(41, 120), true).skips, std::vector<std::uint64_t>{41});
}

TEST(RestartPolicy, leaving_a_ticket_out_is_a_way_to_get_on_and_is_tried_at_once) {
    RestartPolicy policy;
    for (int i = 0; i < 5; ++i)
        policy.after_end(crash(100), false);
    EXPECT_GT(policy.after_end(crash_of(41), false).delay_ns, 0u);
    EXPECT_EQ(policy.after_end(crash_of(41), false).delay_ns, 0u);
}

TEST(RestartPolicy, a_ticket_that_fails_though_left_out_is_named_once_and_leads_to_a_pause) {
    RestartPolicy policy;
    bool is_pause = false;
    for (int i = 0; i < 20; ++i)
        is_pause = policy.after_end(crash_of(41), false).is_pause;
    EXPECT_TRUE(is_pause);
    EXPECT_EQ(policy.skips(), std::vector<std::uint64_t>{41});
}

TEST(RestartPolicy, being_killed_from_outside_is_no_error_and_no_strike) {
    RestartPolicy policy;
    for (std::uint64_t i = 0; i < 500; ++i) {
        const auto decision = policy.after_end(killed(i), true);
        EXPECT_FALSE(decision.is_pause);
        EXPECT_TRUE(decision.skips.empty());
    }
    EXPECT_EQ(policy.errors(), 0u);
    EXPECT_TRUE(policy.after_end(crash_of(7), true).skips.empty());
    EXPECT_EQ(policy.errors(), 1u);
}

TEST(RestartPolicy, more_than_100_errors_in_10000_games_pause_and_100_do_not) {
    RestartPolicy policy;
    for (std::uint64_t i = 1; i <= 100; ++i)
        EXPECT_FALSE(policy.after_end(crash(i * 100), true).is_pause) << i;
    EXPECT_EQ(policy.errors(), 100u);
    EXPECT_FALSE(policy.has_too_many_errors());
    EXPECT_TRUE(policy.after_end(crash(10'000), true).is_pause);
    EXPECT_TRUE(policy.has_too_many_errors());
}

TEST(RestartPolicy, tickets_that_were_given_up_count_as_errors) {
    RestartPolicy policy;
    for (std::uint64_t i = 0; i < 101; ++i)
        policy.note({IncidentKind::abandoned, 50, i, 0, "given up"});
    EXPECT_TRUE(policy.has_too_many_errors());
    EXPECT_TRUE(policy.skips().empty());
}

TEST(RestartPolicy, errors_leave_the_window_with_the_games) {
    RestartPolicy policy;
    policy.note(crash(1'000));
    policy.note(crash(2'000));
    policy.set_games(11'000);
    EXPECT_EQ(policy.errors(), 2u);
    policy.set_games(11'001);
    EXPECT_EQ(policy.errors(), 1u);
    policy.note(crash(20'000));
    EXPECT_EQ(policy.errors(), 1u);
}

TEST(RestartPolicy, counts_on_when_a_restart_goes_back_some_games) {
    RestartPolicy policy;
    policy.note(crash(12'000));
    policy.set_games(11'500);
    policy.note(crash(11'600));
    EXPECT_EQ(policy.errors(), 2u);
}

TEST(RestartPolicy, names_kinds_workers_and_tickets_the_most_frequent_first) {
    RestartPolicy policy;
    policy.note({IncidentKind::abandoned, 10, 5, 2, "given up"});
    policy.note({IncidentKind::hung, 10, 5, 3, "no life"});
    policy.note({IncidentKind::hung, 10, 6, 3, "no life"});
    policy.note(killed(10));
    EXPECT_EQ(policy.pattern(),
              "3 errors in the last 10000 games: 2x hung, 1x abandoned; 2x worker 3, 1x worker 2; "
              "2x ticket 5, 1x ticket 6; 2x no life, 1x given up");
}

TEST(RestartPolicy, names_three_of_many_and_says_how_many_more_there_are) {
    RestartPolicy policy;
    for (std::uint64_t ticket = 0; ticket < 10; ++ticket)
        policy.note({IncidentKind::crashed, 10, ticket, {}, "crash"});
    EXPECT_EQ(policy.pattern(),
              "10 errors in the last 10000 games: 10x crashed; 1x ticket 0, 1x ticket 1, "
              "1x ticket 2 and 7 others; 10x crash");
}

TEST(RestartPolicy, forgetting_counts_errors_and_attempts_anew_but_keeps_what_is_left_out) {
    RestartPolicy policy;
    policy.after_end(crash_of(41), false);
    policy.after_end(crash_of(41), false);
    for (int i = 0; i < 120; ++i)
        policy.after_end(crash(100), false);
    EXPECT_TRUE(policy.has_too_many_errors());
    policy.forget();
    EXPECT_EQ(policy.errors(), 0u);
    const auto decision = policy.after_end(crash(100), false);
    EXPECT_FALSE(decision.is_pause);
    EXPECT_EQ(decision.delay_ns, 0u);
    EXPECT_EQ(decision.skips, std::vector<std::uint64_t>{41});
}

TEST(RestartPolicy, kinds_have_names_that_lead_back_to_them) {
    for (const IncidentKind kind :
         {IncidentKind::abandoned, IncidentKind::crashed, IncidentKind::hung, IncidentKind::killed})
        EXPECT_EQ(incident_kind(name_of(kind)), kind);
    EXPECT_FALSE(incident_kind("bored"));
    EXPECT_FALSE(incident_kind(""));
}

}  // namespace
}  // namespace kiln::app

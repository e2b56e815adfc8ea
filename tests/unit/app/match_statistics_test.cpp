#include "app/match_statistics.hpp"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "core/base/random.hpp"

namespace kiln::app {
namespace {

using Counts = std::vector<std::uint64_t>;

// Computed independently. The first is fishtest's kind of match, for which fastchess prints a
// normalized Elo of 3.05 +- 2.31 and a likelihood ratio of 2.946.
struct Golden {
    Counts counts;
    Sprt sprt;
    double score;
    Estimate elo;
    double elo_tolerance;  // as published
    double normalized_elo;
    double normalized_half_width;
    double exact_ratio;
    double closed_ratio;
};
const Golden golden[] = {
    {{379, 10170, 21828, 10640, 343},
     {0, 2},
     .502295,
     {1.595, 0.386, 2.803},
     .0005,
     3.051,
     2.312,
     2.94550,
     2.94610},
    {{39, 8843, 26675, 9240, 44},
     {0.5, 2.5},
     .502269,
     {1.577, 0.546, 2.607},
     .0005,
     3.480,
     2.274,
     2.94168,
     2.94188},
    {{3, 20, 60, 34, 8},
     {0, 30},
     .548000,
     {33.457, 7.03, 60.27},
     .005,
     54.571,
     43.07,
     2.39169,
     2.42273},
    {{0, 2, 10, 5, 0},
     {0, 30},
     .544112,
     {30.732, -20.3, 83.2},
     .05,
     70.224,
     116.8,
     0.44684,
     0.45440},
    {{30, 10, 60}, {0, 10}, .650000, {107.54, 43.2, 180.1}, .05, 115.81, 68.1, 0.86877, 0.83309},
};

// The closed form, as a second opinion.
double closed_form(const Counts& counts, const Sprt& sprt) {
    double total = 0;
    double mean = 0;
    double square = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
        const double count = counts[i] == 0 ? 1e-3 : static_cast<double>(counts[i]);
        const double outcome = static_cast<double>(i) / static_cast<double>(counts.size() - 1);
        total += count;
        mean += count * outcome;
        square += count * outcome * outcome;
    }
    mean /= total;
    const double games_each = counts.size() == 5 ? 2 : 1;
    const double t = (mean - 0.5) / std::sqrt(games_each * (square / total - mean * mean));
    const double unit = 800 / std::log(10.0);
    const double low = t - sprt.low_nelo / unit;
    const double high = t - sprt.high_nelo / unit;
    return games_each * total / 2 * std::log((1 + low * low) / (1 + high * high));
}

TEST(MatchStatistics, agree_with_the_golden_vectors) {
    for (const Golden& vector : golden) {
        const auto statistics = match_statistics(vector.counts);
        ASSERT_TRUE(statistics);
        EXPECT_NEAR(statistics->score.value, vector.score, 1e-5);
        EXPECT_NEAR(statistics->elo.value, vector.elo.value, 0.005);
        EXPECT_NEAR(statistics->elo.lower, vector.elo.lower, vector.elo_tolerance);
        EXPECT_NEAR(statistics->elo.upper, vector.elo.upper, vector.elo_tolerance);
        ASSERT_TRUE(statistics->normalized_elo);
        const Estimate& normalized = *statistics->normalized_elo;
        EXPECT_NEAR(normalized.value, vector.normalized_elo, 0.005);
        EXPECT_NEAR(normalized.upper - normalized.value, vector.normalized_half_width, 0.05);
        EXPECT_NEAR(normalized.value - normalized.lower, vector.normalized_half_width, 0.05);
    }
}

TEST(MatchStatistics, likelihood_ratios_agree_with_the_golden_vectors_and_the_closed_form) {
    for (const Golden& vector : golden) {
        EXPECT_NEAR(vector.sprt.log_likelihood_ratio(vector.counts), vector.exact_ratio, 5e-6);
        EXPECT_NEAR(closed_form(vector.counts, vector.sprt), vector.closed_ratio, 5e-6);
    }
}

TEST(MatchStatistics, of_no_outcomes_are_nothing) {
    for (const std::size_t cells : {3u, 5u}) {
        const Counts none(cells, 0);
        EXPECT_FALSE(match_statistics(none));
        EXPECT_EQ(Sprt().log_likelihood_ratio(none), 0);
    }
}

TEST(MatchStatistics, of_wins_only_claim_no_more_than_so_many_wins_can_show) {
    const auto few = match_statistics(Counts{0, 0, 0, 0, 4});
    const auto many = match_statistics(Counts{0, 0, 0, 0, 400});
    ASSERT_TRUE(few && many);
    EXPECT_EQ(few->score.value, 1);
    EXPECT_EQ(few->score.upper, 1);
    EXPECT_NEAR(few->score.lower, 4 / (4 + 1.959964 * 1.959964), 1e-9);
    EXPECT_NEAR(many->score.lower, 400 / (400 + 1.959964 * 1.959964), 1e-9);
    EXPECT_NEAR(few->elo.value, 400 * std::log10(999.0), 1e-9);
    EXPECT_LT(few->elo.lower, 50);
    EXPECT_FALSE(few->normalized_elo);
    EXPECT_GT(few->superiority, 0.99);
    const auto losses = match_statistics(Counts{4, 0, 0, 0, 0});
    EXPECT_NEAR(losses->elo.upper, -few->elo.lower, 1e-9);
    EXPECT_NEAR(losses->score.upper, 1 - few->score.lower, 1e-9);
    EXPECT_LT(losses->superiority, 0.01);
}

TEST(MatchStatistics, of_pairs_that_all_end_even_are_zero_with_a_wide_interval) {
    const auto statistics = match_statistics(Counts{0, 0, 10, 0, 0});
    ASSERT_TRUE(statistics);
    EXPECT_EQ(statistics->score.value, 0.5);
    EXPECT_LT(statistics->score.lower, 0.25);
    EXPECT_GT(statistics->score.upper, 0.75);
    EXPECT_EQ(statistics->elo.value, 0);
    EXPECT_FALSE(statistics->normalized_elo);
    EXPECT_EQ(statistics->superiority, 0.5);
    EXPECT_LT(Sprt().log_likelihood_ratio(Counts{0, 0, 1000, 0, 0}), -Sprt::bound());
}

TEST(MatchStatistics, change_sign_when_the_players_change_places) {
    const Counts counts = {3, 20, 60, 34, 8};
    const Counts reversed(counts.rbegin(), counts.rend());
    const auto one = match_statistics(counts);
    const auto other = match_statistics(reversed);
    EXPECT_NEAR(one->elo.lower, -other->elo.upper, 1e-9);
    EXPECT_NEAR(one->normalized_elo->value, -other->normalized_elo->value, 1e-9);
    EXPECT_NEAR(one->superiority, 1 - other->superiority, 1e-12);
    EXPECT_NEAR((Sprt{-5, 20}.log_likelihood_ratio(counts)),
                -(Sprt{-20, 5}.log_likelihood_ratio(reversed)), 1e-9);
}

TEST(MatchStatistics, superiority_is_that_of_a_normal_distribution) {
    // Deviation of a pair 1/2 at 50 % won: one standard error above even.
    const auto statistics = match_statistics(Counts{45, 0, 0, 0, 55});
    EXPECT_NEAR(statistics->superiority, 0.8426, 1e-3);  // Phi(0.05 / sqrt(0.2475 / 100))
}

TEST(MatchStatistics, keep_elo_finite) {
    for (const double score : {-1.0, 0.0, 1.0, 2.0})
        EXPECT_LE(std::abs(elo_of_score(score)), 1199.9);
    EXPECT_EQ(elo_of_score(0.5), 0);
    EXPECT_NEAR(elo_of_score(10.0 / 11), 400, 1e-9);
}

TEST(Sprt, has_the_bounds_of_five_percent_errors) {
    EXPECT_NEAR(Sprt::bound(), 2.9444, 5e-5);
    EXPECT_EQ(verdict_of(2.9445), SprtVerdict::high);
    EXPECT_EQ(verdict_of(2.9443), SprtVerdict::undecided);
    EXPECT_EQ(verdict_of(-2.9443), SprtVerdict::undecided);
    EXPECT_EQ(verdict_of(-2.9445), SprtVerdict::low);
}

TEST(Sprt, sees_a_match_of_wins_only_for_what_it_is) {
    EXPECT_EQ(verdict_of(Sprt().log_likelihood_ratio(Counts{0, 0, 0, 0, 25})),
              SprtVerdict::undecided);
    EXPECT_EQ(verdict_of(Sprt().log_likelihood_ratio(Counts{0, 0, 0, 0, 26})), SprtVerdict::high);
    EXPECT_EQ(verdict_of(Sprt().log_likelihood_ratio(Counts{26, 0, 0, 0, 0})), SprtVerdict::low);
    // Where the closed form is all but blind.
    EXPECT_LT(closed_form({0, 0, 0, 0, 26}, Sprt()), 0.2);
}

// Plays matches with such shares of pairs until they are decided; returns how many H1 gets.
int matches_passed(const double (&shares)[5], int matches) {
    constexpr std::uint64_t seed = 551;
    constexpr int batch = 16;
    int passed = 0;
    for (int match = 0; match < matches; ++match) {
        RandomStream random(seed, StreamPurpose::position, static_cast<std::uint64_t>(match));
        Counts counts(5, 0);
        SprtVerdict verdict = SprtVerdict::undecided;
        while (verdict == SprtVerdict::undecided) {
            for (int pair = 0; pair < batch; ++pair) {
                double left = random.unit();
                std::size_t kind = 0;
                while (kind < 4 && left >= shares[kind])
                    left -= shares[kind++];
                ++counts[kind];
            }
            verdict = verdict_of(Sprt().log_likelihood_ratio(counts));
        }
        passed += verdict == SprtVerdict::high;
    }
    return passed;
}

TEST(Sprt, errs_in_one_match_of_twenty_at_either_hypothesis) {
    // 20 of 400 at most, with four times their standard deviation for chance.
    EXPECT_LE(matches_passed({.10, .04, .72, .04, .10}, 400), 20 + 18);
    // Normalized Elo 30: mean 1/2 + d with d = 30 ln 10 / 800 * sqrt(2 (0.055 - d^2)).
    constexpr double d = 0.02843;
    EXPECT_GE(matches_passed({.10 - d, .04, .72, .04, .10 + d}, 400), 400 - 20 - 18);
}

TEST(Sprt, stays_finite_whatever_the_counts) {
    const std::uint64_t values[] = {0, 1, 1'000'000};
    for (int code = 0; code < 243; ++code) {
        Counts counts;
        for (int rest = code, cell = 0; cell < 5; ++cell, rest /= 3)
            counts.push_back(values[rest % 3]);
        for (const Sprt& sprt : {Sprt{0, 30}, Sprt{-200, 200}, Sprt{-200, -199}}) {
            const double ratio = sprt.log_likelihood_ratio(counts);
            EXPECT_TRUE(std::isfinite(ratio)) << code;
        }
    }
}

}  // namespace
}  // namespace kiln::app

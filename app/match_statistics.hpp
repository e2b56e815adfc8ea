// What the results of a match say about the strength of two players, with what they do not say:
// intervals at 95 %, and a sequential test that may end the match early.
//
// Results come as counts of outcomes that are equally far apart: of games lost, drawn and won
// (three cells), or, because two games from one opening hang together, of pairs with 0, 1/2, 1, 3/2
// and 2 points (five, "pentanomial": Van den Bergh, "Normalized Elo", 2020; fishtest). In formulae
// an empty cell counts 0.001, so that none is impossible; shares and scores are as counted.
//
// Pure functions of the counts. CHECK: there are three or five cells.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace kiln::app {

using OutcomeCounts = std::span<const std::uint64_t>;

struct Estimate {
    double value = 0;
    double lower = 0;
    double upper = 0;
};

struct MatchStatistics {
    Estimate score;  // points, as a share of those there were to win
    // 400 log10(s / (1 - s)) of the score, which is kept within 0.001 and 0.999 for it.
    Estimate elo;
    // (score - 1/2) / deviation of a game, in steps of 800 / ln 10: what a match of a given length
    // can tell apart, whatever the share of draws. Nothing if every outcome was the same one.
    std::optional<Estimate> normalized_elo;
    double superiority = 0.5;  // likelihood that the first player is the stronger one
};

// The interval of a score is score +- 1.96 standard errors. If all outcomes are the same one there
// is no scatter to take that from, and it is Wilson's for so many trials, which is wider than any.
// Nothing if there are no outcomes.
std::optional<MatchStatistics> match_statistics(OutcomeCounts counts);

// "64.1 % [57.5, 70.7]", the interval in percent too.
std::string format_score(const Estimate& score);
// "+118 [+71, +170]"
std::string format_elo(const Estimate& elo);

// Elo of a score, which is kept within 0.001 and 0.999.
double elo_of_score(double score);

// The generalised sequential probability ratio test, in normalized Elo (Van den Bergh, "The
// generalized maximum likelihood ratio for the trinomial and pentanomial model", fishtest's test
// since 2020). Both errors are at most 5 % as long as it is asked after whole batches of pairs.
struct Sprt {
    double low_nelo = 0;    // H0
    double high_nelo = 30;  // H1

    static constexpr double error_rate = 0.05;
    static double bound();  // ln((1 - 0.05) / 0.05): H1 from here on, H0 from its negative on

    // ln of how much likelier the counts are under H1 than under H0, each taken at its best: among
    // the distributions with exactly that normalized Elo. 0 without outcomes.
    //
    // The usual closed form agrees within a few percent in a match of equals, but saturates when
    // nearly every pair is won: after 30 of 30 it stands at 0.12, this at 3.43.
    double log_likelihood_ratio(OutcomeCounts counts) const;
};

enum class SprtVerdict {
    undecided,
    low,   // H0: not better by as much
    high,  // H1
};
SprtVerdict verdict_of(double log_likelihood_ratio);

}  // namespace kiln::app

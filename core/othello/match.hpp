// Match: games of a model against a baseline or another model, in pairs.
//
// A pair is one random opening played twice with colours exchanged, so that a lopsided opening
// favours nobody. Everything random comes from (seed, purpose, pair): the same match on every
// machine and for any number of workers. Thread-safe as long as every thread has its own Searcher.
#pragma once

#include <cstdint>

#include "core/base/random.hpp"
#include "core/numeric/moments.hpp"
#include "core/othello/player.hpp"
#include "core/othello/search.hpp"

namespace kiln::othello {

struct MatchSettings {
    std::uint64_t seed = 1;
    StreamPurpose purpose = StreamPurpose::match;
    Opponent opponent = Opponent::random;
    int opening_plies = 6;
    SearchLimits limits;              // of the model, and of the other one
    Searcher* other_model = nullptr;  // for Opponent::model; may share the model's table
};

// Where a pair begins.
struct Opening {
    Board board;
    bool is_first_to_move = true;  // whether the player with the first move of the game is to move
};

// So many random plies from the start; drawn again in the rare case that the game ends meanwhile.
Opening random_opening(RandomStream& random, int plies);

struct MatchPair {
    int difference[2] = {};  // final discs, model minus opponent; [0]: the model moves first
    std::uint64_t nodes = 0;
    bool is_complete = false;  // false: stopped in the middle
};

MatchPair play_pair(const MatchSettings& settings, Searcher& searcher, std::uint64_t pair,
                    const std::atomic<bool>* stop, Clock* clock);
// The same from an opening that somebody else has drawn. `random` is for a baseline's moves.
MatchPair play_pair(const MatchSettings& settings, Searcher& searcher, const Opening& opening,
                    RandomStream& random, const std::atomic<bool>* stop, Clock* clock);

// Both games of a pair begin alike, so that their results hang together: what can be said of a
// score and its scatter is said of pairs.
struct MatchScore {
    static constexpr std::size_t pair_kinds = 5;

    std::uint32_t wins = 0;
    std::uint32_t draws = 0;
    std::uint32_t losses = 0;
    std::uint64_t pair_counts[pair_kinds] = {};  // pairs with 0, 1/2, 1, 3/2 and 2 points
    Moments pair_discs;                          // of the sum of a pair's differences

    void add(const MatchPair& pair);
    std::uint32_t games() const { return wins + draws + losses; }
    double points() const { return wins + 0.5 * draws; }
    std::int64_t discs() const { return pair_discs.sum; }
    // Mean of a game's difference; 0 if there is none.
    double mean_discs() const { return pair_discs.mean() / 2; }
    // The standard error of that mean, from the scatter of pairs; 0 with less than two of them.
    double mean_discs_error() const;
};

}  // namespace kiln::othello

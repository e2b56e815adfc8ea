// Match: games of a model against a baseline or another model, in pairs.
//
// A pair is one random opening played twice with colours exchanged, so that a lopsided opening
// favours nobody. Everything random comes from (seed, purpose, pair): the same match on every
// machine and for any number of workers. Thread-safe as long as every thread has its own Searcher.
#pragma once

#include <cstdint>

#include "core/base/random.hpp"
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

struct MatchPair {
    int difference[2] = {};  // final discs, model minus opponent; [0]: the model moves first
    std::uint64_t nodes = 0;
    bool is_complete = false;  // false: stopped in the middle
};

MatchPair play_pair(const MatchSettings& settings, Searcher& searcher, std::uint64_t pair,
                    const std::atomic<bool>* stop, Clock* clock);

struct MatchScore {
    std::uint32_t wins = 0;
    std::uint32_t draws = 0;
    std::uint32_t losses = 0;
    std::int64_t discs = 0;  // sum of the differences

    void add(const MatchPair& pair);
    std::uint32_t games() const { return wins + draws + losses; }
    double points() const { return wins + 0.5 * draws; }
};

}  // namespace kiln::othello

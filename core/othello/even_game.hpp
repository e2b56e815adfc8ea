// Even games: where positions come from that models are compared on and never trained on.
//
// 8 to 12 random plies, and the game counts only if a search then calls the position even; then the
// model plays both sides, with a few random moves so that games differ and endings are not all its
// own. Everything random comes from a stream of its own (StreamPurpose::development), numbered by
// game, that no training, trial or match draws from. With the same model, settings and table size a
// game is the same on every machine, whoever plays it. Thread-safe with a searcher a thread.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/othello/notation.hpp"
#include "core/othello/search.hpp"

namespace kiln::othello {

struct EvenGameSettings {
    static constexpr int opening_plies_min = 8;
    static constexpr int opening_plies_max = 12;
    static constexpr int judging_depth = 6;  // of the search that calls an opening even

    std::uint64_t seed = 1;
    int depth = 3;               // of the searches that choose the moves
    double random_share = 0.05;  // of the moves after the opening
    int even_within_discs = 6;
};

struct EvenGame {
    bool is_even = false;      // false: given up behind the opening
    bool was_stopped = false;  // nothing else means anything then
    // The position with so many empty squares; where is_reached says so the player to move has a
    // move there. Openings are not included.
    Position positions[square_count + 1];
    bool is_reached[square_count + 1] = {};
};

EvenGame play_even_game(const EvenGameSettings& settings, Searcher& searcher, std::uint64_t number,
                        const std::atomic<bool>* stop);

}  // namespace kiln::othello

// Held out: positions with known results that no run trains on.
//
// They come from games of another kind than self-play: corner and edge players and random ones,
// from a random stream of their own that no seed of a run reaches. So they are the same 1,000
// positions for every run, on every machine and for ever, and figures of different runs compare.
// Solving them takes the better part of a second once; it is done by the first trials of a process,
// in blocks, by whatever workers there are.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>

#include "core/othello/evaluator.hpp"
#include "core/othello/report.hpp"
#include "core/othello/search.hpp"

namespace kiln::othello {

// Position `number` of all there are, with so many empty squares, at which the player to move has a
// move. Pure.
Board held_out_board(std::uint64_t number, int empties);

class HeldOut {
  public:
    static constexpr int empties[4] = {8, 10, 12, 14};
    static constexpr std::uint32_t position_count = 1'000;
    static constexpr std::uint32_t block_count = 20;

    struct Position {
        Board board;
        std::int32_t discs;  // exact result, player to move
        std::uint32_t is_solved;
    };

    // position_count positions, zeros.
    void bind(std::span<Position> positions);

    // Solves what is unsolved in a block. Different blocks may be solved at the same time, each by
    // a searcher of its own. Gives up when stopped.
    void solve(std::uint32_t block, Searcher& searcher, const std::atomic<bool>* stop);

    // Of the positions that are solved.
    HeldOutReport measure(const Model& model) const;

    std::span<const Position> positions() const { return positions_; }

  private:
    std::span<Position> positions_;
};

}  // namespace kiln::othello

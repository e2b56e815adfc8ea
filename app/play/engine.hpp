// Engine: what the model plays and what it thinks of the other moves, within limits, while somebody
// may ask it to stop.
//
// Every request begins with an empty table, so that with limits in depth or nodes an answer depends
// on position, model and limits alone. A limit in time holds in the endgame too: a solution that is
// not found in time is given up for the best move found before. One thread; the stop flag may be
// raised by any.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/othello/search.hpp"
#include "core/port/clock.hpp"

namespace kiln::app {

// As SearchLimits::exact_empties: solve where the time limit will probably do.
constexpr int exact_by_time = -1;

// The most empty squares whose game can probably be solved in that time.
int solvable_empties(std::uint64_t time_ns);

// A move and what it is worth.
struct ChosenMove {
    othello::Square move = othello::no_square;   // no_square: a pass
    othello::Square reply = othello::no_square;  // expected; no_square: unknown, or a pass
    othello::Score score = 0;                    // for the player to move
    int depth = 0;                               // plies looked at, this move included
    bool is_exact = false;                       // the result of the game under best play

    double discs() const { return static_cast<double>(score) / othello::score_per_disc; }
};

struct Thought {
    ChosenMove best;
    std::uint64_t nodes = 0;
    std::uint64_t time_ns = 0;

    double seconds() const { return static_cast<double>(time_ns) * 1e-9; }
};

struct Ranking {
    std::vector<ChosenMove> choices;  // best first; of every legal move, or of the pass
    std::uint64_t nodes = 0;
    std::uint64_t time_ns = 0;

    double seconds() const { return static_cast<double>(time_ns) * 1e-9; }
};

class Engine {
  public:
    // All must outlive the engine.
    Engine(othello::Searcher& searcher, Clock& clock, const std::atomic<bool>& stop)
        : searcher_(searcher), clock_(clock), stop_(stop) {}

    // The move to play; when stopped the best known so far, which may be the first look's. A player
    // who has no move passes.
    Thought choose(const othello::Board& board, const othello::SearchLimits& limits);

    // Every move by a search of its own, depth after depth. `report` sees the ranking after each
    // depth and each solved move. Nothing is ranked in a finished game.
    Ranking rank(const othello::Board& board, const othello::SearchLimits& limits,
                 const std::function<void(const Ranking&)>& report);

  private:
    class RankRun;

    Thought choose_in_time(const othello::Board& board, const othello::SearchLimits& limits,
                           std::uint64_t started_ns);
    othello::SearchResult search(const othello::Board& board, const othello::SearchLimits& limits);
    // deadline_ns 0: none. Not exact: it was stopped, or time was up.
    othello::SearchResult solve(const othello::Board& board, std::uint64_t deadline_ns);

    bool is_stopping() const { return stop_.load(std::memory_order_relaxed); }

    othello::Searcher& searcher_;
    Clock& clock_;
    const std::atomic<bool>& stop_;
};

}  // namespace kiln::app

// GameClock: how long the next move may take, by the time commands of GTP (version 2, section 4.2):
// a main time, after it stones to be played in periods of byo-yomi.
//
// A move gets its share of the main time, by the moves that still need thought, and its share of
// the byo-yomi period, less a reserve for what happens between the two programs. Of a
// second or more that is left, a share is never all. The clock counts by itself what moves took;
// what the controller says is left replaces that. Pure computation. One thread.
#pragma once

#include <cstdint>

#include "core/othello/notation.hpp"

namespace kiln::app {

struct TimeControl {
    double main_s = 0;
    double period_s = 0;
    int stones = 0;  // in a period; 0: the main time is all there is
};

class GameClock {
  public:
    // From now on games are played with this much time. A period of no stones means no limit at
    // all.
    void set(const TimeControl& control);
    // A new game with the same time.
    void reset();
    // What the controller says is left to a player. stones 0: of the main time.
    void set_left(othello::Colour colour, double seconds, int stones);

    bool is_running() const { return is_running_; }
    // For the next move of that colour, at least a millisecond.
    std::uint64_t share_ns(othello::Colour colour, int empties) const;
    // What a move took.
    void spend(othello::Colour colour, double seconds);

  private:
    struct Left {
        double main_s = 0;
        double period_s = 0;
        int stones = 0;
    };
    Left& left(othello::Colour colour) { return left_[static_cast<int>(colour)]; }

    TimeControl control_;
    Left left_[2];
    bool is_running_ = false;
};

}  // namespace kiln::app

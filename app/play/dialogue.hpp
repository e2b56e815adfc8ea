// Dialogue: somebody's lines, and what is answered to them. A protocol is a dialogue, and so is a
// game at the terminal.
//
// A dialogue takes any bytes as a line and never ends for a wrong one: it says what is wrong and
// stands where it stood. It knows no files and no threads, so that a test can hold it.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "core/othello/search.hpp"

namespace kiln::app {

// A line without its end. A sink that takes answers hands them on at once.
using LineSink = std::function<void(std::string_view)>;

// Longer lines are no commands: a long game in GGF has some 3,000 bytes. A longer one arrives cut
// after one byte more.
constexpr std::size_t line_bytes_max = 65'536;

// What the command line allows a move.
struct PlayLimits {
    othello::SearchLimits usual;
    // While a clock runs: the clock's share bounds the time in addition.
    othello::SearchLimits under_clock;
};

class Dialogue {
  public:
    virtual ~Dialogue() = default;
    // Before the first line.
    virtual void begin() {}
    // False: that was the last line.
    virtual bool answer(std::string_view line) = 0;
    // The other side is gone, or Ctrl-C was pressed.
    virtual void abandon() {}
    // What a person who is to type sees before the cursor.
    virtual std::string prompt() const { return ""; }
};

}  // namespace kiln::app

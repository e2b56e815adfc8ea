// Positions and moves from the command line, with complaints that say which character is wrong.
#pragma once

#include <string>

#include "core/othello/notation.hpp"

namespace kiln::app {

othello::Position read_position(const std::string& text, const std::string& origin);
othello::Position play_moves(const othello::Position& position, const std::string& moves,
                             const std::string& origin);

}  // namespace kiln::app

// GGF, the Generic Game Format of the Generic Game Server, as far as Othello uses it:
//
//     (;GM[Othello]PB[a]PW[b]TY[8]BO[8 -----...----- *]B[F5/0.50/1.2]W[F6]B[PA];)
//
// Read are the start board (BO, else the usual one) and the moves (B, W) without evaluation and
// time; every other property is passed over. A pass may be written, PA, or left out. Source:
// M. Buro, "Generic Game Format", and the example in the NBoard protocol. Takes any bytes; pure.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "app/play/game.hpp"

namespace kiln::app {

// The one game in the text, or what is wrong with it, in a line.
std::variant<Game, std::string> read_ggf(std::string_view text);

}  // namespace kiln::app

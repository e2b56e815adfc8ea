// What the commands that debug write alike: scores, colours, positions, patterns.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "core/othello/geometry.hpp"
#include "core/othello/notation.hpp"
#include "core/othello/score.hpp"

namespace kiln::app {

constexpr double discs(double units) {
    return units / othello::score_per_disc;
}

const char* colour_name(othello::Colour colour);  // "black (X)"

// 64 cells and the side to move, as commands take it; '.' for empty, because an argument that
// begins with '-' is a flag.
std::string position_text(const othello::Position& position);

// "XO--X---": see othello::configuration_text().
std::string configuration(const othello::Geometry& geometry, int shape, std::uint32_t number);

// To standard output; numbers that are not finite become null.
void print_json(const nlohmann::ordered_json& json);

}  // namespace kiln::app

#include "app/debug_text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/othello/explain.hpp"

namespace kiln::app {

const char* colour_name(othello::Colour colour) {
    return colour == othello::Colour::black ? "black (X)" : "white (O)";
}

std::string position_text(const othello::Position& position) {
    std::string text;
    for (int square = 0; square < othello::square_count; ++square) {
        const othello::Bits at = othello::bit(square);
        text += (position.discs(othello::Colour::black) & at) != 0   ? 'X'
                : (position.discs(othello::Colour::white) & at) != 0 ? 'O'
                                                                     : '.';
    }
    return text + (position.to_move == othello::Colour::black ? " X" : " O");
}

std::string configuration(const othello::Geometry& geometry, int shape, std::uint32_t number) {
    char buffer[othello::configuration_text_bytes];
    return std::string(othello::configuration_text(geometry, shape, number, buffer));
}

void print_json(const nlohmann::ordered_json& json) {
    fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

}  // namespace kiln::app

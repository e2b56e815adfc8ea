#include "app/commands/position.hpp"

#include <fmt/format.h>

#include "app/failure.hpp"

namespace kiln::app {
namespace {

std::string place(const std::string& text, std::uint64_t at) {
    if (at >= text.size())
        return fmt::format("it ends too early, after character {}", text.size());
    return fmt::format("character {} ('{}') is wrong", at + 1, text[static_cast<std::size_t>(at)]);
}

}  // namespace

othello::Position read_position(const std::string& text, const std::string& origin) {
    const Result<othello::Position> position = othello::parse_position(text);
    if (!position)
        throw Failure(
            ExitCode::usage,
            fmt::format("{}: {}; a board is 'start' or 64 cells from a1 to h8, X black, O "
                        "white, - empty, then X or O for the side to move",
                        origin, place(text, position.error().detail)));
    return position.value();
}

othello::Position play_moves(const othello::Position& position, const std::string& moves,
                             const std::string& origin) {
    const Result<othello::Position> played = othello::play_moves(position, moves);
    if (played)
        return played.value();
    const std::uint64_t at = played.error().detail;
    if (played.error().code == ErrorCode::illegal_move)
        throw Failure(ExitCode::usage,
                      fmt::format("{}: the move '{}' at character {} is not legal there", origin,
                                  moves.substr(static_cast<std::size_t>(at), 2), at + 1));
    throw Failure(ExitCode::usage,
                  fmt::format("{}: {}; moves are squares like f5d6c3, a pass is --", origin,
                              place(moves, at)));
}

}  // namespace kiln::app

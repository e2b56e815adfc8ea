#include "app/play/game.hpp"

#include <algorithm>
#include <cctype>

namespace kiln::app {

using othello::Colour;
using othello::Position;
using othello::Square;

namespace {

bool is_legal(const Position& position, Square move) {
    const othello::Bits legal = othello::legal_moves(position.board);
    if (move == othello::no_square)
        return legal == 0;
    return move < othello::square_count && (legal & othello::bit(move)) != 0;
}

Position passed(const Position& position) {
    return {othello::after_pass(position.board), othello::other(position.to_move)};
}

}  // namespace

const char* name_of(Colour colour) {
    return colour == Colour::black ? "black" : "white";
}

std::optional<Square> parse_move(std::string_view text) {
    std::string lower(text.substr(0, 5));  // longer than any move is no move
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (lower == "pass" || lower == "pa" || lower == "--")
        return othello::no_square;
    if (const Result<Square> square = othello::parse_square(lower))
        return square.value();
    return std::nullopt;
}

bool Game::play(Square move) {
    if (turns_.size() >= turn_capacity || !is_legal(position_, move))
        return false;
    turns_.push_back({position_, move});
    if (move == othello::no_square) {
        position_ = passed(position_);
        return true;
    }
    const othello::Board board = position_.board;
    position_ = {othello::after_move(board, move, othello::flips(board, move)),
                 othello::other(position_.to_move)};
    return true;
}

bool Game::play(Colour colour, Square move) {
    if (colour == position_.to_move)
        return play(move);
    if (!must_pass())
        return false;
    const Position before = position_;
    position_ = passed(before);
    if (!play(move)) {
        position_ = before;
        return false;
    }
    turns_.back().before = before;
    return true;
}

bool Game::undo() {
    if (turns_.empty())
        return false;
    position_ = turns_.back().before;
    turns_.pop_back();
    return true;
}

std::string Game::moves() const {
    std::string text;
    for (const Turn& turn : turns_)
        text += othello::square_name(turn.move).text;
    return text;
}

int Game::black_lead() const {
    if (!is_over())
        return std::popcount(position_.discs(Colour::black)) -
               std::popcount(position_.discs(Colour::white));
    const int score = othello::final_score(position_.board);
    return position_.to_move == Colour::black ? score : -score;
}

}  // namespace kiln::app

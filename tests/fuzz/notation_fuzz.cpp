// Squares, positions and lists of moves, as a person types them.
#include "core/othello/notation.hpp"

#include "tests/fuzz/target.hpp"

namespace kiln::fuzz {
namespace {

using namespace othello;

// The picture without its coordinates and marks is the position again.
void demand_picture_reads_back(const Position& position) {
    char buffer[board_picture_bytes];
    const std::string_view picture = draw_board(position, buffer);
    demand(picture.size() <= sizeof(buffer), "a picture fits its buffer");
    std::string cells;
    std::size_t start = picture.find('\n') + 1;  // below the letters
    for (int row = 0; row < 8; ++row) {
        const std::size_t end = picture.find('\n', start);
        for (const char c : picture.substr(start, end - start))
            if (std::string_view("X*BOW-._xbow").find(c) != std::string_view::npos)
                cells += c;
        start = end + 1;
    }
    cells += position.to_move == Colour::black ? " X" : " O";
    const Result<Position> again = parse_position(cells);
    demand(again && again.value() == position, "a drawn board reads back");
}

void demand_possible(const Result<Position>& result, std::string_view text) {
    if (!result) {
        const Error error = result.error();
        demand(error.code == ErrorCode::bad_notation || error.code == ErrorCode::illegal_move,
               "what is wrong in a text is its notation or its moves");
        demand(error.detail <= text.size(), "what is wrong in a text stands in it");
        return;
    }
    const Board& board = result.value().board;
    demand((board.own & board.opponent) == 0, "no square holds two discs");
    demand_picture_reads_back(result.value());
}

}  // namespace

// The first line is a position, what follows are moves; either may be anything.
void run(Input input) {
    const std::string_view text = text_of(input);
    if (const Result<Square> square = parse_square(text))
        demand(parse_square(square_name(square.value()).text).value() == square.value(),
               "the name of a square is that square");
    const std::size_t border = std::min(text.find('\n'), text.size());
    const std::string_view first = text.substr(0, border);
    const std::string_view rest = border < text.size() ? text.substr(border + 1) : "";
    const Result<Position> position = parse_position(first);
    demand_possible(position, first);
    if (position)
        demand_possible(play_moves(position.value(), rest), rest);
    demand_possible(play_moves(Position(), text), text);
}

std::vector<std::string> seeds() {
    const std::string start = "---------------------------OX------XO---------------------------";
    return {"f5",
            "f5d6c3d3c4f4f6f3e6e7",
            "start\nf5 d6 C3 d3 c4",
            start + " X\nf5f6",
            start + " O\n",
            "XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXO-\n",
            "OOOOOOOOXXXXXXXXOOOOOOOOXXXXXXXX**BBWW..__--xxbboowwOOOOXXXX-XO- W\npa h8 --",
            "-XO-------------------------------------------------------------\npad1"};
}

}  // namespace kiln::fuzz

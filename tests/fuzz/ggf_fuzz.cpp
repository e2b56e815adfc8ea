// Games in GGF, as a board program or a file sends them.
#include "app/play/ggf.hpp"
#include "tests/fuzz/target.hpp"

namespace kiln::fuzz {
namespace {

using namespace app;

std::string ggf_of(const othello::Position& start, const Game& game) {
    std::string text = "(;GM[Othello]BO[8 ";
    const othello::Bits black = start.discs(othello::Colour::black);
    const othello::Bits white = start.discs(othello::Colour::white);
    for (int square = 0; square < othello::square_count; ++square)
        text += (black & othello::bit(square)) != 0   ? '*'
                : (white & othello::bit(square)) != 0 ? 'O'
                                                      : '-';
    text += start.to_move == othello::Colour::black ? " *]" : " O]";
    // Passes that were implied are not in the list, so that colours have to be found again.
    Game again(start);
    const std::string moves = game.moves();
    for (std::size_t at = 0; at < moves.size(); at += 2) {
        const othello::Square move = parse_move(moves.substr(at, 2)).value();
        othello::Colour colour = again.position().to_move;
        if (!again.play(colour, move)) {
            colour = othello::other(colour);
            demand(again.play(colour, move), "one of the players can make the move");
        }
        text +=
            std::string(colour == othello::Colour::black ? "B[" : "W[") + moves.substr(at, 2) + "]";
    }
    return text + ";)";
}

}  // namespace

void run(Input input) {
    const auto read = read_ggf(text_of(input));
    if (const auto* wrong = std::get_if<std::string>(&read)) {
        demand(!wrong->empty() && wrong->size() < 300 && wrong->find('\n') == std::string::npos,
               "what is wrong is told in a short line");
        return;
    }
    Game game = std::get<Game>(read);
    const othello::Position end = game.position();
    demand((end.board.own & end.board.opponent) == 0, "no square holds two discs");
    Game start = game;
    while (start.undo()) {
    }
    const auto again = read_ggf(ggf_of(start.position(), game));
    demand(std::holds_alternative<Game>(again), "a game that was read can be written and read");
    const othello::Position ended = std::get<Game>(again).position();
    // Whose turn it would be in a finished game is lost with the passes that were left out.
    demand(ended.discs(othello::Colour::black) == end.discs(othello::Colour::black) &&
               ended.discs(othello::Colour::white) == end.discs(othello::Colour::white) &&
               (ended.to_move == end.to_move || game.is_over()),
           "and ends where it ended");
}

std::vector<std::string> seeds() {
    const std::string cells = "---------------------------O*------*O---------------------------";
    return {"(;GM[Othello]PC[NBoard]DT[2014-02-21 20:52:27 GMT]PB[a]PW[b]RE[?]TI[15:00]TY[8]BO[8 " +
                cells + " *]B[F5//1.2]W[F6/0.5]B[D3]W[C5]B[E6]W[F7]B[E7]W[F4];)",
            "(;TY[8r18]BO[8 -O******--------------------------------------------------------"
            " O]W[PA]B[A1];)",
            "(;BO[8 -O******--------------------------------------------------------"
            " O]B[A1]W[pass]B[--];)",
            "(;B[f5]W[d6]B[c3];)", "(;;)"};
}

}  // namespace kiln::fuzz

// A line of a file of positions.
#include "app/failure.hpp"
#include "app/obf.hpp"
#include "tests/fuzz/target.hpp"

namespace kiln::fuzz {

using namespace app;

void run(Input input) {
    try {
        const ObfPosition position = parse_obf(text_of(input), "f.obf:1");
        demand((position.board().own & position.board().opponent) == 0,
               "no square holds two discs");
        const othello::Bits legal = othello::legal_moves(position.board());
        for (const ObfScore& score : position.scores) {
            demand(score.move == othello::no_square ? legal == 0
                                                    : (legal & othello::bit(score.move)) != 0,
                   "a move with a score is legal");
            demand(score.discs >= -64 && score.discs <= 64, "a score is a disc difference");
        }
        for (const char c : position.name())
            demand(c > ' ' && c <= '~', "a name can be printed anywhere");
        ObfPosition again = parse_obf(to_obf(position), "f.obf:1");
        demand(again.position == position.position && again.scores == position.scores,
               "what is written reads back");
    } catch (const Failure& failure) {
        demand(std::string(failure.what()).starts_with("f.obf:1:"), "a refusal says where");
        demand(failure.exit_code() == ExitCode::bad_data, "a wrong line is wrong data");
    }
}

std::vector<std::string> seeds() {
    const std::string start = "---------------------------OX------XO---------------------------";
    return {start + " X; d3:+0; c4:+0; f5:+0; e6:+0; % start\r", start + " O",
            "O--OOOOX-OOOOOOXOOXXOOOXOOXOOOXXOOOOOOXX---OOOOX----O--X-------- X; a2:+38; c7:+36; "
            "d8:+34; c1:+30; b1:+30; % FFO#40 empties=20 best=+38",
            "OX-------------------------------------------------------------X X; ps:-12",
            "XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXOOOOOOOOOOOOOOOOOOOOOOOOOOOOOOOO O; --:+0; % even"};
}

}  // namespace kiln::fuzz

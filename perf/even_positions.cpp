#include <vector>

#include "core/base/check.hpp"
#include "core/othello/notation.hpp"

#include "perf/positions.hpp"

namespace kiln::perf {
namespace {

// Every eighth of those with 20 empty squares in tests/data/development.obf, which says where they
// come from.
constexpr const char* with_20_empties[] = {
    "-----O--O-XOOO--OXXOOOX-OXOOOOO-OXOXXXOXOOXOOOXXO-XXX--X--XXX--- X",
    "----X-----XXXX-O-XXXXOXOXXXOOOXOOXOOOOOOXOOOOO-O-OOOOO-----OXO-- X",
    "X-OOOO--XXXOOO--XXOOOOO-XXOXOOO-OXXXOOXO-X-XOOO----XXO-----XXX-- X",
    "OOOOOOOOOOXXXXO--OXXXOOOOOOOOXO-XXXOOOOO-XXXXXXX---------------- X",
    "XXXXXX--XXXOOO---XXXOOOXXXXXXOO-XOXXXXOOOOOOOOO---O-OO---------- X",
    "--O-----X-OOOO-OXXOOXXOOXOOOXOXOXXOOXOX--XXOOXO---OXOO-O--O-XO-- X",
    "-X------X-XOOO-XXXXXOOO-XOXOOOOOXOOXOXXOXOOOOOOO----OO-O---OOO-- X",
    "-------------O-O-----OOOOOOOOOXO-OXOXXXXOXXXXXXXXXXOXXXXXXXXXXXX X",
    "-OOOO-----OXOO-O-XXOXXO-XXXOOXXXXXXOXOXX-XXXOOO---XOO--O--O-OX-- X",
    "----XX----XXXX--OOXOOXXXOOXOXXXX-OOXXXO--OOOXOO---XOOX---XXXXXX- X",
    "---OOO----OOOO--XXXXOOX--XXOOXX-OXOXOOX-OOXXXXXXO-OXOO----OOOO-- X",
    "------------------OOXXX-XOOOXXX-XOXXOXXXXXXOOOXOXOOOOOOOXOOOOOOO X",
    "--XX------XX---OOOOOOOO--XXXOOXXXXXXXOX-XXXXXXOO--XXXX---XXXXXX- X",
    "-XXXXXX-X-XXXOO-XXOOXOO-XOOXOOOOXXXXXXXXXXOOO-----OO------O-X--- X",
    "--------O--OOO--OOOOOOO-OXOOXXXXOXXXXXOXOOOOXOOXO-OXXO-X-OX-X--- X",
    "--XXXXX--OXXXX--OOOOXXXXOOXOXXX-OOXOXO---OOOOOO--XOOO-X-X--O---- X",
    "-OO--O----OOOOXO-OOOOXXO--XXOOXO--XXOOXO--XOXXOO--OXXX-O-OOOO-X- X",
    "-------O----X-XOOOOOXXXOOOOOXXXX-OXXXOXX-OXXOOXX--XXXXXX----XXXX X",
    "-OOOOO----XOOO----XOOOOO-XXXXOXOXXXOXOOOXXXXOOOO--XOOO----X-O--- X",
    "---XOO----XXXOX--XOXOOXOXXOXXOXX-XXXXOXX-XXXOXOO---XXOOO-----X-X X",
    "XO-XXXOXOOOXXXXXOOXOXXX--OOXOXX---OOOOXX--OOOOOX--O-OO-----O---- X",
    "OOOOXX---OXXXX-O-OOOXXOO--XOOOOO--XXOOOO-OOOOOO--X-XXXX----X-O-- X",
    "-XXXXX----XOXOO--OOXOOXXO-OXOOXXOOXOOXXXOOOOOOX----OOO------OO-- X",
    "---OX-----O-OO---XXXXOOO-XXOOOOOOXOXOOXXOOXOOXXXO-XXXO----X-OOO- X",
    "--O-OO----OOOO-OX-OOOOO-OOOOXOOXO-OXOOXXXXXXXXXX--XXXX----XXX--- X",
    "-----O----XX-O---OXXXOX-OOXXXOXOOOXXXOXOOOXXXOOOO-XXOX-O--OOO-X- X",
    "--XXXXO---OOXO----OOOXOO-OOXOOXX-OXXXXXXOXOOOX-O---OOOX-----XXXX X",
    "--OOOO----OXOX--XXXXXO---XXXXXOXOOXXOOXXOOOOOXXX--OOXX-X--OO---- X",
    "XOXXX---XOOOXX--OOOOXXO-OOOXXOX-OOXOOXX-OOOOOXX---OOOO----O----- X",
    "--XXXX--X-XXXO--XXXXOOX-XOXOOO--XOOXOO---OOOXO--OOOOOO----XXXXX- X",
    "-----------O-O---OOOOOOOOOOOXOOOXOOOOOOO-XOOOXOO-XOOOX-OXXXXXX-- X",
    "-OOOO-----OOOO--OOOXOOOOXXXOOOOOOOOXOX--OOOOXX----OXXX---OOOO--- X",
};

}  // namespace

std::vector<othello::Board> even_positions() {
    std::vector<othello::Board> positions;
    for (const char* text : with_20_empties) {
        const Result<othello::Position> position = othello::parse_position(text);
        CHECK(position);
        positions.push_back(position.value().board);
    }
    return positions;
}

}  // namespace kiln::perf

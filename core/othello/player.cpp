#include "core/othello/player.hpp"

#include <initializer_list>

#include "core/base/check.hpp"

namespace kiln::othello {
namespace {

constexpr Bits corners = 0x8100000000000081u;
constexpr Bits edges = 0xff818181818181ffu;

struct CornerNeighbours {
    Bits corner;
    Bits c_squares;
    Bits x_square;
};
constexpr CornerNeighbours neighbours[4] = {
    {bit(0), bit(1) | bit(8), bit(9)},
    {bit(7), bit(6) | bit(15), bit(14)},
    {bit(56), bit(48) | bit(57), bit(49)},
    {bit(63), bit(55) | bit(62), bit(54)},
};

Square pick(RandomStream& random, Bits moves) {
    for (std::uint64_t skip = random.below(static_cast<std::uint64_t>(std::popcount(moves)));
         skip > 0; --skip)
        moves &= moves - 1;
    return static_cast<Square>(std::countr_zero(moves));
}

}  // namespace

Square choose_random(RandomStream& random, Board board) {
    const Bits moves = legal_moves(board);
    CHECK(moves != 0);
    return pick(random, moves);
}

Square choose_corner_edge(RandomStream& random, Board board) {
    const Bits moves = legal_moves(board);
    CHECK(moves != 0);
    Bits c_squares = 0;
    Bits x_squares = 0;
    for (const CornerNeighbours& at : neighbours) {
        if ((board.empty() & at.corner) == 0)
            continue;
        c_squares |= at.c_squares;
        x_squares |= at.x_square;
    }
    const Bits safe = ~(c_squares | x_squares);
    for (const Bits choice : {corners, edges & safe, safe, c_squares, x_squares})
        if ((moves & choice) != 0)
            return pick(random, moves & choice);
    return pick(random, moves);
}

}  // namespace kiln::othello

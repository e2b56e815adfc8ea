#include "perf/positions.hpp"

#include "core/base/random.hpp"
#include "core/othello/player.hpp"

namespace kiln::perf {
namespace {

using othello::Board;

Board random_position(std::uint64_t number, int plies) {
    RandomStream random(1, StreamPurpose::position, number);
    for (;;) {
        Board board = othello::start_board();
        int ply = 0;
        while (ply < plies && !othello::is_over(board)) {
            if (othello::legal_moves(board) == 0) {
                board = othello::after_pass(board);
                continue;
            }
            const othello::Square move = othello::choose_random(random, board);
            board = othello::after_move(board, move, othello::flips(board, move));
            ++ply;
        }
        if (!othello::is_over(board))
            return board;
    }
}

}  // namespace

std::vector<Board> random_positions(int count, int plies) {
    std::vector<Board> positions;
    for (int i = 0; i < count; ++i)
        positions.push_back(random_position(static_cast<std::uint64_t>(i), plies));
    return positions;
}

}  // namespace kiln::perf

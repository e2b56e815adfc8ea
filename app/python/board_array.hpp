// Boards as numbers in somebody else's array: 64 cells a board, a1, b1, ... h8; 0 empty, 1 the
// player to move, -1 or 2 the other one.
//
// Any integer type, any stride. Plain reading of memory: no Python here, so that it runs without
// Python's lock. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/othello/board.hpp"

namespace kiln::app {

struct BoardArray {
    const std::byte* first = nullptr;
    std::ptrdiff_t board_stride = 0;  // bytes from a board to the next
    std::ptrdiff_t cell_stride = 0;   // and from a cell to the next
    int cell_bytes = 1;               // 1, 2, 4 or 8
    bool is_signed = true;
};

// False: some cell is none of the four numbers; `board` is not changed then.
bool read_board(const BoardArray& boards, std::ptrdiff_t index, othello::Board& board);

// Boards from `first` on, up to one that cannot be read; gives back how many.
std::size_t read_boards(const BoardArray& boards, std::ptrdiff_t first,
                        std::span<othello::Board> to);

// The first cell of a board that is none of them; CHECK: there is one.
int find_wrong_cell(const BoardArray& boards, std::ptrdiff_t index);

}  // namespace kiln::app

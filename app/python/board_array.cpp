#include "app/python/board_array.hpp"

#include <cstring>
#include <type_traits>

#include "core/base/check.hpp"

namespace kiln::app {
namespace {

using othello::Bits;
using othello::square_count;

// What a cell becomes on the way: 0, 1, 2, 255 for -1, or this.
constexpr std::uint8_t wrong = 3;

template <typename Cell>
std::uint8_t narrow(Cell cell) {
    if (cell == 0 || cell == 1 || cell == 2)
        return static_cast<std::uint8_t>(cell);
    if constexpr (std::is_signed_v<Cell>)
        return cell == -1 ? std::uint8_t{255} : wrong;
    else
        return wrong;
}

// `stride` is a constant where cells lie side by side, so that the compiler can take many at once.
template <typename Cell>
void narrow_cells(const std::byte* first, std::ptrdiff_t stride, std::uint8_t* cells) {
    for (int i = 0; i < square_count; ++i) {
        Cell cell;
        std::memcpy(&cell, first + i * stride, sizeof(cell));
        cells[i] = narrow(cell);
    }
}

template <typename Cell>
void load_cells(const std::byte* first, std::ptrdiff_t stride, std::uint8_t* cells) {
    constexpr auto side_by_side = static_cast<std::ptrdiff_t>(sizeof(Cell));
    if (stride == side_by_side)
        narrow_cells<Cell>(first, side_by_side, cells);
    else
        narrow_cells<Cell>(first, stride, cells);
}

template <typename Signed>
void load_cells(const BoardArray& boards, const std::byte* first, std::uint8_t* cells) {
    if (boards.is_signed)
        load_cells<Signed>(first, boards.cell_stride, cells);
    else
        load_cells<std::make_unsigned_t<Signed>>(first, boards.cell_stride, cells);
}

void load_cells(const BoardArray& boards, std::ptrdiff_t index, std::uint8_t* cells) {
    const std::byte* const first = boards.first + index * boards.board_stride;
    switch (boards.cell_bytes) {
        case 1:
            return load_cells<std::int8_t>(boards, first, cells);
        case 2:
            return load_cells<std::int16_t>(boards, first, cells);
        case 4:
            return load_cells<std::int32_t>(boards, first, cells);
        default:
            CHECK(boards.cell_bytes == 8);
            return load_cells<std::int64_t>(boards, first, cells);
    }
}

constexpr std::uint64_t lowest_bits = 0x0101010101010101u;

// The lowest bit of each of eight bytes, side by side.
Bits gather(std::uint64_t bytes) {
    return (bytes & lowest_bits) * 0x0102040810204080u >> 56;
}

}  // namespace

bool read_board(const BoardArray& boards, std::ptrdiff_t index, othello::Board& board) {
    alignas(64) std::uint8_t cells[square_count];
    load_cells(boards, index, cells);
    othello::Board read;
    std::uint64_t strange = 0;
    for (int rank = 0; rank < 8; ++rank) {
        std::uint64_t bytes;
        std::memcpy(&bytes, cells + 8 * rank, sizeof(bytes));
        // 1 has bit 0 alone, 2 bit 1 alone, -1 all of them.
        const std::uint64_t both = bytes & bytes >> 1 & lowest_bits;
        strange |= bytes ^ ((bytes & 3 * lowest_bits) | both * 255);
        read.own |= gather(bytes & ~(bytes >> 1)) << 8 * rank;
        read.opponent |= gather(bytes >> 1) << 8 * rank;
    }
    if (strange != 0)
        return false;
    board = read;
    return true;
}

int find_wrong_cell(const BoardArray& boards, std::ptrdiff_t index) {
    std::uint8_t cells[square_count];
    load_cells(boards, index, cells);
    int cell = 0;
    while (cell < square_count && cells[cell] != wrong)
        ++cell;
    CHECK(cell < square_count);
    return cell;
}

}  // namespace kiln::app

#include "app/python/board_array.hpp"

#include <bit>
#include <cstring>
#include <type_traits>

#include <hwy/highway.h>

#include "core/base/check.hpp"

HWY_BEFORE_NAMESPACE();
namespace kiln::app::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// 64 cells side by side: 0, 1, 2, or 255 for -1. False: one is something else.
bool board_of_cells(const std::uint8_t* cells, othello::Board& board) {
    const hn::CappedTag<std::uint8_t, othello::square_count> tag;
    const auto one = hn::Set(tag, 1);
    const auto two = hn::Set(tag, 2);
    const auto minus_one = hn::Set(tag, 255);
    std::uint8_t own[sizeof(othello::Bits)];
    std::uint8_t opponent[sizeof(othello::Bits)];
    std::uint8_t empty[sizeof(othello::Bits)];
    for (std::size_t at = 0; at < othello::square_count; at += hn::Lanes(tag)) {
        const auto part = hn::LoadU(tag, cells + at);
        hn::StoreMaskBits(tag, hn::Eq(part, one), own + at / 8);
        hn::StoreMaskBits(tag, hn::Or(hn::Eq(part, two), hn::Eq(part, minus_one)),
                          opponent + at / 8);
        hn::StoreMaskBits(tag, hn::Eq(part, hn::Zero(tag)), empty + at / 8);
    }
    const othello::Board read = {std::bit_cast<othello::Bits>(own),
                                 std::bit_cast<othello::Bits>(opponent)};
    if ((read.own | read.opponent | std::bit_cast<othello::Bits>(empty)) != ~othello::Bits{0})
        return false;
    board = read;
    return true;
}

}  // namespace kiln::app::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

namespace kiln::app {
namespace {

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

}  // namespace

bool read_board(const BoardArray& boards, std::ptrdiff_t index, othello::Board& board) {
    // Signed bytes side by side are as they have to be.
    if (boards.cell_bytes == 1 && boards.cell_stride == 1 && boards.is_signed)
        return HWY_STATIC_DISPATCH(board_of_cells)(
            reinterpret_cast<const std::uint8_t*>(boards.first + index * boards.board_stride),
            board);
    alignas(64) std::uint8_t cells[square_count];
    load_cells(boards, index, cells);
    return HWY_STATIC_DISPATCH(board_of_cells)(cells, board);
}

std::size_t read_boards(const BoardArray& boards, std::ptrdiff_t first,
                        std::span<othello::Board> to) {
    std::size_t read = 0;
    while (read < to.size() &&
           read_board(boards, first + static_cast<std::ptrdiff_t>(read), to[read]))
        ++read;
    return read;
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

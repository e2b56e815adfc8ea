#include "core/othello/notation.hpp"

#include <algorithm>

#include "core/base/check.hpp"

namespace kiln::othello {
namespace {

constexpr char pass_text[] = "--";

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

std::size_t skip_blanks(std::string_view text, std::size_t at) {
    while (at < text.size() && is_blank(text[at]))
        ++at;
    return at;
}

Error wrong_at(std::size_t at, ErrorCode code = ErrorCode::bad_notation) {
    return {.code = code, .detail = at};
}

// The square in the two characters at `at`.
Result<Square> square_at(std::string_view text, std::size_t at) {
    if (at >= text.size())
        return wrong_at(at);
    const int file = lower(text[at]) - 'a';
    if (file < 0 || file > 7)
        return wrong_at(at);
    if (at + 1 >= text.size())
        return wrong_at(at + 1);
    const int rank = text[at + 1] - '1';
    if (rank < 0 || rank > 7)
        return wrong_at(at + 1);
    return static_cast<Square>(8 * rank + file);
}

bool is_black(char c) {
    return c == 'x' || c == '*' || c == 'b';
}

bool is_white(char c) {
    return c == 'o' || c == 'w';
}

bool is_pass(std::string_view text, std::size_t at) {
    if (at + 1 >= text.size())
        return false;
    const char first = lower(text[at]);
    const char second = lower(text[at + 1]);
    return (first == 'p' && second == 'a') || (first == '-' && second == '-');
}

}  // namespace

SquareName square_name(Square square) {
    CHECK(square <= no_square);
    SquareName name;
    if (square == no_square) {
        std::copy_n(pass_text, sizeof(pass_text), name.text);
    } else {
        name.text[0] = static_cast<char>('a' + square % 8);
        name.text[1] = static_cast<char>('1' + square / 8);
    }
    return name;
}

Result<Square> parse_square(std::string_view text) {
    const Result<Square> square = square_at(text, 0);
    if (square && text.size() > 2)
        return wrong_at(2);
    return square;
}

Result<Position> parse_position(std::string_view text) {
    constexpr std::string_view start = "start";
    const std::size_t first = skip_blanks(text, 0);
    std::string_view rest = text;
    rest.remove_prefix(first);  // substr() would import an exception
    if (rest.starts_with(start)) {
        const std::size_t end = skip_blanks(text, first + start.size());
        if (end < text.size())
            return wrong_at(end);
        return Position();
    }

    Bits black = 0;
    Bits white = 0;
    std::size_t at = first;
    for (int square = 0; square < square_count; ++square, at = skip_blanks(text, at + 1)) {
        if (at >= text.size())
            return wrong_at(text.size());
        const char c = lower(text[at]);
        if (is_black(c))
            black |= bit(square);
        else if (is_white(c))
            white |= bit(square);
        else if (c != '-' && c != '.' && c != '_')
            return wrong_at(at);
    }
    Position position = {{black, white}, Colour::black};
    if (at < text.size()) {
        const char c = lower(text[at]);
        if (is_white(c))
            position = {{white, black}, Colour::white};
        else if (!is_black(c))
            return wrong_at(at);
        const std::size_t end = skip_blanks(text, at + 1);
        if (end < text.size())
            return wrong_at(end);
    }
    return position;
}

Result<Position> play_moves(Position position, std::string_view moves) {
    const auto pass = [&position] {
        position = {after_pass(position.board), other(position.to_move)};
    };
    for (std::size_t at = skip_blanks(moves, 0); at < moves.size();
         at = skip_blanks(moves, at + 2)) {
        if (is_pass(moves, at)) {
            if (legal_moves(position.board) != 0 || is_over(position.board))
                return wrong_at(at, ErrorCode::illegal_move);
            pass();
            continue;
        }
        const Result<Square> square = square_at(moves, at);
        if (!square)
            return square.error();
        if (legal_moves(position.board) == 0 && !is_over(position.board))
            pass();
        const Board board = position.board;
        if ((legal_moves(board) & bit(square.value())) == 0)
            return wrong_at(at, ErrorCode::illegal_move);
        position = {after_move(board, square.value(), flips(board, square.value())),
                    other(position.to_move)};
    }
    return position;
}

std::string_view draw_board(const Position& position, std::span<char, board_picture_bytes> buffer) {
    const Bits black = position.discs(Colour::black);
    const Bits white = position.discs(Colour::white);
    const Bits legal = legal_moves(position.board);
    constexpr std::string_view files = "  a b c d e f g h\n";
    char* out = std::copy(files.begin(), files.end(), buffer.data());
    for (int rank = 0; rank < 8; ++rank) {
        *out++ = static_cast<char>('1' + rank);
        for (int file = 0; file < 8; ++file) {
            const Bits square = bit(8 * rank + file);
            *out++ = ' ';
            *out++ = (black & square) != 0   ? 'X'
                     : (white & square) != 0 ? 'O'
                     : (legal & square) != 0 ? '.'
                                             : '-';
        }
        *out++ = ' ';
        *out++ = static_cast<char>('1' + rank);
        *out++ = '\n';
    }
    out = std::copy(files.begin(), files.end(), out);
    return {buffer.data(), static_cast<std::size_t>(out - buffer.data())};
}

}  // namespace kiln::othello

#include "core/othello/notation.hpp"

#include <string>

#include <gtest/gtest.h>

#include "core/base/random.hpp"
#include "core/othello/player.hpp"

namespace kiln::othello {
namespace {

std::string picture_of(const Position& position) {
    char buffer[board_picture_bytes];
    return std::string(draw_board(position, buffer));
}

// The cells of a picture: without the line of files above and below, and without the ranks.
std::string cells_of(const Position& position) {
    const std::string picture = picture_of(position);
    const std::size_t first = picture.find('\n') + 1;
    const std::size_t last = picture.rfind('\n', picture.size() - 2);
    std::string cells;
    for (const char c : picture.substr(first, last - first))
        if (c < '1' || c > '8')
            cells += c;
    return cells;
}

void expect_wrong(const Result<Position>& result, ErrorCode code, std::uint64_t at) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, code);
    EXPECT_EQ(result.error().detail, at);
}

TEST(Notation, names_and_reads_every_square) {
    for (Square square = 0; square < square_count; ++square) {
        const std::string name = square_name(square).text;
        EXPECT_EQ(parse_square(name).value(), square) << name;
        const std::string capital = {static_cast<char>(name[0] - 'a' + 'A'), name[1]};
        EXPECT_EQ(parse_square(capital).value(), square) << capital;
    }
    EXPECT_STREQ(square_name(0).text, "a1");
    EXPECT_STREQ(square_name(37).text, "f5");
    EXPECT_STREQ(square_name(63).text, "h8");
    EXPECT_STREQ(square_name(no_square).text, "--");
}

TEST(Notation, refuses_what_is_not_a_square_and_says_where) {
    const auto wrong_at = [](std::string_view text) {
        const Result<Square> square = parse_square(text);
        EXPECT_FALSE(square) << text;
        return square ? UINT64_MAX : square.error().detail;
    };
    EXPECT_EQ(wrong_at(""), 0u);
    EXPECT_EQ(wrong_at("i1"), 0u);
    EXPECT_EQ(wrong_at("f"), 1u);
    EXPECT_EQ(wrong_at("f9"), 1u);
    EXPECT_EQ(wrong_at("f0"), 1u);
    EXPECT_EQ(wrong_at("f5x"), 2u);
}

TEST(Notation, reads_boards_in_every_customary_alphabet) {
    const std::string empty(27, '-');
    const std::string middle = "OX------XO";
    const Position start;
    EXPECT_EQ(parse_position("start").value(), start);
    EXPECT_EQ(parse_position(" start\n").value(), start);
    EXPECT_EQ(parse_position(empty + middle + empty).value(), start);
    EXPECT_EQ(parse_position(empty + middle + empty + " X").value(), start);
    EXPECT_EQ(
        parse_position(std::string(27, '.') + "wb......bw" + std::string(27, '_') + "b").value(),
        start);
    EXPECT_EQ(parse_position(empty + "O*------*O" + empty + " *").value(), start);

    const Position white = parse_position(empty + middle + empty + " O").value();
    EXPECT_EQ(white.to_move, Colour::white);
    EXPECT_EQ(white.board, after_pass(start.board));
    EXPECT_EQ(white.discs(Colour::black), start.board.own);
}

TEST(Notation, says_which_character_of_a_board_is_wrong) {
    const std::string whole(64, '-');
    expect_wrong(parse_position(""), ErrorCode::bad_notation, 0);
    expect_wrong(parse_position(whole.substr(1)), ErrorCode::bad_notation, 63);
    expect_wrong(parse_position(whole + " Q"), ErrorCode::bad_notation, 65);
    expect_wrong(parse_position(whole + "XX"), ErrorCode::bad_notation, 65);
    expect_wrong(parse_position("starting"), ErrorCode::bad_notation, 5);
    std::string one_wrong = whole;
    one_wrong[17] = '?';
    expect_wrong(parse_position(one_wrong), ErrorCode::bad_notation, 17);
}

TEST(Notation, plays_moves_of_both_colours) {
    const Position played = play_moves(Position(), "f5 D6c3").value();
    EXPECT_EQ(played.to_move, Colour::white);
    EXPECT_EQ(std::popcount(played.discs(Colour::black)), 5);
    EXPECT_EQ(std::popcount(played.discs(Colour::white)), 2);
    EXPECT_EQ(play_moves(Position(), "").value(), Position());
}

TEST(Notation, says_which_move_is_not_legal) {
    expect_wrong(play_moves(Position(), "f5d6a1"), ErrorCode::illegal_move, 4);
    expect_wrong(play_moves(Position(), "f5 f5"), ErrorCode::illegal_move, 3);
    expect_wrong(play_moves(Position(), "--"), ErrorCode::illegal_move, 0);
    expect_wrong(play_moves(Position(), "f5d"), ErrorCode::bad_notation, 3);
    expect_wrong(play_moves(Position(), "f5d6z3"), ErrorCode::bad_notation, 4);
}

// White a1, black b1, black to move: only white has a move, so that black must pass.
TEST(Notation, takes_a_forced_pass_written_or_not) {
    const std::string text = "OX------" + std::string(56, '-') + "X";
    const Position position = parse_position(text).value();
    ASSERT_EQ(legal_moves(position.board), 0u);
    const Position written = play_moves(position, "pac1").value();
    EXPECT_EQ(play_moves(position, "--c1").value(), written);
    EXPECT_EQ(play_moves(position, "c1").value(), written);
    EXPECT_EQ(written.to_move, Colour::black);
    EXPECT_EQ(std::popcount(written.discs(Colour::white)), 3);
}

TEST(Notation, draws_the_start) {
    EXPECT_EQ(picture_of(Position()),
              "  a b c d e f g h\n"
              "1 - - - - - - - - 1\n"
              "2 - - - - - - - - 2\n"
              "3 - - - . - - - - 3\n"
              "4 - - . O X - - - 4\n"
              "5 - - - X O . - - 5\n"
              "6 - - - - . - - - 6\n"
              "7 - - - - - - - - 7\n"
              "8 - - - - - - - - 8\n"
              "  a b c d e f g h\n");
}

TEST(Notation, reads_back_what_it_draws_through_random_games) {
    RandomStream random(1, StreamPurpose::position, 0);
    for (int game = 0; game < 50; ++game) {
        Position position;
        while (!is_over(position.board)) {
            const char* colour = position.to_move == Colour::black ? "X" : "O";
            EXPECT_EQ(parse_position(cells_of(position) + colour).value(), position);
            if (legal_moves(position.board) == 0) {
                position = play_moves(position, "--").value();
                continue;
            }
            const Square move = choose_random(random, position.board);
            const Position next = play_moves(position, square_name(move).text).value();
            EXPECT_EQ(next.board, after_move(position.board, move, flips(position.board, move)));
            position = next;
        }
    }
}

}  // namespace
}  // namespace kiln::othello

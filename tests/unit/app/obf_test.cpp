#include "app/obf.hpp"

#include <cstdio>
#include <fstream>

#include <gtest/gtest.h>

#include "core/base/random.hpp"

#include "app/failure.hpp"
#include "tests/support/othello.hpp"
#include "tests/support/temp_directory.hpp"

namespace kiln::app {
namespace {

using othello::Colour;

const std::string start_cells = "---------------------------OX------XO---------------------------";

// What the refusal of a line says; empty if it is none.
std::string refusal(const std::string& text) {
    try {
        (void)parse_obf(text, "f:1");
    } catch (const Failure& failure) {
        EXPECT_EQ(failure.exit_code(), ExitCode::bad_data);
        return failure.what();
    }
    return "";
}

std::vector<ObfPosition> read_all(const std::string& path) {
    ObfReader reader(path, "solve");
    std::vector<ObfPosition> all;
    for (ObfPosition position; reader.next(position);)
        all.push_back(position);
    return all;
}

class ObfFile : public ::testing::Test {
  protected:
    std::string write(const std::string& text) {
        std::ofstream(path_, std::ios::binary) << text;
        return path_;
    }
    // What reading the file to its end says; empty if nothing is wrong.
    std::string complaint(const std::string& text) {
        try {
            (void)read_all(write(text));
        } catch (const Failure& failure) {
            return std::string(failure.what()).substr(directory_.path().size() + 1);
        }
        return "";
    }

    test::TempDirectory directory_;
    std::string path_ = directory_ / "f.obf";
};

TEST(Obf, a_line_tells_cells_side_scores_and_comment) {
    const ObfPosition position = parse_obf(start_cells + " X; d3:+2; c4:-4; % first one", "f:1");
    EXPECT_EQ(position.board(), othello::start_board());
    EXPECT_EQ(position.position.to_move, Colour::black);
    ASSERT_EQ(position.scores.size(), 2u);
    EXPECT_EQ(position.scores[0], (ObfScore{19, 2}));
    EXPECT_EQ(position.scores[1], (ObfScore{26, -4}));
    EXPECT_EQ(position.comment, "first one");
    EXPECT_EQ(position.name(), "first");
    EXPECT_EQ(position.known_discs(), 2);
    EXPECT_EQ(position.known_discs(26), -4);
    EXPECT_EQ(position.known_discs(37), std::nullopt);
}

TEST(Obf, white_to_move_owns_the_white_discs) {
    const ObfPosition position = parse_obf(start_cells + " O", "f:1");
    EXPECT_EQ(position.board().own, othello::start_board().opponent);
    EXPECT_EQ(position.position.to_move, Colour::white);
    EXPECT_EQ(position.known_discs(), std::nullopt);
}

TEST(Obf, the_best_score_counts_wherever_it_stands) {
    EXPECT_EQ(parse_obf(start_cells + " X;c4:-6;d3:-2;e6:-64", "f:1").known_discs(), -2);
}

TEST(Obf, blanks_line_ends_and_empty_scores_do_not_matter) {
    const ObfPosition position = parse_obf(start_cells + " X; d3:2", "f:1");
    for (const char* tail : {"\tx ;d3 : +2 ; ;\r", " X;; D3:+02;", " * ; d3:2%"})
        EXPECT_EQ(parse_obf(start_cells + tail, "f:1"), position) << tail;
}

TEST(Obf, a_forced_pass_may_have_a_score) {
    const std::string cells = "OX" + std::string(61, '-') + "X";
    for (const char* pass : {"--", "ps", "PA"}) {
        const ObfPosition position = parse_obf(cells + " X; " + pass + ":-12", "f:1");
        EXPECT_EQ(position.known_discs(othello::no_square), -12) << pass;
    }
    EXPECT_EQ(refusal(start_cells + " X; --:+2"), "f:1:69: the move -- is not legal there");
}

TEST(Obf, a_comments_first_word_is_a_name_only_if_it_looks_like_one) {
    EXPECT_EQ(parse_obf(start_cells + " X; % FFO#40 empties=20", "f:1").name(), "FFO#40");
    for (const char* comment : {"", "40", "\x1b[2J", "B\xc3\xa4r", "Abcdefghijklmnopqrstuvwxyz"})
        EXPECT_EQ(parse_obf(start_cells + " X % " + comment, "f:1").name(), "") << comment;
}

TEST(Obf, what_is_wrong_is_told_with_its_place) {
    EXPECT_EQ(refusal(""),
              "f:1:1: the line ends; here belongs: one of 64 cells from a1 to h8, X "
              "black, O white, - empty");
    EXPECT_EQ(refusal(start_cells.substr(1) + " X;"),
              "f:1:64: there is byte 0x20; here belongs: one of 64 cells from a1 to h8, X black, O "
              "white, - empty");
    EXPECT_EQ(refusal("-Z" + start_cells.substr(2) + " X;"),
              "f:1:2: there is 'Z'; here belongs: one of 64 cells from a1 to h8, X black, O white, "
              "- empty");
    EXPECT_EQ(refusal(start_cells + "- X;"),
              "f:1:65: there is '-'; here belongs: a blank and the side to move, X or O");
    EXPECT_EQ(refusal(start_cells + " ; d3:+2"),
              "f:1:66: there is ';'; here belongs: a blank and the side to move, X or O");
    EXPECT_EQ(refusal(start_cells + " -"),
              "f:1:66: there is '-'; here belongs: a blank and the side to move, X or O");
    EXPECT_EQ(refusal(start_cells + " X; d3"),
              "f:1:71: the line ends; here belongs: ':' and the move's score");
    EXPECT_EQ(refusal(start_cells + " X; i3:1"),
              "f:1:69: there is 'i'; here belongs: a move like f5, or -- for a pass");
    EXPECT_EQ(refusal(start_cells + " X; a1:1"), "f:1:69: the move a1 is not legal there");
    EXPECT_EQ(refusal(start_cells + " X; d3:x"),
              "f:1:72: there is 'x'; here belongs: a score in discs from -64 to +64");
    EXPECT_EQ(refusal(start_cells + " X; d3:-65"),
              "f:1:72: the score is beyond 64 discs; a score is a final disc difference");
    EXPECT_NE(refusal(start_cells + " X; d3:99999999999999999999"), "");
    EXPECT_EQ(refusal(start_cells + " X; d3:+2; d3:+2"),
              "f:1:76: the move d3 has a score already; leave one of them out");
    EXPECT_EQ(refusal(start_cells + " X; d3:+2.5"),
              "f:1:74: there is '.'; here belongs: after a position and its scores, ';', '%' and a "
              "comment, or nothing");
    EXPECT_EQ(refusal(start_cells + " X d3"),
              "f:1:68: there is 'd'; here belongs: after a position and its scores, ';', '%' and a "
              "comment, or nothing");
}

TEST(Obf, what_is_written_reads_back) {
    RandomStream random = test::test_stream(211);
    for (int i = 0; i < 200; ++i) {
        ObfPosition position;
        position.position.board = test::random_position(random, 5 + i % 50);
        position.position.to_move = i % 2 == 0 ? Colour::black : Colour::white;
        othello::Bits moves = othello::legal_moves(position.board());
        for (; moves != 0; moves &= moves - 1)
            if (random.below(2) == 0)
                position.scores.push_back({static_cast<othello::Square>(std::countr_zero(moves)),
                                           static_cast<int>(random.below(129)) - 64});
        if (i % 3 == 0)
            position.comment = "number " + std::to_string(i);
        const std::string text = to_obf(position);
        EXPECT_EQ(parse_obf(text, "f:1"), position) << text;
    }
}

TEST(Obf, a_published_line_is_written_as_it_was) {
    ObfReader reader(KILN_TEST_DATA "/ffo_40_49.obf", "solve");
    std::ifstream file(KILN_TEST_DATA "/ffo_40_49.obf");
    int count = 0;
    ObfPosition position;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with('#'))
            continue;
        ASSERT_TRUE(reader.next(position));
        EXPECT_EQ(to_obf(position), line);
        // Every legal move of these is listed, the best first.
        EXPECT_EQ(static_cast<std::size_t>(std::popcount(othello::legal_moves(position.board()))),
                  position.scores.size());
        EXPECT_EQ(position.known_discs(), position.scores.front().discs);
        EXPECT_EQ(position.name(), "FFO#" + std::to_string(40 + count));
        ++count;
    }
    EXPECT_FALSE(reader.next(position));
    EXPECT_EQ(count, 10);
    EXPECT_EQ(reader.header().size(), 4u);
}

TEST_F(ObfFile, comments_and_empty_lines_are_counted_but_not_read) {
    const std::string path =
        write("# one\n\n% two\r\n" + start_cells + " X\n#three\n  \t\n" + start_cells + " O");
    ObfReader reader(path, "solve");
    ObfPosition position;
    ASSERT_TRUE(reader.next(position));
    ASSERT_TRUE(reader.next(position));
    EXPECT_EQ(position.position.to_move, Colour::white);
    EXPECT_FALSE(reader.next(position));
    EXPECT_EQ(reader.header(), (std::vector<std::string>{"# one", "% two"}));
    EXPECT_EQ(complaint("#\n\n" + start_cells + " Y"),
              "f.obf:3:66: there is 'Y'; here belongs: a blank and the side to move, X or O");
}

TEST_F(ObfFile, it_can_be_read_again) {
    ObfReader reader(write(start_cells + " X\n"), "solve");
    ObfPosition position;
    EXPECT_TRUE(reader.next(position));
    EXPECT_FALSE(reader.next(position));
    reader.rewind();
    EXPECT_TRUE(reader.next(position));
    EXPECT_FALSE(reader.next(position));
}

TEST_F(ObfFile, a_line_without_end_is_refused_and_not_kept) {
    EXPECT_EQ(complaint(start_cells + " X % " + std::string(ObfReader::line_bytes_max, 'x')),
              "f.obf:1: the line is longer than 4096 bytes; OBF has one position a line");
}

TEST_F(ObfFile, bytes_that_are_no_text_are_refused) {
    EXPECT_EQ(complaint(std::string(70, '\0')),
              "f.obf:1:1: there is byte 0x00; here belongs: one of 64 cells from a1 to h8, X "
              "black, O white, - empty");
}

TEST_F(ObfFile, files_that_cannot_be_read_say_why) {
    for (const auto& [path, code] : {std::pair{directory_ / "none", ExitCode::no_input},
                                     std::pair{directory_.path(), ExitCode::io_failed}}) {
        try {
            (void)read_all(path);
            ADD_FAILURE() << path;
        } catch (const Failure& failure) {
            EXPECT_EQ(failure.exit_code(), code) << failure.what();
            EXPECT_NE(std::string(failure.what()).find(path), std::string::npos);
        }
    }
}

}  // namespace
}  // namespace kiln::app

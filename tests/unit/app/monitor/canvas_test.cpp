#include "app/monitor/canvas.hpp"

#include <gtest/gtest.h>

namespace kiln::app {
namespace {

TEST(Canvas, text_that_is_too_long_says_so) {
    Canvas canvas(8, 2);
    EXPECT_EQ(canvas.text(0, 0, "a longer line", Style::plain, 6), 6);
    canvas.text(4, 1, "beyond the edge");
    EXPECT_EQ(canvas.plain_text(), "a lon~\n    bey~\n");
}

TEST(Canvas, what_lies_outside_is_cut_off) {
    Canvas canvas(3, 1);
    canvas.put(-1, 0, U'x');
    canvas.put(3, 0, U'x');
    canvas.put(0, 1, U'x');
    canvas.text_before(2, 0, "abcdef");
    EXPECT_EQ(canvas.plain_text(), "ef\n");
    EXPECT_EQ(Canvas(-1, -1).plain_text(), "");
}

TEST(Canvas, bytes_that_are_no_text_become_one_column_each) {
    EXPECT_EQ(columns_of("a\x1b[2J\xff"), U"a?[2J?");
    EXPECT_EQ(columns_of("\xc3\xa9t\xc3\xa9"), U"\u00e9t\u00e9") << "Latin letters stay";
    EXPECT_EQ(columns_of("\xe6\xbc\xa2"), U"?") << "a character two columns wide";
    EXPECT_EQ(columns_of("\xc3"), U"?") << "cut off";
    EXPECT_EQ(columns_of("\xc0\xaf\xf8"), U"???") << "longer than it needs to be, and none";
}

TEST(Canvas, characters_beyond_ascii_are_written_as_utf8) {
    Canvas canvas(3, 1);
    canvas.put(0, 0, 0xE9);
    canvas.put(1, 0, 0x2588);
    canvas.put(2, 0, 0x28FF);
    EXPECT_EQ(canvas.plain_text(), "\xc3\xa9\xe2\x96\x88\xe2\xa3\xbf\n");
}

}  // namespace
}  // namespace kiln::app

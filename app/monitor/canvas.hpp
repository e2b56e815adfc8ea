// Canvas: a rectangle of characters, each in a style, as a terminal shows them.
//
// What draws on it knows nothing of terminals, so that a frame can be compared in a test;
// screen.hpp brings it to one. Drawing beyond the edges is cut off. Text may be any bytes:
// characters that terminals do not agree on the width of, and control characters, become '?'.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kiln::app {

enum class Style : std::uint8_t {
    plain,
    faint,
    bold,
    title,
    good,
    warning,
    bad,
    first,
    second,
    third
};

// What a terminal can show.
struct Look {
    bool has_unicode = true;
    bool has_colour = true;
};

struct Cell {
    char32_t glyph = U' ';
    Style style = Style::plain;

    bool operator==(const Cell&) const = default;
};

struct Area {
    int left = 0;
    int top = 0;
    int width = 0;
    int height = 0;
};

class Canvas {
  public:
    Canvas() = default;
    Canvas(int width, int height);

    int width() const { return width_; }
    int height() const { return height_; }
    const Cell& at(int x, int y) const { return cells_[index(x, y)]; }

    void put(int x, int y, char32_t glyph, Style style = Style::plain);
    // Within `width_max` columns: longer text ends in "~". Returns the column behind it.
    int text(int x, int y, std::string_view utf8, Style style = Style::plain, int width_max = 1000);
    // Ends before column x.
    void text_before(int x, int y, std::string_view utf8, Style style = Style::plain);

    // Lines without styles and blanks at their ends, as UTF-8.
    std::string plain_text() const;

  private:
    std::size_t index(int x, int y) const {
        return static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) +
               static_cast<std::size_t>(x);
    }

    int width_ = 0;
    int height_ = 0;
    std::vector<Cell> cells_;
};

// The characters of a text that may be any bytes, each one column wide.
std::u32string columns_of(std::string_view utf8);
void append_utf8(std::string& text, char32_t glyph);

}  // namespace kiln::app

#include "app/monitor/canvas.hpp"

#include <algorithm>

namespace kiln::app {
namespace {

constexpr char32_t unknown = U'?';

// One column wide on every terminal: ASCII, and Latin letters.
bool is_plain(char32_t glyph) {
    return (glyph >= U' ' && glyph <= U'~') || (glyph >= 0xA1 && glyph <= 0x24F && glyph != 0xAD);
}

// Takes one character off `rest`; `unknown`, and one byte, for what is not UTF-8.
char32_t take_character(std::string_view& rest) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(rest[at]); };
    const unsigned char lead = byte(0);
    const std::size_t length = lead < 0x80    ? 1
                               : lead >= 0xF0 ? 4
                               : lead >= 0xE0 ? 3
                               : lead >= 0xC2 ? 2
                                              : 0;
    bool is_whole = length != 0 && length <= rest.size() && lead < 0xF5;
    char32_t glyph = length == 1 ? lead : lead & (0xFFu >> (length + 1));
    for (std::size_t at = 1; is_whole && at < length; ++at) {
        is_whole = (byte(at) & 0xC0) == 0x80;
        glyph = glyph << 6 | (byte(at) & 0x3Fu);
    }
    rest.remove_prefix(is_whole ? length : 1);
    return is_whole ? glyph : unknown;
}

}  // namespace

std::u32string columns_of(std::string_view utf8) {
    std::u32string columns;
    while (!utf8.empty()) {
        const char32_t glyph = take_character(utf8);
        columns += is_plain(glyph) ? glyph : unknown;
    }
    return columns;
}

void append_utf8(std::string& text, char32_t glyph) {
    const auto add = [&](char32_t byte) { text += static_cast<char>(byte); };
    if (glyph < 0x80) {
        add(glyph);
    } else if (glyph < 0x800) {
        add(0xC0 | glyph >> 6);
        add(0x80 | (glyph & 0x3F));
    } else {  // nothing that is drawn lies beyond
        add(0xE0 | glyph >> 12);
        add(0x80 | (glyph >> 6 & 0x3F));
        add(0x80 | (glyph & 0x3F));
    }
}

Canvas::Canvas(int width, int height)
    : width_(std::max(width, 0)),
      height_(std::max(height, 0)),
      cells_(static_cast<std::size_t>(width_) * static_cast<std::size_t>(height_)) {}

void Canvas::put(int x, int y, char32_t glyph, Style style) {
    if (x >= 0 && x < width_ && y >= 0 && y < height_)
        cells_[index(x, y)] = {glyph, style};
}

int Canvas::text(int x, int y, std::string_view utf8, Style style, int width_max) {
    std::u32string columns = columns_of(utf8);
    const auto room = static_cast<std::size_t>(std::max(std::min(width_max, width_ - x), 0));
    if (columns.size() > room) {
        columns.resize(room);
        if (room > 0)
            columns.back() = U'~';
    }
    for (const char32_t glyph : columns)
        put(x++, y, glyph, style);
    return x;
}

void Canvas::text_before(int x, int y, std::string_view utf8, Style style) {
    (void)text(x - static_cast<int>(columns_of(utf8).size()), y, utf8, style);
}

std::string Canvas::plain_text() const {
    std::string all;
    for (int y = 0; y < height_; ++y) {
        std::string line;
        for (int x = 0; x < width_; ++x)
            append_utf8(line, at(x, y).glyph);
        line.erase(line.find_last_not_of(' ') + 1);
        all += line + "\n";
    }
    return all;
}

}  // namespace kiln::app

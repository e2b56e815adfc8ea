#include "app/play/words.hpp"

#include <algorithm>

namespace kiln::app {

std::string_view take_word(std::string_view& rest) {
    constexpr std::string_view blanks = " \t\r\n";
    rest.remove_prefix(std::min(rest.find_first_not_of(blanks), rest.size()));
    const std::size_t length = std::min(rest.find_first_of(blanks), rest.size());
    const std::string_view word = rest.substr(0, length);
    rest.remove_prefix(length);
    rest.remove_prefix(std::min(rest.find_first_not_of(blanks), rest.size()));
    return word;
}

std::string quoted(std::string_view text) {
    constexpr std::size_t shown = 32;
    std::string piece(text.substr(0, shown));
    std::replace_if(
        piece.begin(), piece.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
    return "'" + piece + (text.size() > shown ? "...'" : "'");
}

}  // namespace kiln::app

// The words of a line that may hold any bytes.
#pragma once

#include <string>
#include <string_view>

namespace kiln::app {

// Takes the first word off a line, with the blanks around it. Empty: there is none.
std::string_view take_word(std::string_view& rest);

// A piece of somebody's line that can stand in an answer: short, on one line, in ASCII.
std::string quoted(std::string_view text);

}  // namespace kiln::app

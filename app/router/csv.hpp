// CSV: a table of numbers, a row a line, commas between them.
//
// A first line that is not all numbers is a heading. Blank lines are passed over, CR before the end
// of a line and a byte order mark too. Every row has as many numbers as the first, each finite.
// What is wrong is thrown as bad_data with file, line and column (the number of the field).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "app/router/block.hpp"

namespace kiln::app {

struct CsvTable {
    Block values;  // floats, row by row
    std::uint64_t rows = 0;
    std::uint64_t columns = 0;
};

CsvTable parse_csv(std::string_view text, const std::string& origin);

}  // namespace kiln::app

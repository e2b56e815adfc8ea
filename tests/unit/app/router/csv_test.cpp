#include "app/router/csv.hpp"

#include <gtest/gtest.h>

#include "app/failure.hpp"

namespace kiln::app {
namespace {

std::vector<float> values_of(const CsvTable& table) {
    const auto floats = table.values.floats();
    return {floats.begin(), floats.end()};
}

std::string complaint(const std::string& text) {
    try {
        (void)parse_csv(text, "d.csv");
    } catch (const Failure& failure) {
        EXPECT_EQ(failure.exit_code(), ExitCode::bad_data);
        return failure.what();
    }
    return "accepted";
}

TEST(Csv, reads_rows_of_numbers) {
    const CsvTable table = parse_csv("1,2.5,-3e2\n 4 ,+5,.5", "d.csv");
    EXPECT_EQ(table.rows, 2u);
    EXPECT_EQ(table.columns, 3u);
    EXPECT_EQ(values_of(table), (std::vector<float>{1, 2.5f, -300, 4, 5, 0.5f}));
}

TEST(Csv, passes_over_heading_blank_lines_and_carriage_returns) {
    const CsvTable table = parse_csv(
        "\xef\xbb\xbf"
        "a,b\r\n\r\n1,2\r\n\n3,4\r\n",
        "d.csv");
    EXPECT_EQ(values_of(table), (std::vector<float>{1, 2, 3, 4}));
}

TEST(Csv, says_which_line_and_column_is_wrong) {
    EXPECT_EQ(complaint("1,2\n3,x4\n"), "d.csv:2:2: 'x4' is no finite number");
    EXPECT_EQ(complaint("a,b\n1,2\n\n3,\n"), "d.csv:4:2: '' is no finite number");
    EXPECT_EQ(complaint("1,2\n3\n"), "d.csv:2:2: the row ends here; the first one has 2 numbers");
    EXPECT_EQ(complaint("1,2\n3,4,5\n"),
              "d.csv:2:3: is one number more than the 2 of the first row");
    EXPECT_EQ(complaint("1,2\nnan,4\n"), "d.csv:2:1: 'nan' is no finite number");
    EXPECT_EQ(complaint("1,2\ninf,4\n"), "d.csv:2:1: 'inf' is no finite number");
    EXPECT_EQ(complaint("1,2\n1e99,4\n"), "d.csv:2:1: '1e99' is no finite number");
    EXPECT_EQ(complaint("1\n\x01\x1b[2J\n"), "d.csv:2:1: '??[2J' is no finite number");
    EXPECT_EQ(complaint(""), "d.csv: holds no row of numbers");
    EXPECT_EQ(complaint("a,b\n"), "d.csv: holds no row of numbers");
    EXPECT_EQ(complaint("x\ny\n"), "d.csv:2:1: 'y' is no finite number");
}

}  // namespace
}  // namespace kiln::app

#include "app/router/csv.hpp"

#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "app/failure.hpp"
#include "app/text.hpp"

namespace kiln::app {
namespace {

constexpr std::uint64_t columns_max = 1u << 20;

// The lines of a text, without their ends.
class Lines {
  public:
    explicit Lines(std::string_view text) : rest_(text) {
        if (rest_.starts_with("\xef\xbb\xbf"))
            rest_.remove_prefix(3);
    }
    // False at the end. Blank lines are counted and passed over.
    bool next(std::string_view& line) {
        while (!rest_.empty()) {
            const std::size_t end = rest_.find('\n');
            line = rest_.substr(0, end);
            rest_ = end == std::string_view::npos ? std::string_view() : rest_.substr(end + 1);
            if (line.ends_with('\r'))
                line.remove_suffix(1);
            ++number_;
            if (line.find_first_not_of(" \t") != std::string_view::npos)
                return true;
        }
        return false;
    }
    std::uint64_t number() const { return number_; }

  private:
    std::string_view rest_;
    std::uint64_t number_ = 0;
};

std::string_view trimmed(std::string_view field) {
    const std::size_t first = field.find_first_not_of(" \t");
    if (first == std::string_view::npos)
        return {};
    return field.substr(first, field.find_last_not_of(" \t") - first + 1);
}

bool parse_number(std::string_view field, float& value) {
    field = trimmed(field);
    if (field.starts_with('+'))
        field.remove_prefix(1);
    double number = 0;
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), number);
    value = static_cast<float>(number);
    return error == std::errc() && end == field.data() + field.size() && !field.empty() &&
           std::isfinite(value);
}

// Calls use(column, field) for each field until it says false.
template <typename Use>
bool each_field(std::string_view line, const Use& use) {
    for (std::uint64_t column = 1;; ++column) {
        const std::size_t end = line.find(',');
        if (!use(column, line.substr(0, end)))
            return false;
        if (end == std::string_view::npos)
            return true;
        line.remove_prefix(end + 1);
    }
}

bool is_all_numbers(std::string_view line) {
    float ignored = 0;
    return each_field(
        line, [&](std::uint64_t, std::string_view field) { return parse_number(field, ignored); });
}

std::uint64_t count_fields(std::string_view line) {
    std::uint64_t count = 0;
    (void)each_field(line, [&](std::uint64_t column, std::string_view) {
        count = column;
        return true;
    });
    return count;
}

std::string shown(std::string_view field) {
    constexpr std::size_t longest = 40;
    std::string text(trimmed(field.substr(0, longest)));
    for (char& c : text)
        if (c < ' ' || c > '~')
            c = '?';
    return field.size() > longest ? text + "..." : text;
}

void parse_row(std::string_view line, std::uint64_t number, std::uint64_t columns,
               std::span<float> to, const std::string& origin) {
    std::uint64_t last = 0;
    (void)each_field(line, [&](std::uint64_t column, std::string_view field) {
        last = column;
        if (column > columns)
            throw Failure(ExitCode::bad_data,
                          fmt::format("{}:{}:{}: is one number more than the {} of the first row",
                                      origin, number, column, columns));
        if (!parse_number(field, to[column - 1]))
            throw Failure(ExitCode::bad_data, fmt::format("{}:{}:{}: '{}' is no finite number",
                                                          origin, number, column, shown(field)));
        return true;
    });
    if (last < columns)
        throw Failure(ExitCode::bad_data,
                      fmt::format("{}:{}:{}: the row ends here; the first one has {} numbers",
                                  origin, number, last + 1, columns));
}

}  // namespace

CsvTable parse_csv(std::string_view text, const std::string& origin) {
    CsvTable table;
    std::string_view line;
    bool has_heading = false;
    Lines counted(text);
    while (counted.next(line)) {
        if (table.rows == 0 && !has_heading && !is_all_numbers(line)) {
            has_heading = true;
            continue;
        }
        if (table.rows == 0)
            table.columns = count_fields(line);
        ++table.rows;
    }
    if (table.rows == 0)
        throw Failure(ExitCode::bad_data, fmt::format("{}: holds no row of numbers", origin));
    if (table.columns > columns_max)
        throw Failure(ExitCode::bad_data, fmt::format("{}: has {} columns; {} are allowed", origin,
                                                      table.columns, columns_max));
    std::uint64_t bytes = 0;
    if (__builtin_mul_overflow(table.rows, table.columns * sizeof(float), &bytes) ||
        bytes > data_bytes_max)
        throw Failure(ExitCode::bad_data,
                      fmt::format("{}: {} rows of {} numbers are more than {}", origin, table.rows,
                                  table.columns, format_bytes(data_bytes_max)));
    table.values = Block(bytes);
    Lines lines(text);
    if (has_heading)
        (void)lines.next(line);
    for (std::uint64_t row = 0; row < table.rows; ++row) {
        (void)lines.next(line);
        parse_row(line, lines.number(), table.columns,
                  table.values.floats().subspan(row * table.columns, table.columns), origin);
    }
    return table;
}

}  // namespace kiln::app

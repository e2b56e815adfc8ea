// The pieces that the page of the report is made of. Text is escaped here, titles and captions
// excepted, which are ours.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>

namespace kiln::app {

struct Column {
    std::string name;
    bool is_number = false;
};

std::string section(const char* title, const std::string& contents);
// Empty without text.
std::string note(const std::string& text);
// Empty without a value.
std::string card(const std::string& name, const std::string& value, const std::string& more = "");

// A table's beginning; cells follow in rows.
std::string table_head(const char* caption, std::initializer_list<Column> columns);
constexpr const char* table_end = "</tbody></table></div>\n";

// Begins a row; "</tr>" is the caller's.
std::string head_cell(const std::string& text);
std::string cell(const std::string& text);
std::string number_cell(const std::string& text);
std::string number_cell(const std::optional<std::uint64_t>& count);

}  // namespace kiln::app

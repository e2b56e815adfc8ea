#include "app/report/html_parts.hpp"

#include <fmt/format.h>

#include "app/report/svg_chart.hpp"
#include "app/text.hpp"

namespace kiln::app {

std::string section(const char* title, const std::string& contents) {
    return fmt::format("<section><h2>{}</h2>\n{}</section>\n", title, contents);
}

std::string note(const std::string& text) {
    return text.empty() ? "" : fmt::format("<p class=\"note\">{}</p>\n", escape_html(text));
}

std::string card(const std::string& name, const std::string& value, const std::string& more) {
    if (value.empty())
        return "";
    return fmt::format("<div><dt>{}</dt><dd>{}<small>{}</small></dd></div>", name,
                       escape_html(value), escape_html(more));
}

std::string table_head(const char* caption, std::initializer_list<Column> columns) {
    std::string html =
        fmt::format("<div class=\"scroll\"><table><caption>{}</caption><thead><tr>", caption);
    for (const Column& column : columns)
        html += fmt::format("<th scope=\"col\"{}>{}</th>",
                            column.is_number ? " class=\"number\"" : "", column.name);
    return html + "</tr></thead><tbody>\n";
}
std::string head_cell(const std::string& text) {
    return fmt::format("<tr><th scope=\"row\">{}</th>", escape_html(text));
}
std::string cell(const std::string& text) {
    return fmt::format("<td class=\"text\">{}</td>", escape_html(text));
}
std::string number_cell(const std::string& text) {
    return fmt::format("<td class=\"number\">{}</td>", escape_html(text));
}
std::string number_cell(const std::optional<std::uint64_t>& count) {
    return number_cell(count ? format_count(*count) : "");
}

}  // namespace kiln::app

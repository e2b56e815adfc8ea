#include "app/journal_entry.hpp"

#include <string_view>

#include "app/text.hpp"

namespace kiln::app {
namespace {

constexpr std::size_t name_length_max = 64;  // the journal's

// The journal knows capital letters, digits and underscores in names.
std::string field_name(std::string_view key) {
    std::string name = "KILN_";
    for (const char letter : key) {
        if (letter >= 'a' && letter <= 'z')
            name += static_cast<char>(letter - 'a' + 'A');
        else if ((letter >= '0' && letter <= '9') || (letter >= 'A' && letter <= 'Z'))
            name += letter;
        else
            name += '_';
    }
    return name.substr(0, name_length_max);
}

// One line of one field: values with line breaks would need another form, so they have none.
void add(std::string& entry, std::string_view name, const std::string& value) {
    entry += name;
    entry += '=';
    entry += on_one_line(value);
    entry += '\n';
}

}  // namespace

char journal_priority(Severity severity) {
    switch (severity) {
        case Severity::debug:
            return '7';
        case Severity::info:
            return '6';
        case Severity::warning:
            return '4';
        case Severity::error:
            return '3';
    }
    return '6';
}

std::string journal_entry(const LogEntry& entry) {
    std::string text;
    add(text, "MESSAGE", entry.text);
    add(text, "PRIORITY", std::string(1, journal_priority(entry.severity)));
    add(text, "SYSLOG_IDENTIFIER", "kiln");
    add(text, "KILN_EVENT", entry.event);
    for (const auto& [key, value] : entry.fields.items()) {
        if (key == "event" || value.is_structured() || value.is_null())
            continue;
        add(text, field_name(key), value.is_string() ? value.get<std::string>() : dump_line(value));
    }
    return text;
}

}  // namespace kiln::app

#include "app/http_request.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <optional>

#include <fmt/format.h>

namespace kiln::app {
namespace {

constexpr std::string_view blanks = " \t";

bool is_token_character(char character) {
    const auto is_between = [&](char first, char last) {
        return character >= first && character <= last;
    };
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    return is_between('a', 'z') || is_between('A', 'Z') || is_between('0', '9') ||
           marks.find(character) != std::string_view::npos;
}

bool is_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}

bool is_control(char character) {
    const auto byte = static_cast<unsigned char>(character);
    return byte < 0x20 || byte == 0x7f;
}

bool is_visible(char character) {
    return character > 0x20 && character < 0x7f;
}

char lower(char character) {
    return character >= 'A' && character <= 'Z' ? static_cast<char>(character - 'A' + 'a')
                                                : character;
}

bool is_same_name(std::string_view left, std::string_view right) {
    return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                      [](char a, char b) { return lower(a) == lower(b); });
}

std::string_view without_blanks(std::string_view text) {
    const std::size_t first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos)
        return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// Whether one of the words between commas is `word`.
bool has_word(std::string_view list, std::string_view word) {
    while (!list.empty()) {
        const std::string_view item = list.substr(0, list.find(','));
        list.remove_prefix(std::min(item.size() + 1, list.size()));
        if (is_same_name(without_blanks(item), word))
            return true;
    }
    return false;
}

// Up to LF or CR LF, which go too.
std::string_view take_line(std::string_view& text) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.ends_with('\r'))
        line.remove_suffix(1);
    return line;
}

// Where the head ends, behind its empty line; nothing if that has not come.
std::optional<std::size_t> find_head_end(std::string_view text) {
    for (std::size_t at = text.find('\n'); at != std::string_view::npos;
         at = text.find('\n', at + 1)) {
        if (text.substr(at + 1).starts_with('\n'))
            return at + 2;
        if (text.substr(at + 1).starts_with("\r\n"))
            return at + 3;
    }
    return std::nullopt;
}

// Of "/path?query" or "http://host/path?query"; empty if it is neither.
std::string_view path_in(std::string_view target) {
    if (target == "*")
        return target;
    constexpr std::string_view scheme = "http://";
    if (target.size() > scheme.size() && is_same_name(target.substr(0, scheme.size()), scheme)) {
        target.remove_prefix(scheme.size());
        const std::size_t slash = target.find('/');
        target = slash == std::string_view::npos ? "/" : target.substr(slash);
    }
    return target.starts_with('/') ? target.substr(0, target.find('?')) : std::string_view{};
}

// What the fields of a head decide.
struct Fields {
    int hosts = 0;
    bool has_body = false;
    bool wants_close = false;
    bool wants_keep_alive = false;
};

// Nullptr, or what is wrong with the line.
const char* read_field(std::string_view line, Fields& fields) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon)))
        return "a header field is a name, a colon and a value";
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = without_blanks(line.substr(colon + 1));
    if (std::any_of(value.begin(), value.end(),
                    [](char character) { return is_control(character) && character != '\t'; }))
        return "a header field holds a control character";
    if (is_same_name(name, "host"))
        ++fields.hosts;
    else if (is_same_name(name, "transfer-encoding"))
        fields.has_body = true;
    else if (is_same_name(name, "content-length"))
        fields.has_body = fields.has_body || value != "0";
    else if (is_same_name(name, "connection")) {
        fields.wants_close = fields.wants_close || has_word(value, "close");
        fields.wants_keep_alive = fields.wants_keep_alive || has_word(value, "keep-alive");
    }
    return nullptr;
}

// "HTTP/1.1" is 1; nothing if it is no version.
std::optional<int> major_version(std::string_view text) {
    const auto is_digit = [](char character) { return character >= '0' && character <= '9'; };
    if (text.size() != 8 || !text.starts_with("HTTP/") || !is_digit(text[5]) || text[6] != '.' ||
        !is_digit(text[7]))
        return std::nullopt;
    return text[5] - '0';
}

HttpParse parse_head(std::string_view head) {
    std::string_view line = take_line(head);
    const std::size_t first_blank = std::min(line.find(' '), line.size());
    const std::size_t last_blank = line.rfind(' ');
    const std::string_view method = line.substr(0, first_blank);
    if (first_blank == line.size() || first_blank == last_blank || !is_token(method))
        return HttpRefusal{400, "a request begins with a method, a target and a version"};
    const std::string_view version = line.substr(last_blank + 1);
    const std::optional<int> major = major_version(version);
    if (!major)
        return HttpRefusal{400, "a request begins with a method, a target and a version"};
    if (*major != 1)
        return HttpRefusal{505, "this server speaks HTTP/1.1"};
    const std::string_view target = line.substr(first_blank + 1, last_blank - first_blank - 1);
    const std::string_view path = path_in(target);
    if (path.empty() || !std::all_of(target.begin(), target.end(), is_visible))
        return HttpRefusal{400, "the target is no path"};
    Fields fields;
    while (!(line = take_line(head)).empty())
        if (const char* const reason = read_field(line, fields))
            return HttpRefusal{400, reason};
    const bool is_old = version == "HTTP/1.0";
    if (fields.hosts > 1 || (fields.hosts == 0 && !is_old))
        return HttpRefusal{400, "a request has one Host field"};
    HttpRequest request;
    request.method = method;
    request.path = path;
    request.is_persistent =
        !fields.has_body && !fields.wants_close && (!is_old || fields.wants_keep_alive);
    return request;
}

const char* reason_phrase(int status) {
    switch (status) {
        case 200:
            return "OK";
        case 400:
            return "Bad Request";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 431:
            return "Request Header Fields Too Large";
        case 500:
            return "Internal Server Error";
        case 503:
            return "Service Unavailable";
        case 505:
            return "HTTP Version Not Supported";
        default:
            return "Unknown";
    }
}

// "Sat, 21 Nov 2026 14:30:05 GMT": RFC 9110, 5.6.7. Not strftime(), whose names follow the locale.
std::string date_text(std::int64_t seconds_since_1970) {
    constexpr std::array days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto time = static_cast<std::time_t>(seconds_since_1970);
    std::tm utc{};
    if (::gmtime_r(&time, &utc) == nullptr)
        return "Thu, 01 Jan 1970 00:00:00 GMT";
    return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                       days[static_cast<std::size_t>(utc.tm_wday)], utc.tm_mday,
                       months[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900,
                       utc.tm_hour, utc.tm_min, utc.tm_sec);
}

}  // namespace

HttpParse take_http_request(std::string& input) {
    // Clients of old send an empty line after a body (RFC 9112, 2.2).
    input.erase(0, std::min(input.find_first_not_of("\r\n"), input.size()));
    const std::optional<std::size_t> end = find_head_end(input);
    if (end.value_or(input.size()) > http_head_bytes_max)
        return HttpRefusal{431, "the head of a request has at most 8192 bytes"};
    if (!end)
        return HttpIncomplete{};
    HttpParse parsed = parse_head(std::string_view(input).substr(0, *end));
    input.erase(0, *end);
    return parsed;
}

std::string http_text(const HttpResponse& response, std::int64_t seconds_since_1970) {
    std::string text = fmt::format(
        "HTTP/1.1 {} {}\r\nDate: {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n"
        "Connection: {}\r\n",
        response.status, reason_phrase(response.status), date_text(seconds_since_1970),
        response.content_type, response.body.size(),
        response.is_persistent ? "keep-alive" : "close");
    if (response.status == 405)
        text += "Allow: GET, HEAD\r\n";
    text += "\r\n";
    if (!response.is_body_left_out)
        text += response.body;
    return text;
}

}  // namespace kiln::app

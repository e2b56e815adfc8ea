#include "app/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <vector>

#include <fmt/format.h>

namespace kiln::app {
namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

template <typename T>
std::optional<T> parse_whole(std::string_view text) {
    T value{};
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || failure != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    return value;
}

}  // namespace

std::string format_count(std::uint64_t count) {
    std::string digits = fmt::format("{}", count);
    for (std::size_t at = digits.size(); at > 3; at -= 3)
        digits.insert(at - 3, 1, ',');
    return digits;
}

std::string format_bytes(std::uint64_t bytes) {
    if (bytes < 1000)
        return fmt::format("{} B", bytes);
    double size = static_cast<double>(bytes);
    static constexpr std::array units = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    std::size_t unit = 0;
    while (size >= 999.95) {
        size /= 1000;
        ++unit;
    }
    return fmt::format("{:.1f} {}", size, units[unit]);
}

std::string format_mebibytes(std::uint64_t bytes) {
    constexpr std::uint64_t mebibyte = 1u << 20;
    if (bytes % mebibyte == 0)
        return format_count(bytes / mebibyte) + " MiB";
    return fmt::format("{:.2f} MiB", static_cast<double>(bytes) / mebibyte);
}

std::string format_duration(double seconds) {
    if (seconds < 0.9995)
        return fmt::format("{:.0f} ms", seconds * 1000);
    if (seconds < 59.95)
        return fmt::format("{:.1f} s", seconds);
    const auto whole = static_cast<std::uint64_t>(std::llround(seconds));
    if (whole < 3600)
        return fmt::format("{} min {:02} s", whole / 60, whole % 60);
    if (whole < 172'800)
        return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
    return fmt::format("{} d {:02} h", whole / 86400, whole % 86400 / 3600);
}

std::string format_rate(double per_second) {
    if (per_second >= 99.95)
        return format_count(static_cast<std::uint64_t>(std::llround(per_second)));
    return per_second >= 9.995 ? fmt::format("{:.1f}", per_second)
                               : fmt::format("{:.2f}", per_second);
}

std::string format_percent(double share) {
    return fmt::format("{:.1f} %", share * 100);
}

std::string format_discs(double discs) {
    return fmt::format("{:+.2f}", discs);
}

std::string on_one_line(std::string text) {
    for (char& c : text)
        if (static_cast<unsigned char>(c) < ' ' || c == '\x7f')
            c = ' ';
    return text;
}

std::optional<std::uint64_t> parse_count(std::string_view text) {
    return parse_whole<std::uint64_t>(text);
}

std::optional<double> parse_real(std::string_view text) {
    const std::optional<double> value = parse_whole<double>(text);
    return value && std::isfinite(*value) ? value : std::nullopt;
}

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
    struct Unit {
        std::string_view name;
        std::uint64_t bytes;
    };
    static constexpr std::array<Unit, 10> units = {{{"", 1},
                                                    {"b", 1},
                                                    {"kb", 1000},
                                                    {"mb", 1000'000},
                                                    {"gb", 1000'000'000},
                                                    {"tb", 1000'000'000'000},
                                                    {"kib", 1ull << 10},
                                                    {"mib", 1ull << 20},
                                                    {"gib", 1ull << 30},
                                                    {"tib", 1ull << 40}}};
    const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
    std::string name;
    for (const char c : text.substr(digits))
        if (c != ' ')
            name += lower(c);
    const auto* const unit =
        std::find_if(units.begin(), units.end(), [&](const Unit& u) { return u.name == name; });
    if (unit == units.end())
        return std::nullopt;
    const std::string_view number = text.substr(0, digits);
    if (const auto whole = parse_count(number)) {
        if (*whole > (std::uint64_t{1} << 63) / unit->bytes)
            return std::nullopt;
        return *whole * unit->bytes;
    }
    const auto real = parse_real(number);
    if (!real || *real * static_cast<double>(unit->bytes) > 0x1p63)
        return std::nullopt;
    return static_cast<std::uint64_t>(std::llround(*real * static_cast<double>(unit->bytes)));
}

// Levenshtein's distance, one row of the table at a time.
std::size_t edit_distance(std::string_view left, std::string_view right) {
    std::vector<std::size_t> row(right.size() + 1);
    for (std::size_t j = 0; j <= right.size(); ++j)
        row[j] = j;
    for (std::size_t i = 1; i <= left.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= right.size(); ++j) {
            const std::size_t replaced = diagonal + (left[i - 1] == right[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
        }
    }
    return row[right.size()];
}

}  // namespace kiln::app

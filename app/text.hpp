// Numbers as people read them, and sizes as people write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kiln::app {

std::string format_count(std::uint64_t count);      // 1,234,567
std::string format_bytes(std::uint64_t bytes);      // 345.2 MB, decimal units
std::string format_mebibytes(std::uint64_t bytes);  // 32 MiB, 12.25 MiB
std::string format_duration(double seconds);  // 830 ms, 12.3 s, 4 min 05 s, 3 h 12 min, 2 d 7 h
std::string format_rate(double per_second);   // 0.42, 38.4, 412, 2,310: three digits or more
std::string format_percent(double share);     // 87.1 %
std::string format_discs(double discs);       // +1.25, -0.31

// Control characters, which a file name or another process's message may hold, become spaces.
std::string on_one_line(std::string text);

// "600MB", "1.5 GiB", "512k" is not one: B, kB, MB, GB, TB are powers of 1000, KiB, MiB, GiB, TiB
// of 1024, in any case; a number alone is bytes. Nothing for anything else, or beyond 2^63.
std::optional<std::uint64_t> parse_bytes(std::string_view text);

// The whole text as a number; nothing if it is not one or does not fit.
std::optional<std::uint64_t> parse_count(std::string_view text);
std::optional<double> parse_real(std::string_view text);

// The one of `names` that a mistyped `name` probably meant; empty if none is near.
template <typename Names>
std::string_view nearest_name(std::string_view name, const Names& names);
std::size_t edit_distance(std::string_view left, std::string_view right);

template <typename Names>
std::string_view nearest_name(std::string_view name, const Names& names) {
    std::string_view nearest;
    std::size_t least = 3;  // more than two slips are another word
    for (const std::string_view candidate : names) {
        const std::size_t distance = edit_distance(name, candidate);
        if (distance < least) {
            least = distance;
            nearest = candidate;
        }
    }
    return nearest;
}

}  // namespace kiln::app

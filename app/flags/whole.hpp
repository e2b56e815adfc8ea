// Whole numbers on the command line of commands that do not train, checked as the settings are.
#pragma once

#include <cstdint>
#include <string>

#include <fmt/format.h>

#include "app/failure.hpp"
#include "app/text.hpp"

namespace kiln::app {

inline std::uint64_t whole(const std::string& flag, const std::string& text, std::uint64_t low,
                           std::uint64_t high) {
    const auto value = parse_count(text);
    if (!value || *value < low || *value > high)
        throw Failure(ExitCode::usage,
                      fmt::format("{}: '{}' is not allowed; it takes a whole number from {} to {}",
                                  flag, text, low, high));
    return *value;
}

}  // namespace kiln::app

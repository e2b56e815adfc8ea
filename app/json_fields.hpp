// Fields of JSON that another process wrote, perhaps of another version: what is missing, or of
// another type than expected, is nothing, and never an error.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>

#include "app/log_entry.hpp"

namespace kiln::app {

// The keys on the way from the outermost object.
using FieldPath = std::initializer_list<const char*>;

// nullptr if absent or null.
const Json* find_field(const Json& json, FieldPath path);
// Finite.
std::optional<double> number_field(const Json& json, FieldPath path);
// Zero to 2^53, which is as far as a number in JSON is exact everywhere.
std::optional<std::uint64_t> count_field(const Json& json, FieldPath path);
// On one line; empty if there is none.
std::string text_field(const Json& json, FieldPath path);

}  // namespace kiln::app

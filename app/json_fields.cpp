#include "app/json_fields.hpp"

#include <cmath>

#include "app/text.hpp"

namespace kiln::app {

const Json* find_field(const Json& json, FieldPath path) {
    const Json* at = &json;
    for (const char* const key : path) {
        if (!at->is_object())
            return nullptr;
        const auto found = at->find(key);
        if (found == at->end() || found->is_null())
            return nullptr;
        at = &*found;
    }
    return at;
}

std::optional<double> number_field(const Json& json, FieldPath path) {
    const Json* const found = find_field(json, path);
    if (found == nullptr || !found->is_number() || !std::isfinite(found->get<double>()))
        return std::nullopt;
    return found->get<double>();
}

std::optional<std::uint64_t> count_field(const Json& json, FieldPath path) {
    const auto number = number_field(json, path);
    if (!number || *number < 0 || *number > 0x1p53)
        return std::nullopt;
    return static_cast<std::uint64_t>(std::llround(*number));
}

std::string text_field(const Json& json, FieldPath path) {
    const Json* const found = find_field(json, path);
    return found != nullptr && found->is_string() ? on_one_line(found->get<std::string>()) : "";
}

}  // namespace kiln::app

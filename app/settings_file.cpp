// The only file that includes toml++, which takes long to compile.
#include "app/settings_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>

#include <fmt/format.h>

namespace kiln::app {
namespace {

// toml++ 3.3 asserts, or in a release build lets the compiler assume, things that a wrong file can
// make untrue: "[+a" is enough. Here they are checked in every build and end the parsing.
struct ParserGaveUp {};

[[noreturn]] void give_up() {
    throw ParserGaveUp();
}

}  // namespace
}  // namespace kiln::app

#undef NDEBUG
#define TOML_ASSERT(expression) ((expression) ? void() : ::kiln::app::give_up())
#include <toml++/toml.h>

#include "app/failure.hpp"
#include "app/text.hpp"
#include "platform/linux/errno_error.hpp"

namespace kiln::app {
namespace {

std::string read_whole(const std::string& path) {
    const auto fail = [&path](int number) {
        return Failure(exit_code_of(platform::error_from_errno(number)),
                       fmt::format("--config: cannot read {}: {}", path, std::strerror(number)));
    };
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"),
                                                               std::fclose);
    if (!file)
        throw fail(errno);
    std::string contents;
    char buffer[4096];
    while (const std::size_t count = std::fread(buffer, 1, sizeof(buffer), file.get()))
        contents.append(buffer, count);
    if (std::ferror(file.get()) != 0)
        throw fail(errno);
    return contents;
}

const char* type_name(const toml::node& node) {
    switch (node.type()) {
        case toml::node_type::table:
            return "a table";
        case toml::node_type::array:
            return "an array";
        case toml::node_type::string:
            return "a text";
        case toml::node_type::integer:
            return "a whole number";
        case toml::node_type::floating_point:
            return "a number with a fraction";
        case toml::node_type::boolean:
            return "true or false";
        default:
            return "a date or time";
    }
}

std::optional<std::string> number_text(const toml::node& node) {
    if (const auto* whole = node.as_integer())
        return fmt::format("{}", whole->get());
    if (const auto* real = node.as_floating_point())
        return fmt::format("{}", real->get());
    return std::nullopt;
}

std::optional<std::string> epsilon_text(const toml::node& node) {
    if (const auto* text = node.as_string())
        return text->get();
    if (!node.is_array())
        return number_text(node);
    std::string joined;
    for (const toml::node& element : *node.as_array()) {
        const auto text = number_text(element);
        if (!text)
            return std::nullopt;
        joined += (joined.empty() ? "" : ",") + *text;
    }
    return joined;
}

// The value as it would be typed on the command line; nothing if its type is wrong.
std::optional<std::string> value_text(const Allowed& allowed, const toml::node& node) {
    if (std::holds_alternative<EpsilonSchedule>(allowed))
        return epsilon_text(node);
    if (std::holds_alternative<WholeNumber>(allowed))
        return node.is_integer() ? number_text(node) : std::nullopt;
    if (std::holds_alternative<RealNumber>(allowed))
        return number_text(node);
    if (std::holds_alternative<Switch>(allowed)) {
        const auto* value = node.as_boolean();
        return value == nullptr ? std::nullopt
                                : std::optional(std::string(value->get() ? "true" : "false"));
    }
    if (std::holds_alternative<ByteCount>(allowed) && node.is_integer())
        return number_text(node);
    const auto* text = node.as_string();
    return text == nullptr ? std::nullopt : std::optional(text->get());
}

Failure unknown_setting(const std::string& place, std::string_view name) {
    std::vector<std::string_view> names;
    for (const Setting& setting : all_settings())
        if (setting.kept != Kept::in_checkpoint_only)
            names.emplace_back(setting.name);
    const std::string_view nearest = nearest_name(name, names);
    const std::string advice = nearest.empty() ? "" : fmt::format("did you mean '{}'? ", nearest);
    return Failure(ExitCode::bad_configuration,
                   fmt::format("{}: there is no setting '{}'; {}`kiln train --help` lists them all",
                               place, name, advice));
}

Assignment read_entry(std::string_view name, const toml::node& node, const std::string& place) {
    const Setting* setting = find_setting(name);
    if (setting == nullptr || setting->kept == Kept::in_checkpoint_only)
        throw unknown_setting(place, name);
    const auto text = value_text(setting->allowed, node);
    if (!text)
        throw Failure(ExitCode::bad_configuration,
                      fmt::format("{}: {} is {}; it takes {}", place, name, type_name(node),
                                  allowed_values(*setting)));
    return {setting, *text, fmt::format("{}: {}", place, name), ExitCode::bad_configuration};
}

}  // namespace

std::vector<Assignment> parse_settings_file(const std::string& contents, const std::string& path) {
    toml::table table;
    try {
        table = toml::parse(contents, path);
    } catch (const toml::parse_error& error) {
        std::string what(error.description());
        std::replace(what.begin(), what.end(), '\n', ' ');
        throw Failure(ExitCode::bad_configuration,
                      fmt::format("{}:{}: not TOML: {}", path, error.source().begin.line, what));
    } catch (const ParserGaveUp&) {
        throw Failure(ExitCode::bad_configuration, fmt::format("{}: not TOML", path));
    }
    std::vector<Assignment> source;
    for (const auto& [key, node] : table)
        source.push_back(
            read_entry(key.str(), node, fmt::format("{}:{}", path, node.source().begin.line)));
    return source;
}

std::vector<Assignment> read_settings_file(const std::string& path) {
    return parse_settings_file(read_whole(path), path);
}

}  // namespace kiln::app

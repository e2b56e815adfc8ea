#include "app/settings.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <type_traits>

#include <fmt/format.h>

#include "core/base/check.hpp"
#include "core/base/crc32c.hpp"
#include "core/othello/geometry.hpp"

#include "app/failure.hpp"
#include "app/network_address.hpp"
#include "app/text.hpp"

namespace kiln::app {
namespace {

template <class... Cases>
struct Match : Cases... {
    using Cases::operator()...;
};
template <class... Cases>
Match(Cases...) -> Match<Cases...>;

constexpr const char* none = "none";

bool is_search_limit(const Setting& setting) {
    const std::string_view name = setting.name;
    return name == "depth" || name == "nodes" || name == "time-ms";
}

// Which of the three limits decides.
std::string_view active_limit(const othello::OthelloSettings& settings) {
    return settings.nodes != 0 ? "nodes" : settings.time_ns != 0 ? "time-ms" : "depth";
}

// Field access for reading: no setting's field() writes.
Field field_of(const Setting& setting, const RunSettings& settings) {
    return setting.field(const_cast<RunSettings&>(settings));
}

template <typename T>
void store_whole(const Field& field, T value) {
    std::visit(
        [value](auto* target) {
            using Target = std::remove_pointer_t<decltype(target)>;
            if constexpr (std::is_integral_v<Target> && !std::is_same_v<Target, bool>)
                *target = static_cast<Target>(value);
        },
        field);
}

std::uint64_t load_whole(const Field& field) {
    return std::visit(
        [](const auto* source) -> std::uint64_t {
            using Source = std::remove_const_t<std::remove_pointer_t<decltype(source)>>;
            if constexpr (std::is_integral_v<Source> || std::is_enum_v<Source>)
                return static_cast<std::uint64_t>(*source);
            else
                return 0;
        },
        field);
}

bool set_choice(const Field& field, const Choice& choice, std::string_view text) {
    const auto found = std::find(choice.names.begin(), choice.names.end(), text);
    if (found == choice.names.end())
        return false;
    const auto index = static_cast<std::uint32_t>(found - choice.names.begin());
    std::visit(
        Match{[&](std::string* target) { *target = text; },
              [&](othello::UpdateTarget* target) {
                  *target = static_cast<othello::UpdateTarget>(index);
              },
              [&](othello::LearningControl* target) {
                  *target = static_cast<othello::LearningControl>(index);
              },
              [&](OnCorrupt* target) { *target = static_cast<OnCorrupt>(index); },
              [&](router::Clipping* target) { *target = static_cast<router::Clipping>(index); },
              [&](router::LossKind* target) { *target = static_cast<router::LossKind>(index); },
              [](auto*) {}},
        field);
    return true;
}

bool set_epsilons(othello::OthelloSettings& settings, std::string_view text) {
    std::array<double, 3> values = {};
    for (std::size_t i = 0; i < values.size(); ++i) {
        const std::size_t comma = std::min(text.find(','), text.size());
        const std::optional<double> value =
            i > 0 && text.empty() ? values[i - 1] : parse_real(text.substr(0, comma));
        if (!value || *value < 0 || *value > 1)
            return false;
        values[i] = *value;
        text.remove_prefix(std::min(comma + 1, text.size()));
    }
    settings.epsilon_early = values[0];
    settings.epsilon_middle = values[1];
    settings.epsilon_late = values[2];
    return text.empty();
}

// False: the text is not an allowed value, and nothing was changed.
bool set_value(const Setting& setting, RunSettings& settings, std::string_view text) {
    const Field field = setting.field(settings);
    return std::visit(
        Match{[&](const WholeNumber& allowed) {
                  const auto value = parse_count(text);
                  if (!value || *value < allowed.low || *value > allowed.high)
                      return false;
                  store_whole(field, *value * allowed.scale);
                  return true;
              },
              [&](const RealNumber& allowed) {
                  const auto value = parse_real(text);
                  if (!value || *value < allowed.low || *value > allowed.high)
                      return false;
                  *std::get<double*>(field) = *value;
                  return true;
              },
              [&](const ByteCount& allowed) {
                  const auto value = parse_bytes(text);
                  if (!value || *value < allowed.low || *value > allowed.high)
                      return false;
                  store_whole(field, *value);
                  return true;
              },
              [&](const Choice& allowed) { return set_choice(field, allowed, text); },
              [&](Switch) {
                  *std::get<bool*>(field) = text == "true";
                  return text == "true" || text == "false";
              },
              [&](FreeText) {
                  *std::get<std::string*>(field) = text;
                  return !text.empty();
              },
              [&](ListenAddress) {
                  const auto address = parse_network_address(text);
                  if (address || text == none)
                      *std::get<std::string*>(field) = address ? address->text() : none;
                  return address || text == none;
              },
              [&](MetricsFile) {
                  const bool is_path =
                      text.ends_with(".prom") && on_one_line(std::string(text)) == text;
                  if (is_path || text == none)
                      *std::get<std::string*>(field) = text;
                  return is_path || text == none;
              },
              [&](EpsilonSchedule) {
                  return set_epsilons(*std::get<othello::OthelloSettings*>(field), text);
              }},
        setting.allowed);
}

void set(const Setting& setting, RunSettings& settings, const Assignment& assignment) {
    if (is_search_limit(setting)) {
        // One limit decides; the depth stays as a bound that no game reaches.
        settings.othello.depth = 60;
        settings.othello.nodes = 0;
        settings.othello.time_ns = 0;
    }
    if (!set_value(setting, settings, assignment.text))
        throw Failure(assignment.if_wrong,
                      fmt::format("{}: '{}' is not allowed; it takes {}", assignment.origin,
                                  assignment.text, allowed_values(setting)));
}

void check_one_limit(std::span<const Assignment> source) {
    const Assignment* first = nullptr;
    for (const Assignment& assignment : source) {
        if (!is_search_limit(*assignment.setting))
            continue;
        if (first != nullptr)
            throw Failure(assignment.if_wrong,
                          fmt::format("{}: {} excludes {} ({}); give one of depth, nodes, time-ms",
                                      assignment.origin, assignment.setting->name,
                                      first->setting->name, first->origin));
        first = &assignment;
    }
}

// Where a setting was given, for a complaint about two that do not go together.
void check_together(const RunSettings& settings, std::span<const Assignment> source) {
    const othello::OthelloSettings& othello = settings.othello;
    if (othello.middle_from <= othello.late_from)
        return;
    for (const Assignment& assignment : source) {
        const std::string_view name = assignment.setting->name;
        if (name == "middle-from" || name == "late-from")
            throw Failure(assignment.if_wrong,
                          fmt::format("{}: middle-from {} is after late-from {}; the middle part "
                                      "of a run must begin before the late one",
                                      assignment.origin, othello.middle_from, othello.late_from));
    }
}

bool is_in_text(const Setting& setting, const RunSettings& settings) {
    return setting.kept != Kept::nowhere && means_something(setting, settings.workload) &&
           (!is_search_limit(setting) || active_limit(settings.othello) == setting.name);
}

// All but what another row says as well.
bool is_in_launch_text(const Setting& setting, const RunSettings& settings) {
    const std::string_view name = setting.name;
    return name != "state" && name != "epsilon" && name != "table-mib" &&
           (!is_search_limit(setting) || active_limit(settings.othello) == name);
}

}  // namespace

const char* unit_of(std::string_view workload) {
    return workload == "router" ? "ticket" : "game";
}

std::string place_text(const RunSettings& settings, std::uint64_t games) {
    return fmt::format("{} {}", unit_of(settings.workload), format_count(games));
}

std::string RunSettings::shape_set_name() {
    std::uint32_t crc = 0;
    const auto add = [&crc](std::string_view text) {
        crc = crc32c(crc, std::as_bytes(std::span(text.data(), text.size())));
    };
    for (const othello::Shape& shape : othello::default_shapes()) {
        add(shape.kind == othello::LaneKind::pattern ? shape.squares : shape.name);
        add("\n");
    }
    return fmt::format("{}-{:08x}", othello::default_shapes().size(), crc);
}

const Setting* find_setting(std::string_view name) {
    for (const Setting& setting : all_settings())
        if (name == setting.name)
            return &setting;
    return nullptr;
}

bool means_something(const Setting& setting, std::string_view workload) {
    return setting.scope == Scope::any ||
           workload == (setting.scope == Scope::othello ? "othello" : "router");
}

bool is_given_to_train(const Setting& setting) {
    return setting.kept != Kept::in_checkpoint_only && setting.scope != Scope::router;
}

std::string format_value(const Setting& setting, const RunSettings& settings) {
    const Field field = field_of(setting, settings);
    return std::visit(
        Match{[&](const WholeNumber& allowed) {
                  return fmt::format("{}", load_whole(field) / allowed.scale);
              },
              [&](const RealNumber&) { return fmt::format("{}", *std::get<double*>(field)); },
              [&](const ByteCount&) { return fmt::format("{}", load_whole(field)); },
              [&](const Choice& allowed) -> std::string {
                  if (const auto* text = std::get_if<std::string*>(&field))
                      return **text;
                  return allowed.names[load_whole(field)];
              },
              [&](Switch) -> std::string { return *std::get<bool*>(field) ? "true" : "false"; },
              [&](FreeText) { return *std::get<std::string*>(field); },
              [&](ListenAddress) { return *std::get<std::string*>(field); },
              [&](MetricsFile) { return *std::get<std::string*>(field); },
              [&](EpsilonSchedule) {
                  const auto& o = *std::get<othello::OthelloSettings*>(field);
                  return fmt::format("{},{},{}", o.epsilon_early, o.epsilon_middle, o.epsilon_late);
              }},
        setting.allowed);
}

std::string allowed_values(const Setting& setting) {
    return std::visit(
        Match{[](const WholeNumber& allowed) {
                  return fmt::format("a whole number from {} to {}", allowed.low, allowed.high);
              },
              [](const RealNumber& allowed) {
                  return fmt::format("a number from {} to {}", allowed.low, allowed.high);
              },
              [](const ByteCount& allowed) {
                  return fmt::format("a size from {} to {}, like 600MB, 2GiB or a number of bytes",
                                     format_bytes(allowed.low), format_bytes(allowed.high));
              },
              [](const Choice& allowed) {
                  return fmt::format("{}", fmt::join(allowed.names, " or "));
              },
              [](Switch) { return std::string("true or false"); },
              [](FreeText) { return std::string("a text that is not empty"); },
              [](ListenAddress) {
                  return std::string("PORT, ADDRESS:PORT with a number as address, or none");
              },
              [](MetricsFile) { return std::string("a path that ends in .prom, or none"); },
              [](EpsilonSchedule) {
                  return std::string(
                      "one to three shares from 0 to 1 between commas, early,middle,"
                      "late");
              }},
        setting.allowed);
}

RunSettings assign_all(RunSettings settings, std::span<const Assignment> source) {
    check_one_limit(source);
    // In the table's order, so that the short forms come before the settings that refine them.
    for (const Setting& setting : all_settings())
        for (const Assignment& assignment : source)
            if (assignment.setting == &setting)
                set(setting, settings, assignment);
    check_together(settings, source);
    return settings;
}

std::string to_text(const RunSettings& settings) {
    std::string text;
    for (const Setting& setting : all_settings())
        if (is_in_text(setting, settings))
            text += fmt::format("{} = {}\n", setting.name, format_value(setting, settings));
    return text;
}

std::string launch_text(const RunSettings& settings) {
    std::string text;
    for (const Setting& setting : all_settings())
        if (is_in_launch_text(setting, settings))
            text += fmt::format("{} = {}\n", setting.name, format_value(setting, settings));
    return text;
}

namespace {

// Assignments from "name = value" lines; `is_known` says which settings such a text may have.
template <typename IsKnown>
std::vector<Assignment> read_lines(std::string_view text, const std::string& origin,
                                   IsKnown is_known) {
    std::vector<Assignment> source;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        const std::size_t equals = line.find(" = ");
        const Setting* setting =
            equals == std::string_view::npos ? nullptr : find_setting(line.substr(0, equals));
        if (setting == nullptr || !is_known(*setting))
            throw Failure(ExitCode::bad_data,
                          fmt::format("{}: this kiln does not know its setting '{}'; use the kiln "
                                      "that wrote it",
                                      origin, line));
        source.push_back({setting, std::string(line.substr(equals + 3)),
                          fmt::format("{}: setting {}", origin, setting->name),
                          ExitCode::bad_data});
    }
    return source;
}

}  // namespace

RunSettings from_text(std::string_view text, const std::string& origin) {
    return assign_all(RunSettings(), read_lines(text, origin, [](const Setting& setting) {
                          return setting.kept != Kept::nowhere;
                      }));
}

RunSettings from_launch_text(std::string_view text) {
    return assign_all(RunSettings(),
                      read_lines(text, "launch order", [](const Setting&) { return true; }));
}

std::vector<std::string> differences(const RunSettings& before, const RunSettings& after) {
    std::vector<std::string> lines;
    for (const Setting& setting : all_settings()) {
        if (!is_in_text(setting, after))
            continue;
        const Setting* old =
            is_search_limit(setting) ? find_setting(active_limit(before.othello)) : &setting;
        CHECK(old != nullptr);
        const std::string old_value = format_value(*old, before);
        const std::string new_value = format_value(setting, after);
        if (old != &setting)
            lines.push_back(
                fmt::format("{} {} -> {} {}", old->name, old_value, setting.name, new_value));
        else if (old_value != new_value)
            lines.push_back(fmt::format("{} {} -> {}", setting.name, old_value, new_value));
    }
    return lines;
}

}  // namespace kiln::app

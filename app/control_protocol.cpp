#include "app/control_protocol.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <sys/socket.h>

namespace kiln::app {
namespace {

constexpr std::size_t shown_bytes = 40;  // of a client's own text in an answer to it

// "set" and "log-level" are the only ones with anything beside the command.
struct Parameter {
    ControlCommand command;
    const char* name;
    std::string Request::*field;
};
constexpr std::array<Parameter, 3> parameters = {{
    {ControlCommand::set, "key", &Request::key},
    {ControlCommand::set, "value", &Request::value},
    {ControlCommand::log_level, "level", &Request::value},
}};

std::string shown(std::string_view text) {
    return text.size() <= shown_bytes ? std::string(text)
                                      : std::string(text.substr(0, shown_bytes)) + "...";
}

// A value as it would be typed: a client in a script may well send a number.
bool read_text(const Json& value, std::string& text) {
    if (value.is_string())
        text = value.get<std::string>();
    else if (value.is_number() || value.is_boolean())
        text = value.dump();
    else
        return false;
    return true;
}

const Parameter* find_parameter(ControlCommand command, std::string_view name) {
    const auto* const found =
        std::find_if(parameters.begin(), parameters.end(), [&](const Parameter& parameter) {
            return parameter.command == command && parameter.name == name;
        });
    return found == parameters.end() ? nullptr : found;
}

}  // namespace

std::variant<Request, std::string> parse_request(std::string_view line) {
    if (line.size() > request_bytes_max)
        return fmt::format("a request has at most {} bytes", request_bytes_max);
    const Json json = Json::parse(line, nullptr, false);
    if (json.is_discarded() || !json.is_object())
        return std::string(R"(a request is a JSON object on a line, like {"command":"status"})");
    const auto command = json.find("command");
    const auto known = command == json.end() || !command->is_string()
                           ? control_command_names.end()
                           : std::find(control_command_names.begin(), control_command_names.end(),
                                       command->get_ref<const std::string&>());
    if (known == control_command_names.end())
        return fmt::format("a request names its \"command\", one of {}",
                           fmt::join(control_command_names, ", "));
    Request request;
    request.command = static_cast<ControlCommand>(known - control_command_names.begin());
    for (const auto& [name, value] : json.items()) {
        if (name == "command")
            continue;
        const Parameter* const parameter = find_parameter(request.command, name);
        if (parameter == nullptr)
            return fmt::format("{} takes no \"{}\"", *known, shown(name));
        if (!read_text(value, request.*parameter->field))
            return fmt::format("\"{}\" of {} is a text or a number", name, *known);
    }
    for (const Parameter& parameter : parameters)
        if (parameter.command == request.command && !json.contains(parameter.name))
            return fmt::format("{} needs \"{}\"", *known, parameter.name);
    return request;
}

std::string request_line(const Request& request) {
    Json json = {{"command", control_command_names[static_cast<std::size_t>(request.command)]}};
    for (const Parameter& parameter : parameters)
        if (parameter.command == request.command)
            json[parameter.name] = request.*parameter.field;
    return dump_line(json) + "\n";
}

Json error_reply(std::string_view line, ExitCode exit_code) {
    return {{"ok", false}, {"error", line}, {"exit_code", static_cast<int>(exit_code)}};
}

sockaddr_un control_address(int directory) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = fmt::format("/proc/self/fd/{}/{}", directory, control_socket_name);
    std::copy(path.begin(), path.end(), address.sun_path);  // 40 bytes at most
    return address;
}

}  // namespace kiln::app

// The control protocol: what a client may ask of a running `kiln train`, and how it is answered.
//
// A client connects to the local stream socket <state>/control.sock, sends one JSON object on a
// line, gets one JSON object on a line, and the connection is over:
//
//     {"command":"status"}                            {"ok":true,"state":"training",...}
//     {"command":"set","key":"depth","value":"4"}     {"ok":true,...}
//     {"command":"log-level","level":"debug"}         {"ok":false,"error":"...","exit_code":75}
//
// Only the user who started the run, and root, get an answer. An answer can take as long as what
// was asked for: `pause` and `save` answer when the checkpoint is durable.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <variant>

#include <sys/un.h>

#include "app/exit_code.hpp"
#include "app/log_entry.hpp"

namespace kiln::app {

constexpr const char* control_socket_name = "control.sock";
constexpr std::size_t request_bytes_max = 4096;    // without its end of line
constexpr std::size_t reply_bytes_max = 1u << 20;  // what a client reads of an answer

enum class ControlCommand { status, pause, resume, save, stop, set, memory, log_level };
// In the order of ControlCommand.
constexpr std::array<std::string_view, 8> control_command_names = {
    "status", "pause", "resume", "save", "stop", "set", "memory", "log-level"};

struct Request {
    ControlCommand command = ControlCommand::status;
    std::string key;    // of set
    std::string value;  // of set; the level of log-level

    bool operator==(const Request&) const = default;
};

// A line that a client sent, without its end: the request, or what is wrong with it. Takes any
// bytes.
std::variant<Request, std::string> parse_request(std::string_view line);
// The line of a request, with its end.
std::string request_line(const Request& request);

// {"ok":false,...}: what the client's line on standard error and its exit code will be.
Json error_reply(std::string_view line, ExitCode exit_code = ExitCode::try_again);

// The address of the socket in an open directory. Not by the directory's path, because an address
// has 108 bytes and a path may have 4096.
sockaddr_un control_address(int directory);

}  // namespace kiln::app

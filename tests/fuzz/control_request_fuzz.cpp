// Requests to a running trainer, as any process of the same user may send them, and what `set`
// asks.
#include "app/control_protocol.hpp"
#include "app/failure.hpp"
#include "app/settings_change.hpp"
#include "tests/fuzz/target.hpp"

namespace kiln::fuzz {
namespace {

using namespace app;

void demand_sound(const Request& request) {
    const std::string line = request_line(request);
    demand(line.ends_with('\n') && line.find('\n') == line.size() - 1, "a request is one line");
    const auto again = parse_request(std::string_view(line).substr(0, line.size() - 1));
    demand(std::holds_alternative<Request>(again) && std::get<Request>(again) == request,
           "a request reads back");
    if (request.command != ControlCommand::set)
        return;
    try {
        const RunSettings changed = apply_change(RunSettings(), request.key, request.value);
        demand(from_text(to_text(changed), "fuzz").session.keep_checkpoints > 0,
               "changed settings are settings");
    } catch (const Failure& failure) {
        demand(std::string_view(failure.what()).find('\n') == std::string_view::npos,
               "a refusal is one line");
    }
}

}  // namespace

void run(Input input) {
    const auto parsed = parse_request(text_of(input));
    if (const auto* request = std::get_if<Request>(&parsed))
        return demand_sound(*request);
    const std::string& line = std::get<std::string>(parsed);
    demand(!line.empty() && line.find('\n') == std::string::npos,
           "what is wrong is told in a line");
}

std::vector<std::string> seeds() {
    return {R"({"command":"status"})",
            R"({"command":"set","key":"learning-rate","value":"0.05"})",
            R"({"command":"set","key":"epsilon","value":"0.1,0.05"})",
            R"({"command":"set","key":"nodes","value":400})",
            R"({"command":"log-level","level":"debug"})",
            R"({"command":"pause","why":null})",
            R"([[[[[[[[{"a":1e400}]]]]]]]])",
            "{\"command\":\"\\u0000\\ud800\"}"};
}

}  // namespace kiln::fuzz

// Requests to the metrics server, as anybody who reaches its address may send them.
#include <algorithm>

#include "app/http_request.hpp"
#include "tests/fuzz/target.hpp"

namespace kiln::fuzz {
namespace {

using namespace app;

void demand_sound(const HttpRequest& request) {
    demand(!request.method.empty() && !request.path.empty(), "a request asks for something");
    demand(request.path == "*" || request.path.front() == '/', "a path begins with a slash");
    const auto is_plain = [](char character) { return character > 0x20 && character < 0x7f; };
    demand(std::all_of(request.path.begin(), request.path.end(), is_plain) &&
               std::all_of(request.method.begin(), request.method.end(), is_plain),
           "method and path can be printed");
}

// The verdicts on everything that comes, until no more can be said.
std::string verdicts(std::string_view bytes, std::size_t piece) {
    std::string story;
    std::string input;
    while (!bytes.empty()) {
        input.append(bytes.substr(0, piece));
        bytes.remove_prefix(std::min(piece, bytes.size()));
        for (;;) {
            const std::size_t before = input.size();
            const HttpParse parsed = take_http_request(input);
            if (std::holds_alternative<HttpIncomplete>(parsed)) {
                demand(input.size() <= http_head_bytes_max, "what is incomplete is short");
                break;
            }
            if (const auto* refusal = std::get_if<HttpRefusal>(&parsed))
                return story + std::to_string(refusal->status);
            demand(input.size() < before, "a request is taken from the input");
            const auto& request = std::get<HttpRequest>(parsed);
            demand_sound(request);
            story += request.method + " " + request.path + (request.is_persistent ? "+" : "-");
        }
    }
    return story;
}

}  // namespace

void run(Input input) {
    const std::string_view bytes = text_of(input);
    const std::string whole = verdicts(bytes, bytes.size() + 1);
    demand(verdicts(bytes, 1) == whole, "it does not matter in which pieces a request comes");
}

std::vector<std::string> seeds() {
    return {
        "GET /metrics HTTP/1.1\r\nHost: localhost:9464\r\nUser-Agent: Prometheus/2.42.0\r\n"
        "Accept: application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5\r\n"
        "Accept-Encoding: gzip\r\nX-Prometheus-Scrape-Timeout-Seconds: 10\r\n\r\n",
        "HEAD / HTTP/1.0\n\nGET http://a/b?c HTTP/1.1\r\nhost:a\r\nConnection: a, close\r\n\r\n",
        "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
        "\r\n\r\nGET / HTTP/1.1\r\nHost : a\r\n\r\n"};
}

}  // namespace kiln::fuzz

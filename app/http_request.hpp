// HTTP/1.1 (RFC 9112) as far as a server of two small pages needs it: the head of a request, from
// any bytes, and the head of a response.
//
// Requests with a body are understood as such, and their connection ends after the answer: nothing
// here wants a body. Lines may end with LF alone (RFC 9112, 2.2); folded lines, blanks before a
// colon and anything else that two parsers could read differently are refused.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace kiln::app {

constexpr std::size_t http_head_bytes_max = 8192;

struct HttpRequest {
    std::string method;
    std::string path;            // of the target; "*" where it has none
    bool is_persistent = false;  // the client may ask again on this connection
};

struct HttpRefusal {
    int status = 400;
    const char* reason = "";  // what is wrong
};

struct HttpIncomplete {};  // the head has not all come

using HttpParse = std::variant<HttpIncomplete, HttpRefusal, HttpRequest>;

// Takes a request from the front of the input; after a refusal nothing there can be understood.
HttpParse take_http_request(std::string& input);

struct HttpResponse {
    int status = 200;
    const char* content_type = "text/plain; charset=utf-8";
    std::string body;
    bool is_body_left_out = false;  // HEAD: as long as told, but not sent
    bool is_persistent = false;
};

// `seconds_since_1970` is for the Date field.
std::string http_text(const HttpResponse& response, std::int64_t seconds_since_1970);

}  // namespace kiln::app

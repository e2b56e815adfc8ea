#include "app/http_request.hpp"

#include <gtest/gtest.h>

namespace kiln::app {
namespace {

HttpRequest request_in(std::string input) {
    const HttpParse parsed = take_http_request(input);
    EXPECT_TRUE(std::holds_alternative<HttpRequest>(parsed)) << input;
    const auto* const request = std::get_if<HttpRequest>(&parsed);
    return request != nullptr ? *request : HttpRequest();
}

int refusal_of(std::string input) {
    const HttpParse parsed = take_http_request(input);
    const auto* const refusal = std::get_if<HttpRefusal>(&parsed);
    return refusal != nullptr ? refusal->status : 0;
}

TEST(HttpRequest, is_a_method_a_path_and_whether_the_connection_goes_on) {
    const HttpRequest request = request_in("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(request.method, "GET");
    EXPECT_EQ(request.path, "/metrics");
    EXPECT_TRUE(request.is_persistent);
}

TEST(HttpRequest, one_after_the_other_is_taken_from_the_input) {
    std::string input =
        "GET /a HTTP/1.1\r\nHost: a\r\n\r\nHEAD /b HTTP/1.1\nHost: a\n\n\r\nGET /c HT";
    EXPECT_EQ(std::get<HttpRequest>(take_http_request(input)).path, "/a");
    EXPECT_EQ(std::get<HttpRequest>(take_http_request(input)).path, "/b");
    EXPECT_TRUE(std::holds_alternative<HttpIncomplete>(take_http_request(input)));
    EXPECT_EQ(input, "GET /c HT");
}

TEST(HttpRequest, every_beginning_of_one_is_incomplete) {
    const std::string whole = "GET / HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n";
    for (std::size_t length = 0; length < whole.size(); ++length) {
        std::string input = whole.substr(0, length);
        EXPECT_TRUE(std::holds_alternative<HttpIncomplete>(take_http_request(input))) << length;
    }
}

TEST(HttpRequest, the_path_is_the_targets_without_host_and_query) {
    EXPECT_EQ(request_in("GET /metrics?name=x HTTP/1.1\r\nHost: a\r\n\r\n").path, "/metrics");
    EXPECT_EQ(request_in("GET http://a:9464/metrics HTTP/1.1\r\nHost: a\r\n\r\n").path, "/metrics");
    EXPECT_EQ(request_in("GET HTTP://a HTTP/1.1\r\nHost: a\r\n\r\n").path, "/");
    EXPECT_EQ(request_in("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").path, "*");
}

TEST(HttpRequest, the_connection_ends_when_the_client_says_so_or_is_of_old_or_sends_a_body) {
    const auto goes_on = [](const std::string& version, const std::string& fields) {
        return request_in("GET / " + version + "\r\nHost: a\r\n" + fields + "\r\n").is_persistent;
    };
    EXPECT_TRUE(goes_on("HTTP/1.1", "Connection: keep-alive\r\n"));
    EXPECT_TRUE(goes_on("HTTP/1.1", "Content-Length: 0\r\n"));
    EXPECT_FALSE(goes_on("HTTP/1.1", "Connection: close\r\n"));
    EXPECT_FALSE(goes_on("HTTP/1.1", "connection: upgrade , CLOSE\r\n"));
    EXPECT_FALSE(goes_on("HTTP/1.1", "Content-Length: 5\r\n"));
    EXPECT_FALSE(goes_on("HTTP/1.1", "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n"));
    EXPECT_FALSE(goes_on("HTTP/1.0", ""));
    EXPECT_TRUE(goes_on("HTTP/1.0", "Connection: Keep-Alive\r\n"));
}

TEST(HttpRequest, an_old_client_need_not_name_the_host) {
    EXPECT_EQ(request_in("GET / HTTP/1.0\r\n\r\n").path, "/");
    EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\n\r\n"), 400);
    EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"), 400);
}

TEST(HttpRequest, what_two_parsers_could_read_differently_is_refused) {
    const std::string host = "Host: a\r\n";
    for (const std::string& head : {
             std::string("GET / HTTP/1.1\r\nHost : a\r\n\r\n"),  // a blank before the colon
             "GET / HTTP/1.1\r\n" + host + "A: b\r\n folded\r\n\r\n",
             "GET / HTTP/1.1\r\n" + host + "no colon\r\n\r\n",
             "GET / HTTP/1.1\r\n" + host + ": no name\r\n\r\n",
             "GET / HTTP/1.1\r\n" + host + "A: b\rc\r\n\r\n",
             "GET / HTTP/1.1\r\n" + host + std::string("A: b\0c\r\n\r\n", 10),
             "GET  / HTTP/1.1\r\n" + host + "\r\n",
             "GET / x HTTP/1.1\r\n" + host + "\r\n",
             " GET / HTTP/1.1\r\n" + host + "\r\n",
             "G\"ET / HTTP/1.1\r\n" + host + "\r\n",
             "GET metrics HTTP/1.1\r\n" + host + "\r\n",
             "GET /\x01 HTTP/1.1\r\n" + host + "\r\n",
             "GET / http/1.1\r\n" + host + "\r\n",
             "GET / HTTP/11.1\r\n" + host + "\r\n",
             std::string("GET /\r\n\r\n"),
             std::string("{\"command\":\"status\"}\n\n"),
         })
        EXPECT_EQ(refusal_of(head), 400) << head;
    EXPECT_EQ(refusal_of("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505);
}

TEST(HttpRequest, a_head_that_is_too_long_is_refused_as_soon_as_it_is) {
    const std::string start = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
    EXPECT_EQ(refusal_of(start + std::string(http_head_bytes_max, 'x')), 431);
    EXPECT_EQ(refusal_of(start + std::string(http_head_bytes_max, 'x') + "\r\n\r\n"), 431);
    const std::string rest(http_head_bytes_max - start.size() - 4, 'x');
    EXPECT_EQ(refusal_of(start + rest + "\r\n\r\n"), 0);
    EXPECT_EQ(refusal_of(start + rest + "x\r\n\r\n"), 431);
}

TEST(HttpResponse, has_its_length_and_date_and_says_whether_the_connection_goes_on) {
    HttpResponse response;
    response.body = "hello\n";
    response.is_persistent = true;
    EXPECT_EQ(http_text(response, 784111777),
              "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
              "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 6\r\n"
              "Connection: keep-alive\r\n\r\nhello\n");
    response.is_body_left_out = true;
    response.is_persistent = false;
    response.status = 405;
    EXPECT_EQ(http_text(response, 0),
              "HTTP/1.1 405 Method Not Allowed\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
              "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 6\r\n"
              "Connection: close\r\nAllow: GET, HEAD\r\n\r\n");
}

}  // namespace
}  // namespace kiln::app

#include "app/metrics_server.hpp"

#include <cerrno>
#include <chrono>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/random.hpp"

namespace kiln::app {
namespace {

constexpr std::uint64_t second_ns = 1'000'000'000;
constexpr std::string_view get = "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n";

// A client by hand, that can do what no honest client does. Never waits.
class Client {
  public:
    explicit Client(const NetworkAddress& address) {
        socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_storage storage;
        const socklen_t bytes = address.fill(storage);
        EXPECT_EQ(::connect(socket_, reinterpret_cast<const sockaddr*>(&storage), bytes), 0);
    }
    ~Client() { hang_up(); }
    Client(Client&& other) noexcept : socket_(other.socket_), is_closed_(other.is_closed_) {
        other.socket_ = -1;
    }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    void send(std::string_view text) const {
        (void)::send(socket_, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    void end_sending() const { ::shutdown(socket_, SHUT_WR); }
    void hang_up() {
        if (socket_ >= 0)
            ::close(socket_);
        socket_ = -1;
    }
    // What has come since the last time.
    std::string received() {
        std::string text;
        char bytes[65536];
        for (ssize_t count; (count = ::recv(socket_, bytes, sizeof(bytes), MSG_DONTWAIT)) != 0;) {
            if (count < 0 && errno != ECONNRESET)
                return text;
            if (count < 0) {
                was_reset_ = true;
                break;
            }
            text.append(bytes, static_cast<std::size_t>(count));
        }
        is_closed_ = true;
        return text;
    }
    bool is_closed() const { return is_closed_; }  // after received()
    bool was_reset() const { return was_reset_; }

  private:
    int socket_ = -1;
    bool is_closed_ = false;
    bool was_reset_ = false;
};

std::size_t count_of(std::string_view text, std::string_view part) {
    std::size_t count = 0;
    for (std::size_t at = text.find(part); at != std::string_view::npos;
         at = text.find(part, at + 1))
        ++count;
    return count;
}

class MetricsServerTest : public testing::Test {
  protected:
    MetricsServerTest() {
        EXPECT_TRUE(server_.open(*parse_network_address("127.0.0.1:0")));
        const std::string url = server_.url();
        const std::size_t start = std::string_view("http://").size();
        address_ = *parse_network_address(url.substr(start, url.rfind('/') - start));
    }

    Client connect() { return Client(address_); }
    bool is_awaiting_service(int patience_ms) const {
        pollfd readable = {server_.descriptor(), POLLIN, 0};
        return ::poll(&readable, 1, patience_ms) == 1;
    }
    // Until nothing is left to do. Loopback delivers at once, but not always in the same call.
    void serve() {
        for (int i = 0; i < 2000 && is_awaiting_service(2); ++i)
            server_.serve(exposition_, now_ns_);
        ASSERT_FALSE(is_awaiting_service(0));
    }
    void pass(std::uint64_t nanoseconds) {
        now_ns_ += nanoseconds;
        server_.serve(exposition_, now_ns_);
        serve();
    }
    std::string answer_to(const std::string& request) {
        Client client = connect();
        client.send(request);
        serve();
        return client.received();
    }
    void expect_service() { EXPECT_TRUE(answer_to(std::string(get)).ends_with("\r\n\r\nx 1\n")); }

    NetworkAddress address_;
    MetricsServer server_;
    std::string body_ = "x 1\n";
    MetricsServer::Exposition exposition_ = [this] { return body_; };
    std::uint64_t now_ns_ = 1000 * second_ns;
};

TEST_F(MetricsServerTest, answers_with_the_figures_in_prometheus_format) {
    const std::string answer = answer_to(std::string(get));
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
    EXPECT_NE(answer.find("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"),
              std::string::npos);
    EXPECT_NE(answer.find("\r\nContent-Length: 4\r\n"), std::string::npos);
    EXPECT_TRUE(answer.ends_with("\r\n\r\nx 1\n"));
}

TEST_F(MetricsServerTest, to_HEAD_it_says_the_same_without_the_figures) {
    const std::string answer = answer_to("HEAD /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_NE(answer.find("\r\nContent-Length: 4\r\n"), std::string::npos);
    EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
}

TEST_F(MetricsServerTest, other_paths_and_methods_are_told_what_there_is) {
    EXPECT_NE(answer_to("GET / HTTP/1.1\r\nHost: a\r\n\r\n").find("<a href=\"/metrics\">"),
              std::string::npos);
    const std::string missing = answer_to("GET /metrics/ HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(missing.starts_with("HTTP/1.1 404 ")) << missing;
    for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "BREW"}) {
        const std::string answer =
            answer_to(fmt::format("{} /metrics HTTP/1.1\r\nHost: a\r\n\r\n", method));
        EXPECT_TRUE(answer.starts_with("HTTP/1.1 405 ")) << answer;
        EXPECT_NE(answer.find("\r\nAllow: GET, HEAD\r\n"), std::string::npos);
    }
}

TEST_F(MetricsServerTest, a_connection_serves_many_requests_until_the_client_ends_it) {
    Client client = connect();
    for (int i = 0; i < 5; ++i) {
        client.send(get);
        serve();
        EXPECT_EQ(count_of(client.received(), "200 OK"), 1u);
        EXPECT_FALSE(client.is_closed());
        pass(15 * second_ns);
    }
    client.send("GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    serve();
    const std::string last = client.received();
    EXPECT_NE(last.find("\r\nConnection: close\r\n"), std::string::npos);
    EXPECT_TRUE(client.is_closed());
    EXPECT_FALSE(client.was_reset());
}

TEST_F(MetricsServerTest, requests_that_come_together_are_answered_in_order) {
    Client client = connect();
    client.send(std::string(get) + "GET / HTTP/1.1\r\nHost: a\r\n\r\n" + std::string(get));
    serve();
    const std::string text = client.received();
    EXPECT_EQ(count_of(text, "200 OK"), 3u);
    EXPECT_LT(text.find("x 1"), text.find("href"));
    EXPECT_LT(text.find("href"), text.rfind("x 1"));
    EXPECT_FALSE(client.is_closed());
}

TEST_F(MetricsServerTest, an_error_reaches_a_client_that_is_still_sending) {
    Client client = connect();
    client.send("POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" +
                std::string(50'000, 'x'));
    serve();
    client.send(std::string(50'000, 'x'));
    serve();
    const std::string answer = client.received();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 405 ")) << answer;
    EXPECT_FALSE(client.was_reset());
    client.hang_up();
    serve();
    expect_service();
}

TEST_F(MetricsServerTest, a_request_may_come_byte_by_byte) {
    Client client = connect();
    for (const char byte : get) {
        EXPECT_EQ(client.received(), "");
        client.send(std::string_view(&byte, 1));
        serve();
    }
    EXPECT_EQ(count_of(client.received(), "200 OK"), 1u);
}

TEST_F(MetricsServerTest, silent_and_slow_clients_are_dropped_and_idle_ones_later) {
    Client silent = connect();
    Client slow = connect();
    Client idle = connect();
    idle.send(get);
    serve();
    EXPECT_EQ(count_of(idle.received(), "200 OK"), 1u);
    for (int i = 0; i < 4; ++i) {
        slow.send("G");  // a byte now and then does not buy time
        pass(StreamServer::patience_ns / 4);
    }
    EXPECT_EQ(silent.received() + slow.received(), "");
    EXPECT_TRUE(silent.is_closed() && slow.is_closed());
    EXPECT_EQ(idle.received(), "");
    EXPECT_FALSE(idle.is_closed());
    pass(StreamServer::idle_ns);
    EXPECT_EQ(idle.received(), "");
    EXPECT_TRUE(idle.is_closed());
}

TEST_F(MetricsServerTest, idle_clients_make_room_and_busy_ones_do_not) {
    std::vector<Client> idle;
    for (std::size_t i = 0; i < StreamServer::connections_max; ++i) {
        idle.push_back(connect());
        idle.back().send(get);
        serve();
        pass(1);
    }
    expect_service();
    (void)idle[0].received();
    (void)idle[1].received();
    EXPECT_TRUE(idle[0].is_closed()) << "idle for the longest";
    EXPECT_FALSE(idle[1].is_closed());
    idle.clear();
    serve();
    std::vector<Client> busy;
    for (std::size_t i = 0; i < StreamServer::connections_max; ++i) {
        busy.push_back(connect());
        busy.back().send("GET");
    }
    serve();
    EXPECT_TRUE(answer_to(std::string(get)).starts_with("HTTP/1.1 503 "));
    pass(StreamServer::patience_ns);
    expect_service();
}

TEST_F(MetricsServerTest, a_client_that_takes_nothing_holds_nobody_up) {
    body_ = std::string(16'000'000, 'x');
    Client client = connect();
    client.send(get);
    const auto before = std::chrono::steady_clock::now();
    server_.serve(exposition_, now_ns_);
    serve();
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(30));
    body_ = "x 1\n";
    expect_service();
    pass(StreamServer::patience_ns);
    EXPECT_LT(client.received().size(), 16'000'000u);
    EXPECT_TRUE(client.is_closed());
}

TEST_F(MetricsServerTest, hostile_bytes_leave_it_in_order) {
    constexpr std::uint64_t seed = 11;
    for (std::uint64_t i = 0; i < 300; ++i) {
        RandomStream stream(seed, StreamPurpose::position, i);
        std::string bytes(get);
        for (int edits = 0; edits < 3; ++edits)
            bytes[stream.below(static_cast<std::uint32_t>(bytes.size()))] =
                static_cast<char>(stream.below(256));
        Client client = connect();
        client.send(bytes);
        if (stream.below(2) == 0)
            client.end_sending();
        if (stream.below(4) == 0)
            client.hang_up();
        server_.serve(exposition_, now_ns_);
    }
    serve();
    pass(StreamServer::patience_ns);
    expect_service();
}

TEST_F(MetricsServerTest, figures_that_cannot_be_made_are_an_error_of_the_server) {
    exposition_ = []() -> std::string { throw std::bad_alloc(); };
    EXPECT_TRUE(answer_to(std::string(get)).starts_with("HTTP/1.1 500 "));
}

TEST_F(MetricsServerTest, an_address_in_use_is_refused_and_the_server_stays_closed) {
    MetricsServer second;
    EXPECT_FALSE(second.open(address_));
    EXPECT_EQ(errno, EADDRINUSE);
    EXPECT_EQ(second.descriptor(), -1);
}

TEST(MetricsServer, listens_on_the_newer_loopback_address_too) {
    MetricsServer server;
    if (!server.open(*parse_network_address("[::1]:0")))
        GTEST_SKIP() << "this machine has no IPv6";
    EXPECT_TRUE(server.url().starts_with("http://[::1]:")) << server.url();
    EXPECT_EQ(server.url().find("]:0/"), std::string::npos);
}

}  // namespace
}  // namespace kiln::app

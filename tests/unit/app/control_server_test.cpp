#include "app/control_server.hpp"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <memory>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/random.hpp"

#include "app/failure.hpp"
#include "tests/support/child.hpp"
#include "tests/support/temp_directory.hpp"

namespace kiln::app {
namespace {

constexpr uid_t nobody = 65534;
constexpr std::uint64_t second_ns = 1'000'000'000;

// Answers at once, but `save` only when the test says so.
class Handler final : public ControlHandler {
  public:
    std::optional<Json> answer(const Request& request, ControlTicket ticket) override {
        requests.push_back(request);
        if (request.command == ControlCommand::save) {
            tickets.push_back(ticket);
            return std::nullopt;
        }
        if (request.command == ControlCommand::stop)
            throw Failure(ExitCode::io_failed, "no room for the checkpoint");
        if (request.command == ControlCommand::resume)
            throw std::out_of_range("a bug");
        if (request.command == ControlCommand::memory)
            return Json{{"ok", true}, {"text", std::string(large, 'x')}};
        return Json{{"ok", true}, {"key", request.key}, {"value", request.value}};
    }

    static constexpr std::size_t large = 4'000'000;  // more than a socket takes at once
    std::vector<Request> requests;
    std::vector<ControlTicket> tickets;
};

// A client by hand, that can do what no honest client does. Never waits.
class Client {
  public:
    explicit Client(const std::string& state) {
        const int directory = ::open(state.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
        socket_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        const sockaddr_un address = control_address(directory);
        error_ =
            ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0
                ? 0
                : errno;
        ::close(directory);
    }
    ~Client() { hang_up(); }
    Client(Client&& other) noexcept : socket_(other.socket_), error_(other.error_) {
        other.socket_ = -1;
    }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    int error() const { return error_; }
    void send(std::string_view text) const {
        (void)::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
    }
    void send(ControlCommand command) const { send(request_line({command, "", ""})); }
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
        for (ssize_t count; (count = ::recv(socket_, bytes, sizeof(bytes), 0)) != 0;) {
            if (count < 0 && errno != ECONNRESET)
                return text;
            if (count < 0)
                break;  // it hung up on what it had not read
            text.append(bytes, static_cast<std::size_t>(count));
        }
        is_closed_ = true;
        return text;
    }
    // Whether the server has hung up; after received().
    bool is_closed() const { return is_closed_; }
    Json reply() { return Json::parse(received(), nullptr, false); }

  private:
    int socket_ = -1;
    int error_ = 0;
    bool is_closed_ = false;
};

class ControlServerTest : public testing::Test {
  protected:
    ControlServerTest() { server_.open(directory_.path()); }

    Client connect() { return Client(directory_.path()); }
    bool is_awaiting_service() const {
        pollfd readable = {server_.descriptor(), POLLIN, 0};
        return ::poll(&readable, 1, 0) == 1;
    }
    // Until nothing is left to do; bounded, as nothing may keep the supervisor busy.
    void serve() {
        for (int i = 0; i < 1000 && is_awaiting_service(); ++i)
            server_.serve(handler_, now_ns_);
        ASSERT_FALSE(is_awaiting_service());
    }
    void pass(std::uint64_t nanoseconds) {
        now_ns_ += nanoseconds;
        server_.serve(handler_, now_ns_);
        serve();
    }
    std::string complaint(const std::string& bytes) {
        Client client = connect();
        serve();
        client.send(bytes);
        serve();
        const Json reply = client.reply();
        EXPECT_TRUE(client.is_closed());
        EXPECT_EQ(reply.value("ok", true), false) << bytes.substr(0, 100);
        return reply.value("error", "");
    }
    // That an honest client is served now.
    void expect_service() {
        Client client = connect();
        client.send(ControlCommand::status);
        serve();
        EXPECT_EQ(client.reply().value("ok", false), true);
        EXPECT_TRUE(client.is_closed());
    }

    test::TempDirectory directory_;
    Handler handler_;
    ControlServer server_;
    std::uint64_t now_ns_ = 1000 * second_ns;
};

TEST_F(ControlServerTest, answers_a_request_with_a_line_and_hangs_up) {
    Client client = connect();
    client.send(R"({"command":"set","key":"depth","value":4})"
                "\n");
    serve();
    EXPECT_EQ(client.received(), "{\"ok\":true,\"key\":\"depth\",\"value\":\"4\"}\n");
    EXPECT_TRUE(client.is_closed());
    EXPECT_EQ(handler_.requests, (std::vector<Request>{{ControlCommand::set, "depth", "4"}}));
}

TEST_F(ControlServerTest, a_request_may_come_byte_by_byte_and_interleaved_with_others) {
    std::vector<Client> clients;
    std::vector<std::string> lines;
    for (int i = 0; i < 5; ++i) {
        clients.push_back(connect());
        lines.push_back(request_line({ControlCommand::set, "key", fmt::format("{}", i)}));
    }
    for (std::size_t at = 0; at < lines[0].size(); ++at)
        for (std::size_t i = 0; i < clients.size(); ++i) {
            clients[i].send(lines[i].substr(at, 1));
            serve();
        }
    for (std::size_t i = 0; i < clients.size(); ++i)
        EXPECT_EQ(clients[i].reply().value("value", ""), fmt::format("{}", i));
}

TEST_F(ControlServerTest, whatever_follows_the_first_line_is_not_read) {
    Client client = connect();
    client.send("{\"command\":\"status\"}\n{\"command\":\"stop\"}\n");
    serve();
    EXPECT_EQ(client.reply().value("ok", false), true);
    EXPECT_EQ(handler_.requests.size(), 1u);
}

TEST_F(ControlServerTest, bytes_that_are_no_request_get_an_error_and_harm_nobody) {
    EXPECT_NE(complaint("\n").find("a JSON object on a line"), std::string::npos);
    EXPECT_NE(complaint("GET / HTTP/1.1\r\n\r\n").find("a JSON object"), std::string::npos);
    EXPECT_NE(complaint(std::string("\0\x01\xff\n", 4)).find("a JSON object"), std::string::npos);
    EXPECT_NE(complaint(std::string(4000, '[') + "\n").find("a JSON object"), std::string::npos);
    EXPECT_NE(complaint("{\"command\":\"fly\"}\n").find("one of status"), std::string::npos);
    EXPECT_EQ(handler_.requests.size(), 0u);
    expect_service();
}

TEST_F(ControlServerTest, a_line_that_is_too_long_is_refused_as_soon_as_it_is) {
    EXPECT_EQ(complaint(std::string(request_bytes_max + 1, ' ')),
              "a request has at most 4096 bytes");
    EXPECT_EQ(complaint(std::string(100'000, '{')), "a request has at most 4096 bytes");
    EXPECT_EQ(complaint(std::string(request_bytes_max, ' ') + "x\n"),
              "a request has at most 4096 bytes");
    expect_service();
}

TEST_F(ControlServerTest, a_request_that_breaks_off_gets_an_error_or_nothing) {
    Client half = connect();
    half.send("{\"command\":");
    half.end_sending();
    Client gone = connect();
    gone.send("{\"command\":\"status\"");
    gone.hang_up();
    serve();
    EXPECT_EQ(half.reply().value("error", ""), "the request ends before its line does");
    EXPECT_EQ(handler_.requests.size(), 0u);
}

TEST_F(ControlServerTest, mutated_requests_over_the_socket_leave_it_in_order) {
    constexpr std::uint64_t seed = 7;
    for (std::uint64_t i = 0; i < 2000; ++i) {
        RandomStream stream(seed, StreamPurpose::position, i);
        std::string line = request_line({ControlCommand::status, "", ""});
        for (int edits = 0; edits < 3; ++edits)
            line[stream.below(static_cast<std::uint32_t>(line.size()))] =
                static_cast<char>(stream.below(256));
        Client client = connect();
        client.send(line);
        if (stream.below(2) == 0)
            client.end_sending();
        if (stream.below(4) == 0)
            client.hang_up();
        serve();
    }
    pass(ControlServer::patience_ns);
    expect_service();
}

TEST_F(ControlServerTest, silent_and_slow_clients_are_dropped_after_two_seconds) {
    Client silent = connect();
    Client slow = connect();
    serve();
    for (int i = 0; i < 4; ++i) {
        slow.send("{");  // a byte now and then does not buy time
        pass(ControlServer::patience_ns / 4 - 1);
        EXPECT_EQ(silent.received() + slow.received(), "");
        EXPECT_FALSE(silent.is_closed() || slow.is_closed());
    }
    pass(4);
    EXPECT_EQ(silent.received() + slow.received(), "");
    EXPECT_TRUE(silent.is_closed() && slow.is_closed());
}

TEST_F(ControlServerTest, a_client_that_does_not_take_its_answer_is_dropped_after_two_seconds) {
    Client client = connect();
    client.send(ControlCommand::memory);
    serve();
    pass(ControlServer::patience_ns);
    const std::string text = client.received();
    EXPECT_GT(text.size(), 0u);
    EXPECT_LT(text.size(), Handler::large);
    EXPECT_TRUE(client.is_closed());
}

TEST_F(ControlServerTest, a_long_answer_is_sent_as_fast_as_it_is_taken) {
    Client client = connect();
    client.send(ControlCommand::memory);
    std::string text;
    for (int i = 0; i < 1000 && !client.is_closed(); ++i) {
        server_.serve(handler_, now_ns_);
        text += client.received();
    }
    EXPECT_GT(text.size(), Handler::large);
    EXPECT_EQ(Json::parse(text)["ok"], true);
}

TEST_F(ControlServerTest, one_client_more_than_there_is_room_for_is_told_so) {
    std::vector<Client> clients;
    for (std::size_t i = 0; i < ControlServer::connections_max; ++i)
        clients.push_back(connect());
    serve();
    Client ninth = connect();
    serve();
    const Json reply = ninth.reply();
    EXPECT_EQ(reply.value("error", ""), "8 clients are being served; try again later");
    EXPECT_EQ(reply.value("exit_code", 0), 75);
    EXPECT_TRUE(ninth.is_closed());
    clients.pop_back();
    serve();
    expect_service();
    for (const Client& client : clients)
        client.send(ControlCommand::status);
    serve();
    for (Client& client : clients)
        EXPECT_EQ(client.reply().value("ok", false), true);
}

TEST_F(ControlServerTest, silent_clients_hold_their_places_no_longer_than_two_seconds) {
    std::vector<Client> clients;
    for (int i = 0; i < 50; ++i)
        clients.push_back(connect());
    serve();
    pass(ControlServer::patience_ns);
    expect_service();
}

TEST_F(ControlServerTest, an_answer_may_come_later_and_waits_without_limit) {
    Client client = connect();
    client.send(ControlCommand::save);
    serve();
    ASSERT_EQ(handler_.tickets.size(), 1u);
    for (int i = 0; i < 100; ++i)
        pass(second_ns);
    expect_service();
    EXPECT_EQ(client.received(), "");
    EXPECT_FALSE(client.is_closed());
    server_.reply(handler_.tickets[0], {{"ok", true}, {"games", 5}});
    EXPECT_EQ(client.reply().value("games", 0), 5);
    EXPECT_TRUE(client.is_closed());
    // A second answer to the same ticket goes nowhere, also when its place is taken again.
    Client other = connect();
    serve();
    server_.reply(handler_.tickets[0], {{"ok", true}});
    server_.reply(999, {{"ok", true}});
    EXPECT_EQ(other.received(), "");
}

TEST_F(ControlServerTest, a_client_that_only_waits_may_have_closed_its_sending_side) {
    Client client = connect();
    client.send(ControlCommand::save);
    client.end_sending();
    serve();
    pass(second_ns);
    server_.reply(handler_.tickets.at(0), {{"ok", true}});
    EXPECT_EQ(client.reply().value("ok", false), true);
}

TEST_F(ControlServerTest, an_answer_to_a_client_that_went_away_is_harmless) {
    {
        Client client = connect();
        client.send(ControlCommand::save);
        serve();
        client.hang_up();
        server_.reply(handler_.tickets.at(0), {{"ok", true}});  // before the server has noticed
    }
    Client again = connect();
    again.send(ControlCommand::save);
    serve();
    again.hang_up();
    serve();
    server_.reply(handler_.tickets.at(1), {{"ok", true}});
    // Their places are free again.
    std::vector<Client> clients;
    for (std::size_t i = 0; i < ControlServer::connections_max; ++i) {
        clients.push_back(connect());
        clients.back().send(ControlCommand::save);
    }
    serve();
    EXPECT_EQ(handler_.tickets.size(), 2 + ControlServer::connections_max);
}

TEST_F(ControlServerTest, what_the_handler_throws_becomes_the_answer) {
    Client refused = connect();
    refused.send(ControlCommand::stop);
    Client bug = connect();
    bug.send(ControlCommand::resume);
    serve();
    EXPECT_EQ(refused.received(),
              "{\"ok\":false,\"error\":\"no room for the checkpoint\",\"exit_code\":74}\n");
    EXPECT_EQ(bug.reply().value("exit_code", 0), 70);
    expect_service();
}

TEST_F(ControlServerTest, only_the_owner_may_connect) {
    struct stat status {};
    ASSERT_EQ(::stat((directory_ / control_socket_name).c_str(), &status), 0);
    EXPECT_TRUE(S_ISSOCK(status.st_mode));
    EXPECT_EQ(status.st_mode & 07777, 0600u);
    EXPECT_TRUE(may_control(1000, 1000));
    EXPECT_TRUE(may_control(0, 1000));
    EXPECT_FALSE(may_control(1001, 1000));
    EXPECT_FALSE(may_control(1000, 0));
}

TEST_F(ControlServerTest, another_user_is_turned_away_even_where_the_permissions_would_do) {
    ::chmod(directory_.path().c_str(), 0755);
    const auto error_of_nobody = [this] {
        return test::run_child([this] {
            if (::geteuid() == 0 && (::setgid(nobody) != 0 || ::setuid(nobody) != 0))
                return 255;
            return connect().error();
        });
    };
    if (::geteuid() != 0) {  // an ordinary user cannot become another one
        EXPECT_EQ(error_of_nobody(), 0);
        return;
    }
    EXPECT_EQ(error_of_nobody(), EACCES);
    ::chmod((directory_ / control_socket_name).c_str(), 0666);
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    const pid_t child = test::start_child([&] {
        if (::setgid(nobody) != 0 || ::setuid(nobody) != 0)
            return 2;
        Client client = connect();
        client.send(ControlCommand::stop);
        char go = 0;
        (void)!::write(ends[1], "x", 1);
        (void)!::read(ends[1], &go, 1);
        const Json reply = client.reply();
        return client.is_closed() && reply.value("exit_code", 0) == 77 ? 0 : 1;
    });
    ::close(ends[1]);  // if the child ends, nobody waits for it
    char come = 0;
    ASSERT_EQ(::read(ends[0], &come, 1), 1);
    serve();
    ASSERT_EQ(::write(ends[0], "x", 1), 1);
    EXPECT_EQ(test::wait_for(child), 0);
    EXPECT_EQ(handler_.requests.size(), 0u);
    ::close(ends[0]);
}

TEST_F(ControlServerTest, without_descriptors_it_rests_and_serves_later) {
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    Client client = connect();
    client.send(ControlCommand::status);
    const int lowest_free = ::dup(0);
    ::close(lowest_free);
    const rlimit none = {static_cast<rlim_t>(lowest_free), before.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
    server_.serve(handler_, now_ns_);
    EXPECT_FALSE(is_awaiting_service());
    ::setrlimit(RLIMIT_NOFILE, &before);
    pass(second_ns);
    EXPECT_EQ(client.reply().value("ok", false), true);
}

TEST_F(ControlServerTest, closing_hangs_up_and_removes_the_socket) {
    Client client = connect();
    client.send(ControlCommand::save);
    serve();
    server_.close();
    EXPECT_EQ(client.received(), "");
    EXPECT_TRUE(client.is_closed());
    EXPECT_FALSE(std::filesystem::exists(directory_ / control_socket_name));
    EXPECT_EQ(connect().error(), ENOENT);
    EXPECT_EQ(server_.descriptor(), -1);
    server_.serve(handler_, now_ns_);
    server_.reply(1, {{"ok", true}});
    server_.open(directory_.path());
    expect_service();
}

TEST(ControlSocket, what_a_run_that_died_left_behind_is_replaced) {
    const test::TempDirectory directory;
    EXPECT_EQ(test::run_child([&] {
                  // Not destroyed: the process ends as if it was killed.
                  auto* const server = new ControlServer;
                  server->open(directory.path());
                  return 0;
              }),
              0);
    ASSERT_TRUE(std::filesystem::exists(directory / control_socket_name));
    EXPECT_EQ(Client(directory.path()).error(), ECONNREFUSED);
    ControlServer server;
    server.open(directory.path());
    EXPECT_EQ(Client(directory.path()).error(), 0);
}

TEST(ControlSocket, works_in_a_directory_whose_path_is_longer_than_an_address) {
    const test::TempDirectory directory;
    std::string path = directory.path();
    for (int i = 0; i < 10; ++i)
        path += "/" + std::string(200, 'd');
    std::filesystem::create_directories(path);
    ControlServer server;
    server.open(path);
    EXPECT_EQ(Client(path).error(), 0);
}

TEST(ControlSocket, a_directory_that_has_no_place_for_it_is_refused_in_one_line) {
    const test::TempDirectory directory;
    const auto refusal = [](const std::string& state) -> std::string {
        ControlServer server;
        try {
            server.open(state);
        } catch (const Failure& failure) {
            EXPECT_EQ(server.descriptor(), -1);
            return failure.what();
        }
        return "";
    };
    EXPECT_NE(refusal(directory / "none").find("No such file or directory"), std::string::npos);
    std::ofstream(directory / control_socket_name) << "mine";
    EXPECT_NE(refusal(directory.path()).find("File exists"), std::string::npos);
    EXPECT_EQ(std::filesystem::file_size(directory / control_socket_name), 4u);
}

}  // namespace
}  // namespace kiln::app

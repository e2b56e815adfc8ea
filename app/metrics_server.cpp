#include "app/metrics_server.hpp"

#include <cerrno>
#include <cstring>
#include <ctime>
#include <exception>
#include <utility>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <unistd.h>

#include "app/http_request.hpp"
#include "app/metrics_text.hpp"

namespace kiln::app {
namespace {

std::uint16_t port_of(int descriptor) {
    sockaddr_storage storage{};
    socklen_t bytes = sizeof(storage);
    if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&storage), &bytes) != 0)
        return 0;
    if (storage.ss_family == AF_INET6) {
        sockaddr_in6 address{};
        std::memcpy(&address, &storage, sizeof(address));
        return ntohs(address.sin6_port);
    }
    sockaddr_in address{};
    std::memcpy(&address, &storage, sizeof(address));
    return ntohs(address.sin_port);
}

int listen_at(const NetworkAddress& address) {
    sockaddr_storage storage;
    const socklen_t bytes = address.fill(storage);
    const int listener = ::socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener < 0)
        return -1;
    // Connections of a run that just ended keep the address for a minute otherwise.
    const int on = 1;
    (void)::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (::bind(listener, reinterpret_cast<const sockaddr*>(&storage), bytes) == 0)
        return listener;
    const int number = errno;
    ::close(listener);
    errno = number;
    return -1;
}

std::int64_t seconds_since_1970() {
    return std::time(nullptr);
}

HttpResponse answer(const HttpRequest& request, const MetricsServer::Exposition& exposition) {
    HttpResponse response;
    response.is_persistent = request.is_persistent;
    response.is_body_left_out = request.method == "HEAD";
    if (request.method != "GET" && request.method != "HEAD") {
        response.status = 405;
        response.body = "only GET and HEAD are answered\n";
    } else if (request.path == "/metrics") {
        response.content_type = metrics_content_type;
        response.body = exposition();
    } else if (request.path == "/") {
        response.content_type = "text/html; charset=utf-8";
        response.body =
            "<!DOCTYPE html><title>Kiln</title><a href=\"/metrics\">The figures of this run</a>\n";
    } else {
        response.status = 404;
        response.body = "there is only /metrics\n";
    }
    return response;
}

}  // namespace

bool MetricsServer::open(const NetworkAddress& address) {
    const int listener = listen_at(address);
    if (listener < 0)
        return false;
    NetworkAddress bound = address;
    bound.port = port_of(listener);
    url_ = fmt::format("http://{}/metrics", bound.text());
    return stream_.open(listener);
}

class MetricsServer::Protocol final : public StreamProtocol {
  public:
    Protocol(StreamServer& stream, const Exposition& exposition)
        : stream_(stream), exposition_(exposition) {}

    std::string turn_away(int) override { return ""; }

    std::string no_place() override {
        HttpResponse response;
        response.status = 503;
        response.body = fmt::format("{} clients are being served; try again later\n",
                                    StreamServer::connections_max);
        return http_text(response, seconds_since_1970());
    }

    Taken take(std::string& input, bool is_end, StreamTicket ticket) override {
        const HttpParse parsed = take_http_request(input);
        if (std::holds_alternative<HttpIncomplete>(parsed))
            return is_end ? Taken::hang_up : Taken::nothing;
        const HttpResponse response = respond(parsed);
        stream_.reply(ticket, http_text(response, seconds_since_1970()),
                      response.is_persistent && !is_end ? StreamServer::After::next_request
                                                        : StreamServer::After::hang_up);
        return Taken::request;
    }

  private:
    HttpResponse respond(const HttpParse& parsed) const {
        HttpResponse response;
        if (const auto* const refusal = std::get_if<HttpRefusal>(&parsed)) {
            response.status = refusal->status;
            response.body = fmt::format("{}\n", refusal->reason);
            return response;
        }
        try {
            return answer(std::get<HttpRequest>(parsed), exposition_);
        } catch (const std::exception& error) {
            response.status = 500;
            response.body = fmt::format("{}\n", error.what());
            return response;
        }
    }

    StreamServer& stream_;
    const Exposition& exposition_;
};

void MetricsServer::serve(const Exposition& exposition, std::uint64_t now_ns) {
    Protocol protocol(stream_, exposition);
    stream_.serve(protocol, now_ns);
}

}  // namespace kiln::app

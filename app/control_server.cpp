#include "app/control_server.hpp"

#include <cerrno>
#include <cstring>
#include <exception>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/failure.hpp"
#include "platform/linux/errno_error.hpp"

namespace kiln::app {
namespace {

Failure no_socket(const std::string& state, int number) {
    return Failure(exit_code_of(platform::error_from_errno(number)),
                   fmt::format("--state: no control socket in {}: {}; kiln status and the like "
                               "cannot reach this run",
                               state, std::strerror(number)));
}

bool is_socket(int directory, const char* name) {
    struct stat status {};
    return ::fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISSOCK(status.st_mode);
}

bool bind_to(int descriptor, const sockaddr_un& address) {
    return ::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
}

// Takes the name, also from a run that died: its lock on the directory is ours now.
bool bind_in(int directory, int descriptor) {
    const sockaddr_un address = control_address(directory);
    if (bind_to(descriptor, address))
        return true;
    if (errno != EADDRINUSE)
        return false;
    if (!is_socket(directory, control_socket_name)) {
        errno = EEXIST;
        return false;
    }
    return ::unlinkat(directory, control_socket_name, 0) == 0 && bind_to(descriptor, address);
}

}  // namespace

bool may_control(std::uint32_t peer, std::uint32_t owner) {
    return peer == owner || peer == 0;
}

void ControlServer::open(const std::string& state) {
    close();
    const auto give_up = [&] {
        const int number = errno;
        close();
        return no_socket(state, number);
    };
    directory_ = ::open(state.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (directory_ < 0)
        throw give_up();
    const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener < 0)
        throw give_up();
    // Before bind(), which makes the file with these permissions: there is no moment without them.
    if (::fchmod(listener, 0600) != 0 || !bind_in(directory_, listener)) {
        const int number = errno;
        ::close(listener);
        errno = number;
        throw give_up();
    }
    if (!stream_.open(listener)) {
        const int number = errno;
        (void)::unlinkat(directory_, control_socket_name, 0);
        errno = number;
        throw give_up();
    }
}

void ControlServer::close() {
    if (stream_.descriptor() >= 0)
        (void)::unlinkat(directory_, control_socket_name, 0);
    stream_.close();
    if (directory_ >= 0)
        ::close(directory_);
    directory_ = -1;
}

// Lines of JSON, one a connection.
class ControlServer::Protocol final : public StreamProtocol {
  public:
    Protocol(ControlServer& server, ControlHandler& handler) : server_(server), handler_(handler) {}

    std::string turn_away(int descriptor) override {
        ucred peer{};
        socklen_t bytes = sizeof(peer);
        if (::getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) == 0 &&
            may_control(peer.uid, ::geteuid()))
            return "";
        return dump_line(error_reply("only the user who started the run may control it",
                                     ExitCode::permission)) +
               "\n";
    }

    std::string no_place() override {
        return dump_line(error_reply(
                   fmt::format("{} clients are being served; try again later", connections_max))) +
               "\n";
    }

    Taken take(std::string& input, bool is_end, StreamTicket ticket) override {
        const std::size_t end = input.find('\n');
        if (end == std::string::npos && !is_end && input.size() <= request_bytes_max)
            return Taken::nothing;
        const std::string line = input.substr(0, end);
        input.clear();
        if (end == std::string::npos && is_end) {
            server_.reply(ticket,
                          error_reply("the request ends before its line does", ExitCode::usage));
            return Taken::request;
        }
        const auto parsed = parse_request(line);
        if (const auto* const complaint = std::get_if<std::string>(&parsed))
            server_.reply(ticket, error_reply(*complaint, ExitCode::usage));
        else
            server_.dispatch(handler_, std::get<Request>(parsed), ticket);
        return Taken::request;
    }

  private:
    ControlServer& server_;
    ControlHandler& handler_;
};

void ControlServer::serve(ControlHandler& handler, std::uint64_t now_ns) {
    Protocol protocol(*this, handler);
    stream_.serve(protocol, now_ns);
}

void ControlServer::dispatch(ControlHandler& handler, const Request& request,
                             ControlTicket ticket) {
    std::optional<Json> answer;
    try {
        answer = handler.answer(request, ticket);
    } catch (const Failure& failure) {
        answer = error_reply(failure.what(), failure.exit_code());
    } catch (const std::exception& error) {
        answer = error_reply(error.what(), ExitCode::internal);
    }
    if (answer)
        reply(ticket, *answer);
}

void ControlServer::reply(ControlTicket ticket, const Json& json) {
    stream_.reply(ticket, dump_line(json) + "\n");
}

}  // namespace kiln::app

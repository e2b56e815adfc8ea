#include "app/control_server.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/failure.hpp"
#include "platform/linux/errno_error.hpp"

namespace kiln::app {
namespace {

constexpr int backlog = 16;                           // clients that wait to be accepted
constexpr int accepts_max = 16;                       // in one call of serve()
constexpr std::uint64_t deaf_for_ns = 1'000'000'000;  // before accepting is tried again
constexpr ControlTicket listener_ticket = 0;

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

// A line to a client that is not served; it fits the buffer of a new socket.
void turn_away(int descriptor, const Json& json) {
    const std::string line = dump_line(json) + "\n";
    (void)::send(descriptor, line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    ::close(descriptor);
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
    listener_ = listener;
    epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ < 0 || ::listen(listener_, backlog) != 0 ||
        !watch(EPOLL_CTL_ADD, listener_, EPOLLIN, listener_ticket))
        throw give_up();
}

void ControlServer::close() {
    for (Connection& connection : connections_)
        drop(connection);
    if (listener_ >= 0)
        (void)::unlinkat(directory_, control_socket_name, 0);
    for (int* descriptor : {&listener_, &epoll_, &directory_}) {
        if (*descriptor >= 0)
            ::close(*descriptor);
        *descriptor = -1;
    }
    deaf_until_ns_ = 0;
}

bool ControlServer::watch(int operation, int descriptor, std::uint32_t events,
                          ControlTicket ticket) {
    epoll_event event{};
    event.events = events;
    event.data.u64 = ticket;
    return ::epoll_ctl(epoll_, operation, descriptor, &event) == 0;
}

ControlServer::Connection* ControlServer::find(ControlTicket ticket) {
    for (Connection& connection : connections_)
        if (connection.phase != Phase::free && connection.ticket == ticket)
            return &connection;
    return nullptr;
}

void ControlServer::serve(ControlHandler& handler, std::uint64_t now_ns) {
    if (epoll_ < 0)
        return;
    now_ns_ = now_ns;
    if (deaf_until_ns_ != 0 && now_ns >= deaf_until_ns_ &&
        watch(EPOLL_CTL_MOD, listener_, EPOLLIN, listener_ticket))
        deaf_until_ns_ = 0;
    epoll_event events[connections_max + 1];
    const int count = ::epoll_wait(epoll_, events, connections_max + 1, 0);
    for (int i = 0; i < count; ++i) {
        const ControlTicket ticket = events[i].data.u64;
        if (ticket == listener_ticket)
            accept_some();
        else if (Connection* const connection = find(ticket))
            advance(*connection, handler);
    }
    drop_late();
}

void ControlServer::accept_some() {
    for (int i = 0; i < accepts_max; ++i) {
        const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (descriptor >= 0) {
            admit(descriptor);
        } else if (errno == EAGAIN) {
            return;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            // No descriptors or no memory. The client stays in the queue, which would keep our
            // descriptor readable and the supervisor busy.
            (void)watch(EPOLL_CTL_MOD, listener_, 0, listener_ticket);
            deaf_until_ns_ = now_ns_ + deaf_for_ns;
            return;
        }
    }
}

void ControlServer::admit(int descriptor) {
    ucred peer{};
    socklen_t bytes = sizeof(peer);
    if (::getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) != 0 ||
        !may_control(peer.uid, ::geteuid()))
        return turn_away(descriptor, error_reply("only the user who started the run may control it",
                                                 ExitCode::permission));
    const auto place =
        std::find_if(connections_.begin(), connections_.end(),
                     [](const Connection& connection) { return connection.phase == Phase::free; });
    if (place == connections_.end())
        return turn_away(descriptor,
                         error_reply(fmt::format("{} clients are being served; try again later",
                                                 connections_max)));
    const ControlTicket ticket = ++last_ticket_;
    if (!watch(EPOLL_CTL_ADD, descriptor, EPOLLIN, ticket)) {
        ::close(descriptor);
        return;
    }
    *place = {Phase::reading, descriptor, ticket, now_ns_ + patience_ns, ""};
}

// Something can be read or written, or the other end is gone.
void ControlServer::advance(Connection& connection, ControlHandler& handler) {
    switch (connection.phase) {
        case Phase::reading:
            return read_request(connection, handler);
        case Phase::waiting:
            return drop(connection);  // nothing is watched then but its going
        case Phase::writing:
            return write_rest(connection);
        case Phase::free:
            return;
    }
}

void ControlServer::read_request(Connection& connection, ControlHandler& handler) {
    char bytes[request_bytes_max + 1];
    const ssize_t count = ::recv(connection.descriptor, bytes, sizeof(bytes), MSG_DONTWAIT);
    if (count < 0) {
        if (errno != EAGAIN && errno != EINTR)
            drop(connection);
        return;
    }
    connection.buffer.append(bytes, static_cast<std::size_t>(count));
    const std::size_t end = connection.buffer.find('\n');
    if (end == std::string::npos && count > 0 && connection.buffer.size() <= request_bytes_max)
        return;  // the rest is still to come
    if (end == std::string::npos && count == 0)
        return start_writing(connection,
                             error_reply("the request ends before its line does", ExitCode::usage));
    const auto parsed = parse_request(std::string_view(connection.buffer).substr(0, end));
    if (const auto* const complaint = std::get_if<std::string>(&parsed))
        return start_writing(connection, error_reply(*complaint, ExitCode::usage));
    dispatch(connection, handler, std::get<Request>(parsed));
}

void ControlServer::dispatch(Connection& connection, ControlHandler& handler,
                             const Request& request) {
    // From here on whatever else it sends is not read. The kernel still tells when it goes.
    connection.phase = Phase::waiting;
    connection.buffer.clear();
    const ControlTicket ticket = connection.ticket;
    (void)watch(EPOLL_CTL_MOD, connection.descriptor, 0, ticket);
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
    Connection* const connection = find(ticket);
    if (connection != nullptr && connection->phase == Phase::waiting)
        start_writing(*connection, json);
}

void ControlServer::start_writing(Connection& connection, const Json& json) {
    connection.phase = Phase::writing;
    connection.buffer = dump_line(json) + "\n";
    connection.deadline_ns = now_ns_ + patience_ns;
    (void)watch(EPOLL_CTL_MOD, connection.descriptor, EPOLLOUT, connection.ticket);
    write_rest(connection);
}

void ControlServer::write_rest(Connection& connection) {
    const ssize_t count = ::send(connection.descriptor, connection.buffer.data(),
                                 connection.buffer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (count < 0)
        return drop(connection);
    connection.buffer.erase(0, static_cast<std::size_t>(count));
    if (connection.buffer.empty())
        drop(connection);
}

void ControlServer::drop(Connection& connection) {
    if (connection.descriptor >= 0)
        ::close(connection.descriptor);
    connection = Connection();
}

void ControlServer::drop_late() {
    for (Connection& connection : connections_)
        if ((connection.phase == Phase::reading || connection.phase == Phase::writing) &&
            now_ns_ >= connection.deadline_ns)
            drop(connection);
}

}  // namespace kiln::app

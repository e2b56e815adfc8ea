#include "app/stream_server.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace kiln::app {
namespace {

constexpr int backlog = 16;                           // clients that wait to be accepted
constexpr int accepts_max = 16;                       // in one call of serve()
constexpr std::uint64_t deaf_for_ns = 1'000'000'000;  // before accepting is tried again
constexpr StreamTicket listener_ticket = 0;
constexpr std::size_t read_bytes = 4096;  // of one client in one call of serve()

// A line to a client that is not served; it fits the buffer of a new socket.
void send_away(int descriptor, const std::string& line) {
    (void)::send(descriptor, line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    ::close(descriptor);
}

bool is_transient(int number) {
    return number == EAGAIN || number == EINTR;
}

}  // namespace

bool StreamServer::open(int listener) {
    close();
    listener_ = listener;
    epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ >= 0 && ::listen(listener_, backlog) == 0 &&
        watch(EPOLL_CTL_ADD, listener_, EPOLLIN, listener_ticket))
        return true;
    const int number = errno;
    close();
    errno = number;
    return false;
}

void StreamServer::close() {
    for (Connection& connection : connections_)
        drop(connection);
    for (int* descriptor : {&listener_, &epoll_}) {
        if (*descriptor >= 0)
            ::close(*descriptor);
        *descriptor = -1;
    }
    deaf_until_ns_ = 0;
}

bool StreamServer::watch(int operation, int descriptor, std::uint32_t events, StreamTicket ticket) {
    epoll_event event{};
    event.events = events;
    event.data.u64 = ticket;
    return ::epoll_ctl(epoll_, operation, descriptor, &event) == 0;
}

void StreamServer::watch_for(const Connection& connection, std::uint32_t events) {
    (void)watch(EPOLL_CTL_MOD, connection.descriptor, events, connection.ticket);
}

StreamServer::Connection* StreamServer::find(StreamTicket ticket) {
    for (Connection& connection : connections_)
        if (connection.phase != Phase::free && connection.ticket == ticket)
            return &connection;
    return nullptr;
}

void StreamServer::serve(StreamProtocol& protocol, std::uint64_t now_ns) {
    if (epoll_ < 0)
        return;
    now_ns_ = now_ns;
    if (deaf_until_ns_ != 0 && now_ns >= deaf_until_ns_ &&
        watch(EPOLL_CTL_MOD, listener_, EPOLLIN, listener_ticket))
        deaf_until_ns_ = 0;
    epoll_event events[connections_max + 1];
    const int count = ::epoll_wait(epoll_, events, connections_max + 1, 0);
    for (int i = 0; i < count; ++i) {
        const StreamTicket ticket = events[i].data.u64;
        if (ticket == listener_ticket)
            accept_some(protocol);
        else if (Connection* const connection = find(ticket))
            advance(*connection, protocol);
    }
    drop_late();
}

void StreamServer::accept_some(StreamProtocol& protocol) {
    for (int i = 0; i < accepts_max; ++i) {
        const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (descriptor >= 0) {
            admit(descriptor, protocol);
        } else if (errno == EAGAIN) {
            return;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            // No descriptors or no memory. The client stays in the queue, which would keep our
            // descriptor readable and the loop busy.
            (void)watch(EPOLL_CTL_MOD, listener_, 0, listener_ticket);
            deaf_until_ns_ = now_ns_ + deaf_for_ns;
            return;
        }
    }
}

void StreamServer::admit(int descriptor, StreamProtocol& protocol) {
    if (const std::string reason = protocol.turn_away(descriptor); !reason.empty())
        return send_away(descriptor, reason);
    Connection* const place = find_place();
    if (place == nullptr)
        return send_away(descriptor, protocol.no_place());
    drop(*place);
    const StreamTicket ticket = ++last_ticket_;
    if (!watch(EPOLL_CTL_ADD, descriptor, EPOLLIN, ticket)) {
        ::close(descriptor);
        return;
    }
    place->phase = Phase::reading;
    place->descriptor = descriptor;
    place->ticket = ticket;
    place->deadline_ns = now_ns_ + patience_ns;
}

// A free one, or else one whose client has its answer.
StreamServer::Connection* StreamServer::find_place() {
    Connection* best = nullptr;
    for (Connection& connection : connections_) {
        if (connection.phase == Phase::free)
            return &connection;
        if (connection.phase != Phase::draining && connection.phase != Phase::idle)
            continue;
        if (best == nullptr || connection.deadline_ns < best->deadline_ns)
            best = &connection;
    }
    return best;
}

// Something can be read or written, or the other end is gone.
void StreamServer::advance(Connection& connection, StreamProtocol& protocol) {
    switch (connection.phase) {
        case Phase::idle:
        case Phase::reading:
            return read_some(connection, protocol);
        case Phase::pending:
            return offer(connection, protocol, false);
        case Phase::waiting:
            return drop(connection);  // nothing is watched then but its going
        case Phase::writing:
            return write_rest(connection);
        case Phase::draining:
            return drain(connection);
        case Phase::free:
            return;
    }
}

void StreamServer::read_some(Connection& connection, StreamProtocol& protocol) {
    char bytes[read_bytes];
    const ssize_t count = ::recv(connection.descriptor, bytes, sizeof(bytes), MSG_DONTWAIT);
    if (count < 0) {
        if (!is_transient(errno))
            drop(connection);
        return;
    }
    if (connection.phase == Phase::idle)
        connection.deadline_ns = now_ns_ + patience_ns;
    connection.input.append(bytes, static_cast<std::size_t>(count));
    offer(connection, protocol, count == 0);
}

void StreamServer::offer(Connection& connection, StreamProtocol& protocol, bool is_end) {
    const bool was_pending = connection.phase == Phase::pending;
    // From here on whatever else it sends is not read. The kernel still tells when it goes.
    connection.phase = Phase::waiting;
    switch (protocol.take(connection.input, is_end, connection.ticket)) {
        case StreamProtocol::Taken::request:
            if (connection.phase == Phase::waiting)
                watch_for(connection, 0);
            return;
        case StreamProtocol::Taken::hang_up:
            return drop(connection);
        case StreamProtocol::Taken::nothing:
            if (is_end)
                return drop(connection);
            connection.phase = Phase::reading;
            if (was_pending)
                watch_for(connection, EPOLLIN);
            return;
    }
}

void StreamServer::reply(StreamTicket ticket, std::string answer, After after) {
    Connection* const connection = find(ticket);
    if (connection == nullptr || connection->phase != Phase::waiting)
        return;
    connection->phase = Phase::writing;
    connection->output = std::move(answer);
    connection->written = 0;
    connection->after = after;
    connection->deadline_ns = now_ns_ + patience_ns;
    watch_for(*connection, EPOLLOUT);
    write_rest(*connection);
}

void StreamServer::write_rest(Connection& connection) {
    const ssize_t count =
        ::send(connection.descriptor, connection.output.data() + connection.written,
               connection.output.size() - connection.written, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && is_transient(errno))
        return;
    if (count < 0)
        return drop(connection);
    connection.written += static_cast<std::size_t>(count);
    if (connection.written == connection.output.size())
        end_answer(connection);
}

void StreamServer::end_answer(Connection& connection) {
    connection.output = std::string();  // gives the memory back
    if (connection.after == After::hang_up) {
        (void)::shutdown(connection.descriptor, SHUT_WR);
        connection.phase = Phase::draining;
        connection.deadline_ns = now_ns_ + patience_ns;
        return watch_for(connection, EPOLLIN);
    }
    if (!connection.input.empty()) {
        // In the next call of serve(), so that nobody waits for one who asks without end.
        connection.phase = Phase::pending;
        connection.deadline_ns = now_ns_ + patience_ns;
        return watch_for(connection, EPOLLOUT);
    }
    connection.phase = Phase::idle;
    connection.deadline_ns = now_ns_ + idle_ns;
    watch_for(connection, EPOLLIN);
}

void StreamServer::drain(Connection& connection) {
    char bytes[read_bytes];
    const ssize_t count = ::recv(connection.descriptor, bytes, sizeof(bytes), MSG_DONTWAIT);
    if (count == 0 || (count < 0 && !is_transient(errno)))
        drop(connection);
}

void StreamServer::drop(Connection& connection) {
    if (connection.descriptor >= 0)
        ::close(connection.descriptor);
    connection = Connection();
}

void StreamServer::drop_late() {
    for (Connection& connection : connections_)
        if (connection.phase != Phase::free && connection.phase != Phase::waiting &&
            now_ns_ >= connection.deadline_ns)
            drop(connection);
}

}  // namespace kiln::app

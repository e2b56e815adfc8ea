// ControlServer: answers clients of a run on <state>/control.sock (see control_protocol.hpp).
//
// It never waits: the supervisor polls descriptor() among its own and calls serve() when that is
// readable, and at least once a second for the clients that are late. A client has `patience_ns`
// to send its request and as long to take its answer; up to `connections_max` are served at once
// and one more is told so. What a client sends or does not send harms nobody but itself.
//
// An answer may come later: the handler returns nothing, keeps the ticket and calls reply() when
// there is something to say. A client that has gone by then is no error.
//
// The socket is the owner's alone, by its permissions and by asking the kernel who is calling. What
// is left of the socket of a run that died is replaced, so the caller must hold the lock of the
// state directory. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "app/control_protocol.hpp"

namespace kiln::app {

using ControlTicket = std::uint64_t;  // never used twice

class ControlHandler {
  public:
    // The answer, or nothing: reply() will bring it. A Failure becomes the answer.
    virtual std::optional<Json> answer(const Request& request, ControlTicket ticket) = 0;

  protected:
    ~ControlHandler() = default;
};

class ControlServer {
  public:
    static constexpr std::size_t connections_max = 8;
    static constexpr std::uint64_t patience_ns = 2'000'000'000;

    ControlServer() = default;
    ~ControlServer() { close(); }
    ControlServer(const ControlServer&) = delete;
    ControlServer& operator=(const ControlServer&) = delete;

    // Throws when no socket is to be had in the directory; a run goes on without one.
    void open(const std::string& state);
    // Hangs up and removes the socket.
    void close();

    int descriptor() const { return epoll_; }  // -1 when not open
    // `now_ns` is monotonic.
    void serve(ControlHandler& handler, std::uint64_t now_ns);
    void reply(ControlTicket ticket, const Json& json);

  private:
    enum class Phase { free, reading, waiting, writing };
    struct Connection {
        Phase phase = Phase::free;
        int descriptor = -1;
        ControlTicket ticket = 0;
        std::uint64_t deadline_ns = 0;  // for reading and for writing
        std::string buffer;             // what has come of the request; what remains of the answer
    };

    void accept_some();
    void admit(int descriptor);
    void advance(Connection& connection, ControlHandler& handler);
    void read_request(Connection& connection, ControlHandler& handler);
    void dispatch(Connection& connection, ControlHandler& handler, const Request& request);
    void start_writing(Connection& connection, const Json& json);
    void write_rest(Connection& connection);
    void drop(Connection& connection);
    void drop_late();
    bool watch(int operation, int descriptor, std::uint32_t events, ControlTicket ticket);
    Connection* find(ControlTicket ticket);

    int directory_ = -1;
    int listener_ = -1;
    int epoll_ = -1;
    std::array<Connection, connections_max> connections_;
    ControlTicket last_ticket_ = 0;  // 0 stands for the listener
    std::uint64_t now_ns_ = 0;
    std::uint64_t deaf_until_ns_ = 0;  // no descriptors were left to accept with; 0: listening
};

// Whether a run of `owner` takes orders from a process of `peer`.
bool may_control(std::uint32_t peer, std::uint32_t owner);

}  // namespace kiln::app

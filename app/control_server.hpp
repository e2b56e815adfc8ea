// ControlServer: answers clients of a run on <state>/control.sock (see control_protocol.hpp).
//
// It never waits: see stream_server.hpp, whose limits hold. A connection is one request and one
// answer, which may come later: the handler returns nothing, keeps the ticket and calls reply()
// when there is something to say.
//
// The socket is the owner's alone, by its permissions and by asking the kernel who is calling. What
// is left of the socket of a run that died is replaced, so the caller must hold the lock of the
// state directory. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "app/control_protocol.hpp"
#include "app/stream_server.hpp"

namespace kiln::app {

using ControlTicket = StreamTicket;

class ControlHandler {
  public:
    // The answer, or nothing: reply() will bring it. A Failure becomes the answer.
    virtual std::optional<Json> answer(const Request& request, ControlTicket ticket) = 0;

  protected:
    ~ControlHandler() = default;
};

class ControlServer {
  public:
    static constexpr std::size_t connections_max = StreamServer::connections_max;
    static constexpr std::uint64_t patience_ns = StreamServer::patience_ns;

    ControlServer() = default;
    ~ControlServer() { close(); }
    ControlServer(const ControlServer&) = delete;
    ControlServer& operator=(const ControlServer&) = delete;

    // Throws when no socket is to be had in the directory; a run goes on without one.
    void open(const std::string& state);
    // Hangs up and removes the socket.
    void close();

    int descriptor() const { return stream_.descriptor(); }  // -1 when not open
    // `now_ns` is monotonic.
    void serve(ControlHandler& handler, std::uint64_t now_ns);
    void reply(ControlTicket ticket, const Json& json);

  private:
    class Protocol;

    void dispatch(ControlHandler& handler, const Request& request, ControlTicket ticket);

    int directory_ = -1;
    StreamServer stream_;
};

// Whether a run of `owner` takes orders from a process of `peer`.
bool may_control(std::uint32_t peer, std::uint32_t owner);

}  // namespace kiln::app

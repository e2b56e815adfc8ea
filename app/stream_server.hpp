// StreamServer: the clients of a listening stream socket, served from a poll loop without waiting.
//
// The loop polls descriptor() among its own and calls serve() when that is readable, and at least
// once a second for the clients that are late. What a request is and what it is answered is up to a
// StreamProtocol; here are the connections. A client has `patience_ns` to send a request, as long
// to take its answer, and between two requests of one connection `idle_ns`. Up to `connections_max`
// are served at once; one more takes the place of one that is done or idle, else it is turned away.
// What a client sends or does not send harms nobody but itself.
//
// A connection ends in order: after the last answer nothing more is sent, and what still comes is
// thrown away until the client hangs up too, because hanging up on unread bytes may destroy the
// answer on its way (RFC 9112, 9.6).
//
// An answer may come later: reply() with the request's ticket. A client that has gone by then is no
// error. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace kiln::app {

using StreamTicket = std::uint64_t;  // of a connection; never used twice

class StreamProtocol {
  public:
    // What to tell a client that may not be served; empty: it may.
    virtual std::string turn_away(int descriptor) = 0;
    // What to tell one that there is no place for.
    virtual std::string no_place() = 0;

    enum class Taken {
        nothing,  // more has to come; an input that is too long for that must be answered instead
        request,  // from the front of the input, before reply() is called: now or later
        hang_up,
    };
    // `input` is what has come and was not taken; is_end: nothing will follow.
    virtual Taken take(std::string& input, bool is_end, StreamTicket ticket) = 0;

  protected:
    ~StreamProtocol() = default;
};

class StreamServer {
  public:
    static constexpr std::size_t connections_max = 8;
    static constexpr std::uint64_t patience_ns = 2'000'000'000;
    static constexpr std::uint64_t idle_ns = 120'000'000'000;

    enum class After { hang_up, next_request };

    StreamServer() = default;
    ~StreamServer() { close(); }
    StreamServer(const StreamServer&) = delete;
    StreamServer& operator=(const StreamServer&) = delete;

    // `listener` is bound, does not block and belongs to the server from now on, also if this
    // fails: false, with errno.
    bool open(int listener);
    void close();

    int descriptor() const { return epoll_; }  // -1 when not open
    // `now_ns` is monotonic.
    void serve(StreamProtocol& protocol, std::uint64_t now_ns);
    void reply(StreamTicket ticket, std::string answer, After after = After::hang_up);

  private:
    enum class Phase {
        free,
        idle,      // between two requests
        reading,   // a request, from its first byte on; the first one from the beginning
        pending,   // the next request may have come together with the one before
        waiting,   // for reply()
        writing,   //
        draining,  // all is said; until the client hangs up too
    };
    struct Connection {
        Phase phase = Phase::free;
        int descriptor = -1;
        StreamTicket ticket = 0;
        std::uint64_t deadline_ns = 0;  // in every phase but waiting
        std::string input;              // what has come and was not taken
        std::string output;
        std::size_t written = 0;  // bytes of the output
        After after = After::hang_up;
    };

    void accept_some(StreamProtocol& protocol);
    void admit(int descriptor, StreamProtocol& protocol);
    Connection* find_place();
    void advance(Connection& connection, StreamProtocol& protocol);
    void read_some(Connection& connection, StreamProtocol& protocol);
    void offer(Connection& connection, StreamProtocol& protocol, bool is_end);
    void write_rest(Connection& connection);
    void end_answer(Connection& connection);
    void drain(Connection& connection);
    void drop(Connection& connection);
    void drop_late();
    bool watch(int operation, int descriptor, std::uint32_t events, StreamTicket ticket);
    void watch_for(const Connection& connection, std::uint32_t events);
    Connection* find(StreamTicket ticket);

    int listener_ = -1;
    int epoll_ = -1;
    std::array<Connection, connections_max> connections_;
    StreamTicket last_ticket_ = 0;  // 0 stands for the listener
    std::uint64_t now_ns_ = 0;
    std::uint64_t deaf_until_ns_ = 0;  // no descriptors were left to accept with; 0: listening
};

}  // namespace kiln::app

#include "app/control_client.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "app/failure.hpp"
#include "app/text.hpp"
#include "platform/linux/errno_error.hpp"

namespace kiln::app {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double silence_seconds = 1;  // before the user hears that there is something to wait for

struct Descriptor {
    explicit Descriptor(int opened) : number(opened) {}
    ~Descriptor() {
        if (number >= 0)
            ::close(number);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;

    int number;
};

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

Failure cannot_reach(const std::string& state, int number) {
    const ExitCode code = exit_code_of(platform::error_from_errno(number));
    if (code == ExitCode::permission)
        return Failure(code, fmt::format("--state: the run in {} is another user's; only that user "
                                         "and root may ask it",
                                         state));
    return Failure(code, fmt::format("--state: cannot reach a run in {}: {}; give the state "
                                     "directory of a run",
                                     state, std::strerror(number)));
}

Failure no_answer(const std::string& state, double patience_seconds) {
    return Failure(ExitCode::try_again,
                   fmt::format("the run in {} did not answer within {}; try again, or look into "
                               "its log",
                               state, format_duration(patience_seconds)));
}

// False: nobody listens there.
bool connect_to(int directory, int descriptor, const std::string& state, double patience_seconds) {
    // Also how long connect() waits for a place in the queue.
    const timeval patience = {std::max<time_t>(1, std::lround(patience_seconds)), 0};
    if (patience_seconds > 0)
        (void)::setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    else
        (void)::fcntl(descriptor, F_SETFL, O_NONBLOCK);
    const sockaddr_un address = control_address(directory);
    while (::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) !=
           0) {
        if (errno == EINTR)
            continue;
        if (errno == ENOENT || errno == ECONNREFUSED)
            return false;
        if (errno == EAGAIN && patience_seconds <= 0)
            throw Failure(ExitCode::try_again,
                          fmt::format("the run in {} leaves too many questions unanswered", state));
        throw errno == EAGAIN ? no_answer(state, patience_seconds) : cannot_reach(state, errno);
    }
    return true;
}

ExitCode exit_code_in(const Json& reply) {
    const auto found = reply.find("exit_code");
    if (found == reply.end() || !found->is_number_integer())
        return ExitCode::try_again;
    const auto number = found->get<std::int64_t>();
    const bool is_ours =
        number == static_cast<int>(ExitCode::usage) || (number > 64 && number < 79);
    return is_ours ? static_cast<ExitCode>(number) : ExitCode::try_again;
}

}  // namespace

PendingAnswer::PendingAnswer(const std::string& state, const Request& request,
                             double patience_seconds)
    : state_(state) {
    const Descriptor directory(::open(state.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (directory.number < 0)
        throw cannot_reach(state, errno);
    Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (socket.number < 0)
        throw cannot_reach(state, errno);
    is_absent_ = !connect_to(directory.number, socket.number, state, patience_seconds);
    if (is_absent_)
        return;
    // Whoever was turned away at the door cannot send any more, but has an answer waiting.
    const std::string line = request_line(request);
    (void)::send(socket.number, line.data(), line.size(), MSG_NOSIGNAL);
    socket_ = std::exchange(socket.number, -1);
}

PendingAnswer::~PendingAnswer() {
    if (socket_ >= 0)
        ::close(socket_);
}

std::optional<Json> PendingAnswer::take() {
    while (line_.size() <= reply_bytes_max) {
        char bytes[4096];
        const ssize_t count = ::recv(socket_, bytes, sizeof(bytes), MSG_DONTWAIT);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0 && errno == EAGAIN)
            return std::nullopt;
        if (count <= 0)
            return parse(line_);
        line_.append(bytes, static_cast<std::size_t>(count));
        if (const std::size_t end = line_.find('\n'); end != std::string::npos)
            return parse(line_.substr(0, end));
    }
    return parse("");
}

Json PendingAnswer::parse(const std::string& line) const {
    Json reply = Json::parse(line, nullptr, false);
    if (!reply.is_object() || !reply.contains("ok") || !reply["ok"].is_boolean())
        throw Failure(ExitCode::try_again,
                      fmt::format("the run in {} ended before it answered; `kiln status` tells "
                                  "what there is",
                                  state_));
    if (!reply["ok"].get<bool>())
        throw Failure(exit_code_in(reply),
                      on_one_line(reply.contains("error") && reply["error"].is_string()
                                      ? reply["error"].get<std::string>()
                                      : "the run refused, without a reason"));
    return reply;
}

std::optional<Json> ask_run(const std::string& state, const Request& request,
                            double patience_seconds, const std::function<void()>& waiting) {
    PendingAnswer pending(state, request, patience_seconds);
    if (pending.is_absent())
        return std::nullopt;
    const Clock::time_point start = Clock::now();
    bool is_told = !waiting;
    for (;;) {
        const double waited = seconds_since(start);
        if (waited >= patience_seconds)
            throw no_answer(state, patience_seconds);
        if (!is_told && waited >= silence_seconds) {
            waiting();
            is_told = true;
        }
        const double until = is_told ? patience_seconds : std::min(patience_seconds, 1.0);
        pollfd readable = {pending.descriptor(), POLLIN, 0};
        const int timeout_ms = static_cast<int>(std::min((until - waited) * 1000, 60'000.0)) + 1;
        if (::poll(&readable, 1, timeout_ms) <= 0)
            continue;
        if (auto reply = pending.take())
            return reply;
    }
}

}  // namespace kiln::app

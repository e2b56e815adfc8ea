#include "platform/linux/service_notify.hpp"

#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <optional>

#include <unistd.h>

#include "platform/linux/errno_error.hpp"

namespace kiln::platform {
namespace {

std::string take_from_environment(const char* name) {
    const char* const value = std::getenv(name);
    std::string text = value == nullptr ? "" : value;
    (void)::unsetenv(name);
    return text;
}

std::optional<std::uint64_t> parse_number(const std::string& text) {
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, number);
    if (parsed.ec != std::errc{} || parsed.ptr != end)
        return std::nullopt;
    return number;
}

// The watchdog is meant for one process; one that is not it has no business with it.
std::uint64_t watchdog_from(const std::string& microseconds, const std::string& process) {
    if (!process.empty() && parse_number(process) != static_cast<std::uint64_t>(::getpid()))
        return 0;
    constexpr std::uint64_t limit = std::numeric_limits<std::uint64_t>::max() / 1000;
    const std::uint64_t period_us = parse_number(microseconds).value_or(0);
    return period_us > limit ? 0 : period_us * 1000;
}

}  // namespace

ServiceNotify::~ServiceNotify() {
    if (is_open())
        ::close(descriptor_);
}

Status ServiceNotify::open() {
    const std::string name = take_from_environment("NOTIFY_SOCKET");
    const std::string period = take_from_environment("WATCHDOG_USEC");
    const std::string process = take_from_environment("WATCHDOG_PID");
    if (name.empty())
        return {};
    const bool is_abstract = name[0] == '@';
    if (!is_abstract && name[0] != '/')
        return error_from_errno(EAFNOSUPPORT);
    // A path needs its terminating zero, an abstract name is as long as it is.
    if (name.size() + (is_abstract ? 0 : 1) > sizeof(address_.sun_path))
        return error_from_errno(ENAMETOOLONG);
    address_.sun_family = AF_UNIX;
    std::memcpy(address_.sun_path, name.data(), name.size());
    if (is_abstract)
        address_.sun_path[0] = '\0';
    address_bytes_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() +
                                            (is_abstract ? 0 : 1));
    descriptor_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor_ < 0)
        return error_from_errno(errno);
    watchdog_ns_ = watchdog_from(period, process);
    return {};
}

bool ServiceNotify::send(std::string_view message) {
    if (!is_open())
        return true;  // nobody wants to know
    iovec text = {const_cast<char*>(message.data()), message.size()};
    msghdr datagram{};
    datagram.msg_name = &address_;
    datagram.msg_namelen = address_bytes_;
    datagram.msg_iov = &text;
    datagram.msg_iovlen = 1;
    ssize_t sent = 0;
    do
        sent = ::sendmsg(descriptor_, &datagram, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    return sent == static_cast<ssize_t>(message.size());
}

}  // namespace kiln::platform

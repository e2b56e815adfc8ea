// ServiceNotify: what a service tells the manager that started it, in systemd's protocol
// (sd_notify(3)): datagrams of NAME=VALUE lines to the socket that the environment names.
//
// Nothing waits: a message that the manager cannot take now is lost, and send() says so. The socket
// is taken out of the environment, so that child processes do not speak for the service. One
// thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <sys/socket.h>
#include <sys/un.h>

#include "core/base/result.hpp"

namespace kiln::platform {

class ServiceNotify {
  public:
    ServiceNotify() = default;
    ~ServiceNotify();
    ServiceNotify(const ServiceNotify&) = delete;
    ServiceNotify& operator=(const ServiceNotify&) = delete;

    // From NOTIFY_SOCKET (a path, or @ and an abstract name), WATCHDOG_USEC and WATCHDOG_PID.
    // Without the first there is no manager: no error. An error: it names no socket that could be
    // used.
    Status open();

    bool is_open() const { return descriptor_ >= 0; }
    // How long the manager waits for a sign of life; 0: it does not.
    std::uint64_t watchdog_ns() const { return watchdog_ns_; }
    // False: it was not taken.
    bool send(std::string_view message);

  private:
    int descriptor_ = -1;
    sockaddr_un address_{};
    socklen_t address_bytes_ = 0;
    std::uint64_t watchdog_ns_ = 0;
};

}  // namespace kiln::platform

// NetworkAddress: where a server listens, as a person writes it: 9464, :9464, localhost:9464,
// 127.0.0.1:9464, [::1]:9464. A port alone is on the loopback interface. Numbers only: a name would
// have to be looked up, which can take long and is not what a listener wants.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <sys/socket.h>

namespace kiln::app {

struct NetworkAddress {
    std::string host;  // as inet_pton() reads it
    std::uint16_t port = 0;
    bool is_ipv6 = false;

    // Nobody but this machine reaches it.
    bool is_loopback() const;
    std::string text() const;  // "127.0.0.1:9464", "[::1]:9464"
    // For bind(); its length.
    socklen_t fill(sockaddr_storage& storage) const;

    bool operator==(const NetworkAddress&) const = default;
};

std::optional<NetworkAddress> parse_network_address(std::string_view text);

}  // namespace kiln::app

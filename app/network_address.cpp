#include "app/network_address.hpp"

#include <array>
#include <cstring>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include "app/text.hpp"

namespace kiln::app {
namespace {

// In its shortest form, so that equal addresses have equal texts; nothing if it is none.
std::optional<std::string> read_host(const std::string& text, int family) {
    std::array<unsigned char, sizeof(in6_addr)> bytes{};
    std::array<char, INET6_ADDRSTRLEN> shortest{};
    if (::inet_pton(family, text.c_str(), bytes.data()) != 1 ||
        ::inet_ntop(family, bytes.data(), shortest.data(), shortest.size()) == nullptr)
        return std::nullopt;
    return shortest.data();
}

}  // namespace

bool NetworkAddress::is_loopback() const {
    return is_ipv6 ? host == "::1" || host.starts_with("::ffff:127.") : host.starts_with("127.");
}

std::string NetworkAddress::text() const {
    return is_ipv6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

socklen_t NetworkAddress::fill(sockaddr_storage& storage) const {
    storage = {};
    if (is_ipv6) {
        sockaddr_in6 address{};
        address.sin6_family = AF_INET6;
        address.sin6_port = htons(port);
        (void)::inet_pton(AF_INET6, host.c_str(), &address.sin6_addr);
        std::memcpy(&storage, &address, sizeof(address));
        return sizeof(address);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    (void)::inet_pton(AF_INET, host.c_str(), &address.sin_addr);
    std::memcpy(&storage, &address, sizeof(address));
    return sizeof(address);
}

std::optional<NetworkAddress> parse_network_address(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    const std::string_view port_text =
        colon == std::string_view::npos ? text : text.substr(colon + 1);
    std::string_view host = colon == std::string_view::npos ? "" : text.substr(0, colon);
    const auto port = parse_count(port_text);
    // A number and nothing else; text.find() also keeps a zero byte from ending a host early.
    if (!port || *port > UINT16_MAX || text.find('\0') != std::string_view::npos)
        return std::nullopt;
    if (host.empty() || host == "localhost")
        host = "127.0.0.1";
    const bool is_bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (is_bracketed)
        host = host.substr(1, host.size() - 2);
    const auto read = read_host(std::string(host), is_bracketed ? AF_INET6 : AF_INET);
    if (!read)
        return std::nullopt;
    return NetworkAddress{*read, static_cast<std::uint16_t>(*port), is_bracketed};
}

}  // namespace kiln::app

// Reads the socket addresses of the system.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>

#include "multihub/base/ip_address.h"

namespace multihub::net {

struct SocketAddress {
  base::IpAddress address;
  std::uint16_t port = 0;
};

// nullopt: nullptr, or of another family than IPv4 and IPv6. The memory behind it must be as long as its family says.
std::optional<SocketAddress> ReadSocketAddress(const sockaddr* address);

}  // namespace multihub::net

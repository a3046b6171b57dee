#include "net/socket_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

namespace multihub::net {

std::optional<SocketAddress> ReadSocketAddress(const sockaddr* address) {
  if (address == nullptr) return std::nullopt;
  const void* bytes = address;
  if (address->sa_family == AF_INET) {
    sockaddr_in ipv4{};
    std::memcpy(&ipv4, bytes, sizeof(ipv4));
    return SocketAddress{base::IpAddress::FromIpv4(ntohl(ipv4.sin_addr.s_addr)), ntohs(ipv4.sin_port)};
  }
  if (address->sa_family == AF_INET6) {
    sockaddr_in6 ipv6{};
    std::memcpy(&ipv6, bytes, sizeof(ipv6));
    base::IpAddress::Bytes network_order{};
    std::copy(std::begin(ipv6.sin6_addr.s6_addr), std::end(ipv6.sin6_addr.s6_addr), network_order.begin());
    return SocketAddress{base::IpAddress::FromIpv6(network_order), ntohs(ipv6.sin6_port)};
  }
  return std::nullopt;
}

}  // namespace multihub::net

#include "http/listen_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>

namespace multihub::http {

std::optional<ListenAddress> ParseListenAddress(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  const std::string port = text.substr(colon + 1);
  if (port.empty() || port.size() > 5 ||
      !std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    return std::nullopt;
  }
  const int number = std::stoi(port);
  if (number > 65535) return std::nullopt;

  ListenAddress address;
  address.port = static_cast<std::uint16_t>(number);
  address.host = text.substr(0, colon);
  address.ipv6 = address.host.size() > 2 && address.host.front() == '[' && address.host.back() == ']';
  if (address.ipv6) address.host = address.host.substr(1, address.host.size() - 2);
  unsigned char binary[sizeof(in6_addr)];
  if (inet_pton(address.ipv6 ? AF_INET6 : AF_INET, address.host.c_str(), binary) != 1) return std::nullopt;
  return address;
}

}  // namespace multihub::http

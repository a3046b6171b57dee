// Where to listen, from its written form.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace multihub::http {

struct ListenAddress {
  std::string host;  // numeric, without brackets; "::" takes both families
  bool ipv6 = false;
  std::uint16_t port = 0;  // 0: any free one
};

// "127.0.0.1:8080", "[::1]:8080". Names, zones and ports over 65535 are refused.
std::optional<ListenAddress> ParseListenAddress(const std::string& text);

}  // namespace multihub::http

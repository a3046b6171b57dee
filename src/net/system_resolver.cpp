#include <netdb.h>
#include <sys/socket.h>

#include <memory>

#include "multihub/net/http_client.h"
#include "net/socket_address.h"

namespace multihub::net {
namespace {

std::vector<base::IpAddress> Resolve(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* first = nullptr;
  if (getaddrinfo(host.c_str(), nullptr, &hints, &first) != 0) return {};
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> found(first, &freeaddrinfo);
  std::vector<base::IpAddress> addresses;
  for (const addrinfo* each = first; each != nullptr; each = each->ai_next) {
    if (const auto read = ReadSocketAddress(each->ai_addr); read.has_value()) addresses.push_back(read->address);
  }
  return addresses;
}

}  // namespace

Resolver SystemResolver() { return &Resolve; }

}  // namespace multihub::net

// The judged addresses of one call, in the forms in which libcurl is held to them.
//
// libcurl is told (CURLOPT_CONNECT_TO) to connect to an invented name in place of the URL's host, and (CURLOPT_RESOLVE)
// which addresses that name stands for. The invented name is a digest of the set of addresses. So wherever libcurl goes
// by it, it goes by the set:
//   - an entry of its address cache, however old, holds the same addresses, whichever call it came from;
//   - a kept connection is used again when its scheme, host, port and connect-to name are those of the new call
//     (ConnectionExists in lib/url.c of 7.88), that is for the same set: its peer is one of it.
// The URL's host stays what is sent in the Host header, and what a certificate is compared with.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "multihub/base/ip_address.h"

namespace multihub::net {

class PinnedTarget {
 public:
  // No more are tried, and none beyond them is kept: a name may have thousands.
  static constexpr std::size_t kMaxAddresses = 16;

  PinnedTarget() = default;
  // `judged`: in the order in which they are to be tried, none of them IPv4-mapped, at least one.
  PinnedTarget(std::vector<base::IpAddress> judged, std::uint16_t port);

  bool Holds(const base::IpAddress& address, std::uint16_t port) const;

  std::string ConnectTo() const;  // an element of CURLOPT_CONNECT_TO
  std::string Resolve() const;    // an element of CURLOPT_RESOLVE

 private:
  std::vector<base::IpAddress> addresses_;
  std::uint16_t port_ = 0;
  std::string name_;
};

}  // namespace multihub::net

// Whose call it is when a proxy passes it on: the `for` of Forwarded (RFC 7239), or X-Forwarded-For.
//
// Anybody can send these fields. Each proxy on the way adds at the right end, so the right end is the word of the proxy
// that connected to us, and what stands left of the first address that is not a trusted proxy's is worth nothing: it is
// not even looked at, so that no client can spoil by it what the proxies say.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "multihub/base/ip_address.h"

namespace multihub::http {

// What a request says; of a repeated field its values joined by commas. nullopt: not sent, or not looked for.
struct Forwarding {
  std::optional<std::string> forwarded;
  std::optional<std::string> x_forwarded_for;
};

// Trusted hops that are passed over, at most.
inline constexpr int kMaxForwardedHops = 16;

bool IsTrusted(std::span<const base::Cidr> trusted, const base::IpAddress& address);

// The right-most address that is not a trusted proxy's; where all are, the left-most. IPv4-mapped addresses are given
// as IPv4. `Forwarded` counts alone when it is there. nullopt when neither field is, and when in doubt: on the way to
// that address something is malformed, unknown, obfuscated or without `for`, or there are too many hops. Then the
// address of the connection is all there is.
std::optional<base::IpAddress> ForwardedClient(const Forwarding& forwarding, std::span<const base::Cidr> trusted);

}  // namespace multihub::http

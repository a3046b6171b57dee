#include "net/target.h"

#include <ifaddrs.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "multihub/net/url.h"
#include "net/socket_address.h"

namespace multihub::net {
namespace {

using base::Fail;
using base::IpAddress;

const IpAddress kLoopbackV4 = IpAddress::FromIpv4(0x7F000001);
const IpAddress kLoopbackV6 = IpAddress::FromIpv6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});

// ---- headers ----

bool IsTokenCharacter(char c) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
  return std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool IsHeaderName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), IsTokenCharacter);
}

bool IsHeaderValue(std::string_view value) {
  const auto is_control = [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F; };
  return std::none_of(value.begin(), value.end(), is_control);
}

// ---- addresses of this machine ----

bool IsUnspecified(const IpAddress& address) { return address == IpAddress() || address == IpAddress::FromIpv6({}); }

bool IsLoopback(const IpAddress& address) {
  return address == kLoopbackV6 || (address.is_ipv4() && address.ipv4() >> 24 == 127);
}

std::vector<IpAddress> UnmappedOnce(const std::vector<IpAddress>& addresses) {
  std::vector<IpAddress> once;
  std::set<IpAddress> seen;
  for (const IpAddress& address : addresses) {
    if (seen.insert(address.Unmapped()).second) once.push_back(address.Unmapped());
  }
  return once;
}

JudgedTarget Refused(std::string detail) { return {CallError::kRefusedTarget, std::move(detail), {}}; }

}  // namespace

base::Result<Target, std::string> ReadTarget(const OutgoingCall& call) {
  const base::Result<Url, UrlProblem> url = ParseUrl(call.url);
  if (!url.ok()) return Fail("the URL " + url.error());
  if (url->has_userinfo) return Fail(std::string("the URL must not contain user information"));
  if (url->has_fragment) return Fail(std::string("the URL must not contain a fragment"));
  for (const auto& [name, value] : call.headers) {
    if (!IsHeaderName(name) || !IsHeaderValue(value)) return Fail(std::string("a header is not one line of text"));
  }
  const HostMeaning host = LiteralHost(url->host);
  switch (host.kind) {
    case HostMeaning::Kind::kName:
      return Target{url->host, url->port, {}};
    case HostMeaning::Kind::kLocalName:
      return Target{"", url->port, {kLoopbackV4, kLoopbackV6}};
    case HostMeaning::Kind::kAddress:
      return Target{"", url->port, {host.address}};
    case HostMeaning::Kind::kInvalid:
      break;
  }
  return Fail(std::string("the URL must name a valid host"));
}

std::optional<std::vector<IpAddress>> InterfaceAddresses() {
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return std::nullopt;
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> interfaces(first, &freeifaddrs);
  std::vector<IpAddress> addresses;
  for (const ifaddrs* each = first; each != nullptr; each = each->ifa_next) {
    const std::optional<SocketAddress> local = ReadSocketAddress(each->ifa_addr);
    if (local.has_value()) addresses.push_back(local->address);
  }
  return addresses;
}

TargetJudge::TargetJudge(const AddressPolicy& policy, std::vector<OwnAddress> own_addresses,
                         LocalAddresses local_addresses)
    : policy_(policy), own_addresses_(std::move(own_addresses)), local_addresses_(std::move(local_addresses)) {}

JudgedTarget TargetJudge::Decide(const std::vector<IpAddress>& addresses, std::uint16_t port) const {
  if (addresses.empty()) return {CallError::kResolve, "the name has no address", {}};
  JudgedTarget judged;
  judged.addresses = UnmappedOnce(addresses);
  for (const IpAddress& address : judged.addresses) {
    if (const auto reason = Judge(address, policy_); reason.has_value()) return Refused(std::string(*reason));
    if (!policy_.allow_private && IsOwn(address, port)) return Refused("own address");
  }
  return judged;
}

bool TargetJudge::IsOwn(const IpAddress& address, std::uint16_t port) const {
  return std::any_of(own_addresses_.begin(), own_addresses_.end(), [&](const OwnAddress& own) {
    if (own.port != port) return false;
    const IpAddress listening = own.address.Unmapped();
    return listening == address || (IsUnspecified(listening) && IsOfThisMachine(address));
  });
}

// Asked anew each time, and only for a port of ours: interfaces come and go. When the system does not say, any address
// might be ours.
bool TargetJudge::IsOfThisMachine(const IpAddress& address) const {
  if (IsLoopback(address)) return true;
  const std::optional<std::vector<IpAddress>> local = local_addresses_();
  return !local.has_value() || std::find(local->begin(), local->end(), address) != local->end();
}

}  // namespace multihub::net

#include "multihub/net/address_guard.h"

#include <vector>

#include "multihub/base/check.h"

namespace multihub::net {
namespace {

constexpr std::string_view kLoopback = "loopback";

// The IANA special-purpose registries, plus addresses that clouds give to their metadata services. Ranges that carry an
// IPv4 address inside IPv6 are refused whole: a translator or relay on the operator's side may lead anywhere.
constexpr RefusedRange kRanges[] = {
    {"169.254.169.254/32", "cloud metadata"},
    {"100.100.100.200/32", "cloud metadata"},
    {"168.63.129.16/32", "cloud metadata"},
    {"fd00:ec2::254/128", "cloud metadata"},
    {"fd20:ce::254/128", "cloud metadata"},

    {"0.0.0.0/32", "unspecified"},
    {"0.0.0.0/8", "this network"},
    {"10.0.0.0/8", "private"},
    {"100.64.0.0/10", "carrier-grade NAT"},
    {"127.0.0.0/8", kLoopback},
    {"169.254.0.0/16", "link-local"},
    {"172.16.0.0/12", "private"},
    {"192.0.0.0/24", "protocol assignments"},
    {"192.0.2.0/24", "documentation"},
    {"192.88.99.0/24", "6to4 relay"},
    {"192.168.0.0/16", "private"},
    {"198.18.0.0/15", "benchmarking"},
    {"198.51.100.0/24", "documentation"},
    {"203.0.113.0/24", "documentation"},
    {"224.0.0.0/4", "multicast"},
    {"255.255.255.255/32", "broadcast"},
    {"240.0.0.0/4", "reserved"},

    {"::/128", "unspecified"},
    {"::1/128", kLoopback},
    {"::/96", "IPv4-compatible"},
    {"64:ff9b::/96", "NAT64"},
    {"64:ff9b:1::/48", "NAT64"},
    {"100::/64", "discard only"},
    {"100:0:0:1::/64", "dummy prefix"},
    {"2001::/32", "Teredo"},
    {"2001::/23", "protocol assignments"},
    {"2001:db8::/32", "documentation"},
    {"2002::/16", "6to4"},
    {"3fff::/20", "documentation"},
    {"5f00::/16", "segment routing"},
    {"fc00::/7", "unique-local"},
    {"fe80::/10", "link-local"},
    {"fec0::/10", "site-local"},
    {"ff00::/8", "multicast"},
    {"::/3", "reserved"},
    {"4000::/2", "reserved"},
    {"8000::/1", "reserved"},
};

struct ParsedRange {
  base::Cidr network;
  std::string_view reason;
};

std::vector<ParsedRange> ParseRanges() {
  std::vector<ParsedRange> ranges;
  for (const RefusedRange& row : kRanges) {
    const std::optional<base::Cidr> network = base::Cidr::Parse(row.network);
    MULTIHUB_CHECK(network.has_value());
    ranges.push_back({*network, row.reason});
  }
  return ranges;
}

std::optional<std::string_view> ReasonOf(const base::IpAddress& address) {
  // Never destroyed: a thread that is left behind in a lookup may judge while the process ends.
  static const std::vector<ParsedRange>& ranges = *new std::vector<ParsedRange>(ParseRanges());
  for (const ParsedRange& range : ranges) {
    if (range.network.Contains(address)) return range.reason;
  }
  return std::nullopt;
}

}  // namespace

std::span<const RefusedRange> RefusedRanges() { return kRanges; }

std::optional<std::string_view> Judge(const base::IpAddress& address, const AddressPolicy& policy) {
  if (policy.allow_private) return std::nullopt;
  const std::optional<std::string_view> reason = ReasonOf(address);
  if (policy.allow_loopback && reason == kLoopback) return std::nullopt;
  return reason;
}

}  // namespace multihub::net

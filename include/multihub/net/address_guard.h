// Which addresses the gateway may call: public ones only. A webhook URL is chosen by somebody else, and must not become
// a way into the operator's own network.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "multihub/base/ip_address.h"

namespace multihub::net {

// What is opened besides public addresses.
struct AddressPolicy {
  bool allow_loopback = false;  // 127.0.0.0/8 and ::1 (the sandbox on a loopback listener)
  bool allow_private = false;   // everything, loopback included (development)
};

struct RefusedRange {
  std::string_view network;  // "10.0.0.0/8"
  std::string_view reason;   // "private": a word or two, for logs and attempts
};

// Every refused range; the first row that contains an address gives its reason. An IPv4-mapped address is judged as the
// IPv4 address it carries. Outside 2000::/3 no IPv6 address is public, so the last rows take what no earlier row names.
std::span<const RefusedRange> RefusedRanges();

// nullopt: the address may be called. Otherwise why not, as in RefusedRange::reason (static storage). Any thread.
std::optional<std::string_view> Judge(const base::IpAddress& address, const AddressPolicy& policy = {});

}  // namespace multihub::net

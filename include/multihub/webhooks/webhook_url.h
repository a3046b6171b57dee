// Which URLs a merchant may have webhooks sent to, as far as the text alone tells. Every delivery judges the resolved
// addresses again (net/address_guard.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "multihub/net/address_guard.h"

namespace multihub::webhooks {

inline constexpr std::size_t kMaxWebhookUrl = 2048;  // characters

struct WebhookUrlOptions {
  net::AddressPolicy policy;  // allow_loopback goes for the name localhost too
  bool require_https = false;
};

// A span of ports that belong to services which are no web servers.
struct DeniedPorts {
  std::uint16_t first;
  std::uint16_t last;
  std::string_view service;
};

// Ordered. All lie below the range from which systems take ephemeral ports.
std::span<const DeniedPorts> DeniedPortTable();

// nullopt: the URL is acceptable. Otherwise the rest of a sentence that the field's name begins, such as "must not
// contain user information"; it never repeats a piece of the URL. No name is resolved.
//
// Acceptable: absolute http or https, at most kMaxWebhookUrl characters, printable ASCII without spaces and
// backslashes; no user information, no fragment, no port of the table; the host neither localhost nor a literal
// non-public address in any spelling.
std::optional<std::string> CheckWebhookUrl(std::string_view url, const WebhookUrlOptions& options = {});

}  // namespace multihub::webhooks

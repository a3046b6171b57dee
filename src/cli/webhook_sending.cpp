#include "cli/webhook_sending.h"

#include <algorithm>
#include <charconv>

#include "multihub/auth/signature.h"

namespace multihub::cli {
namespace {

bool IsLoopback(const std::string& listen) { return listen.rfind("127.", 0) == 0 || listen.rfind("[::1]", 0) == 0; }

std::optional<net::OwnAddress> ReadListener(const std::string& listen) {
  const std::size_t colon = listen.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  std::string host = listen.substr(0, colon);
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  const auto address = base::IpAddress::Parse(host);
  std::uint16_t port = 0;
  std::from_chars(listen.data() + colon + 1, listen.data() + listen.size(), port);
  if (!address || port == 0) return std::nullopt;
  return net::OwnAddress{*address, port};
}

}  // namespace

webhooks::WebhookUrlOptions WebhookRules(const WebhooksConfig& config, bool sandbox,
                                         std::span<const std::string> listen) {
  webhooks::WebhookUrlOptions rules;
  rules.policy.allow_private = config.allow_private_networks;
  rules.require_https = config.require_https;
  rules.policy.allow_loopback = sandbox && std::all_of(listen.begin(), listen.end(), IsLoopback);
  return rules;
}

net::HttpClientOptions WebhookClientOptions(const WebhooksConfig& config, const webhooks::WebhookUrlOptions& rules,
                                            std::span<const std::string> listen, const std::string& ops_listen) {
  net::HttpClientOptions options;
  options.policy = rules.policy;
  options.ca_file = config.ca_file;
  const auto add = [&](const std::string& listener) {
    if (const auto own = ReadListener(listener)) options.own_addresses.push_back(*own);
  };
  for (const std::string& listener : listen) add(listener);
  add(ops_listen);
  return options;
}

std::optional<webhooks::ApplicationSecrets> WebhookSecrets(const auth::Directory& directory, domain::ApplicationId id,
                                                           base::UnixMs now_ms) {
  const auth::Application* application = directory.Find(id);
  if (application == nullptr || application->secret.empty()) return std::nullopt;
  return webhooks::ApplicationSecrets{auth::WebhookSigningSecret(*application, now_ms), application->webhook_secret};
}

}  // namespace multihub::cli

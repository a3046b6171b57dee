// What a process needs to send webhooks: where they may go, from the configuration and where this gateway listens, and
// the secrets that sign them.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "cli/config.h"
#include "multihub/auth/directory.h"
#include "multihub/net/http_client.h"
#include "multihub/webhooks/sender.h"
#include "multihub/webhooks/webhook_url.h"

namespace multihub::cli {

// `listen`: the merchant port's addresses. A sandbox that nobody else can reach may send to its own machine.
webhooks::WebhookUrlOptions WebhookRules(const WebhooksConfig& config, bool sandbox,
                                         std::span<const std::string> listen);

// A client that keeps to `rules` and never calls this gateway's own listeners. A port that the system picks is only
// known later, and left out.
net::HttpClientOptions WebhookClientOptions(const WebhooksConfig& config, const webhooks::WebhookUrlOptions& rules,
                                            std::span<const std::string> listen, const std::string& ops_listen);

// As Sender asks for them.
std::optional<webhooks::ApplicationSecrets> WebhookSecrets(const auth::Directory& directory, domain::ApplicationId id,
                                                           base::UnixMs now_ms);

}  // namespace multihub::cli

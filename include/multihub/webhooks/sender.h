// Signs one attempt of a webhook and sends it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "multihub/base/clock.h"
#include "multihub/base/random.h"
#include "multihub/base/sealing.h"
#include "multihub/base/secret_string.h"
#include "multihub/base/trace.h"
#include "multihub/net/http_client.h"
#include "multihub/storage/webhook_store.h"

namespace multihub::webhooks {

// What signs for an application now. Its API secret is the old one during a rotation until the application has used the
// new one.
struct ApplicationSecrets {
  base::SecretString api_secret;
  base::SecretString in_request_secret;  // the whsec_ of its in-request endpoints
};

struct OutgoingWebhook {
  std::shared_ptr<const storage::EndpointRow> endpoint;
  std::string event_id;
  std::string body;   // frozen; sent byte for byte
  base::Trace trace;  // goes out as traceparent, with a parent id for each attempt, and tracestate; none: neither
};

struct SentAttempt {
  base::UnixMs started_ms = 0;
  net::OutgoingAnswer answer;
};

class Sender {
 public:
  // nullopt: the application is gone, or its secrets do not open.
  using SecretsOf = std::function<std::optional<ApplicationSecrets>(domain::ApplicationId)>;

  // Everything is used until the client is stopped.
  Sender(net::HttpClient& client, SecretsOf secrets_of, const base::MasterKey& key, const base::Clock& clock,
         base::Random& random);

  // `done` runs once, on the client's thread. Without secrets nothing is sent: CallError::kNetwork with a detail.
  void Send(const OutgoingWebhook& webhook, std::function<void(SentAttempt)> done);

  // 2xx.
  static bool IsSuccess(const net::OutgoingAnswer& answer);

 private:
  net::HttpClient& client_;
  const SecretsOf secrets_of_;
  const base::MasterKey& key_;
  const base::Clock& clock_;
  base::Random& random_;
};

}  // namespace multihub::webhooks

#include "multihub/webhooks/sender.h"

#include "multihub/base/ids.h"
#include "multihub/base/seeded_fault.h"
#include "multihub/webhooks/retry_schedule.h"
#include "multihub/webhooks/signature.h"

namespace multihub::webhooks {
namespace {

constexpr std::int64_t kConnectTimeoutMs = 10'000;

// The secrets that sign as the endpoint: its own, and during a rotation the one before; nullopt when one does not open.
std::optional<std::vector<base::SecretString>> EndpointSecrets(const storage::EndpointRow& endpoint,
                                                               const ApplicationSecrets& application,
                                                               const base::MasterKey& key, base::UnixMs now_ms) {
  std::vector<base::SecretString> secrets;
  if (endpoint.source == storage::kSourceInRequest) {
    secrets.push_back(application.in_request_secret);
    return secrets;
  }
  const std::string place = storage::EndpointSecretPlace(endpoint.id);
  auto present = base::Unseal(key, place, endpoint.sealed_secret);
  if (!present) return std::nullopt;
  secrets.push_back(*std::move(present));
  if (base::SeededFault("rotation-without-overlap")) return secrets;
  if (endpoint.sealed_previous_secret.empty() || now_ms >= endpoint.previous_until_ms) return secrets;
  auto previous = base::Unseal(key, place, endpoint.sealed_previous_secret);
  if (!previous) return std::nullopt;
  secrets.push_back(*std::move(previous));
  return secrets;
}

SentAttempt NotSent(base::UnixMs now_ms, std::string detail) {
  SentAttempt sent;
  sent.started_ms = now_ms;
  sent.answer.error = net::CallError::kNetwork;
  sent.answer.detail = std::move(detail);
  return sent;
}

void AddTrace(const base::Trace& trace, base::Random& random, net::OutgoingCall* call) {
  if (!trace.given()) return;
  call->headers.emplace_back("traceparent", base::Traceparent(trace, random));
  if (!trace.state.empty()) call->headers.emplace_back("tracestate", trace.state);
}

}  // namespace

Sender::Sender(net::HttpClient& client, SecretsOf secrets_of, const base::MasterKey& key, const base::Clock& clock,
               base::Random& random)
    : client_(client), secrets_of_(std::move(secrets_of)), key_(key), clock_(clock), random_(random) {}

void Sender::Send(const OutgoingWebhook& webhook, std::function<void(SentAttempt)> done) {
  const storage::EndpointRow& endpoint = *webhook.endpoint;
  const base::UnixMs now_ms = clock_.NowMs();
  const auto application = secrets_of_(endpoint.application_id);
  if (!application) return done(NotSent(now_ms, "the application's secrets are not there"));
  const auto endpoint_secrets = EndpointSecrets(endpoint, *application, key_, now_ms);
  if (!endpoint_secrets) return done(NotSent(now_ms, "the endpoint's secret does not open"));
  for (const base::SecretString& secret : *endpoint_secrets) {
    if (!IsEndpointSecret(secret.Reveal())) return done(NotSent(now_ms, "the endpoint's secret is none"));
  }

  const bool one_nonce = base::SeededFault("webhook-nonce-repeated");
  const std::string nonce = one_nonce ? webhook.event_id : base::NewUuid(random_);
  SignedAttempt attempt;
  attempt.id = webhook.event_id;
  attempt.body = webhook.body;
  attempt.at_ms = now_ms;
  attempt.nonce = nonce;
  attempt.api_secret = &application->api_secret;
  for (const base::SecretString& secret : *endpoint_secrets) attempt.endpoint_secrets.push_back(&secret);

  net::OutgoingCall call;
  call.url = endpoint.url;
  call.headers = DeliveryHeaders(attempt);
  AddTrace(webhook.trace, random_, &call);
  call.body = webhook.body;
  call.timeout_ms = endpoint.timeout_s.value_or(kDefaultTimeoutS) * 1000;
  call.connect_timeout_ms = std::min(kConnectTimeoutMs, call.timeout_ms);
  client_.Send(std::move(call), [now_ms, done = std::move(done)](net::OutgoingAnswer answer) {
    done({now_ms, std::move(answer)});
  });
}

bool Sender::IsSuccess(const net::OutgoingAnswer& answer) {
  return answer.error == net::CallError::kNone && answer.status >= 200 && answer.status < 300;
}

}  // namespace multihub::webhooks

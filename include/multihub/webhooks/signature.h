// What a receiver can verify a webhook by: three signatures over the same bytes.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "multihub/base/clock.h"
#include "multihub/base/random.h"
#include "multihub/base/secret_string.h"

namespace multihub::webhooks {

// The secret of an endpoint: "whsec_" and 32 random bytes in base64, as the Standard Webhooks libraries take it.
base::SecretString NewEndpointSecret(base::Random& random);
// "whsec_" and base64 of 24 to 64 bytes.
bool IsEndpointSecret(std::string_view text);

// One attempt, as it is signed.
struct SignedAttempt {
  std::string_view id;  // the body's `id`
  std::string_view body;
  base::UnixMs at_ms = 0;
  std::string_view nonce;  // fresh for each attempt
  const base::SecretString* api_secret = nullptr;
  // The endpoint's secret, and during a rotation the one before it too; each signs.
  std::vector<const base::SecretString*> endpoint_secrets;
};

// Every header of the attempt, in the order of docs/webhooks.md: Content-Type, X-Data-Hash, X-Webhook-Id,
// X-Webhook-Timestamp, X-Webhook-Nonce, X-Webhook-Signature-V2, webhook-id, webhook-timestamp, webhook-signature.
// The API secret is there, and so is at least one endpoint secret; every one is an IsEndpointSecret.
std::vector<std::pair<std::string, std::string>> DeliveryHeaders(const SignedAttempt& attempt);

}  // namespace multihub::webhooks

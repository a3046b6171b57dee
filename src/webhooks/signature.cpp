#include "multihub/webhooks/signature.h"

#include <array>
#include <cstdint>
#include <optional>

#include "multihub/base/check.h"
#include "multihub/base/digest.h"
#include "multihub/base/encoding.h"
#include "multihub/base/seeded_fault.h"

namespace multihub::webhooks {
namespace {

constexpr std::string_view kSecretPrefix = "whsec_";
constexpr std::size_t kNewKeyBytes = 32;
constexpr std::size_t kMinKeyBytes = 24;
constexpr std::size_t kMaxKeyBytes = 64;

// The key is what the text stands for, not the text.
std::optional<base::Bytes> KeyOf(std::string_view secret) {
  if (!secret.starts_with(kSecretPrefix)) return std::nullopt;
  std::optional<base::Bytes> key = base::Base64Decode(secret.substr(kSecretPrefix.size()));
  if (!key || key->size() < kMinKeyBytes || key->size() > kMaxKeyBytes) return std::nullopt;
  return key;
}

std::string Sha512Hex(std::initializer_list<std::string_view> parts) { return base::HexEncode(base::Sha512(parts)); }

std::string StandardSignature(const SignedAttempt& attempt, std::string_view unix_seconds,
                              const base::SecretString& secret) {
  const std::optional<base::Bytes> key = KeyOf(secret.Reveal());
  MULTIHUB_CHECK(key.has_value());
  const std::string_view key_bytes(reinterpret_cast<const char*>(key->data()), key->size());
  const std::string_view id = base::SeededFault("webhook-standard-without-id") ? std::string_view() : attempt.id;
  return "v1," + base::Base64Encode(base::HmacSha256(key_bytes, {id, ".", unix_seconds, ".", attempt.body}));
}

std::string StandardSignatures(const SignedAttempt& attempt, std::string_view unix_seconds) {
  std::string signatures;
  for (const base::SecretString* secret : attempt.endpoint_secrets) {
    if (!signatures.empty()) signatures += ' ';
    signatures += StandardSignature(attempt, unix_seconds, *secret);
  }
  return signatures;
}

}  // namespace

base::SecretString NewEndpointSecret(base::Random& random) {
  std::array<std::uint8_t, kNewKeyBytes> key{};
  random.Fill(key);
  return base::SecretString(std::string(kSecretPrefix) + base::Base64Encode(key));
}

bool IsEndpointSecret(std::string_view text) { return KeyOf(text).has_value(); }

std::vector<std::pair<std::string, std::string>> DeliveryHeaders(const SignedAttempt& attempt) {
  MULTIHUB_CHECK(attempt.api_secret != nullptr && !attempt.endpoint_secrets.empty());
  const std::string_view api_secret = attempt.api_secret->Reveal();
  const bool endpoint_secret = base::SeededFault("webhook-hash-with-endpoint-secret");
  const std::string_view hash_secret = endpoint_secret ? attempt.endpoint_secrets.front()->Reveal() : api_secret;
  const std::string id(attempt.id);
  const bool in_seconds = base::SeededFault("webhook-timestamp-in-seconds");
  const std::string timestamp = in_seconds ? std::to_string(attempt.at_ms / 1000) : base::FormatIso8601(attempt.at_ms);
  const std::string_view v2_timestamp =
      base::SeededFault("webhook-v2-without-timestamp") ? std::string_view() : timestamp;
  const std::string unix_seconds =
      std::to_string(attempt.at_ms / (base::SeededFault("webhook-standard-in-milliseconds") ? 1 : 1000));
  return {
      {"Content-Type", "application/json"},
      {"X-Data-Hash", Sha512Hex({attempt.body, hash_secret})},
      {"X-Webhook-Id", id},
      {"X-Webhook-Timestamp", timestamp},
      {"X-Webhook-Nonce", std::string(attempt.nonce)},
      {"X-Webhook-Signature-V2", Sha512Hex({v2_timestamp, attempt.body, api_secret})},
      {"webhook-id", id},
      {"webhook-timestamp", unix_seconds},
      {"webhook-signature", StandardSignatures(attempt, unix_seconds)},
  };
}

}  // namespace multihub::webhooks

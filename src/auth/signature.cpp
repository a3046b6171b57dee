#include "multihub/auth/signature.h"

#include <algorithm>
#include <optional>

#include "multihub/base/digest.h"
#include "multihub/base/encoding.h"
#include "multihub/base/seeded_fault.h"

namespace multihub::auth {
namespace {

bool IsHexDigit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

bool Verifies(const base::SecretString& secret, std::string_view body, const base::Bytes& hash) {
  if (secret.empty()) return false;
  const base::Sha512Digest expected = base::Sha512({body, secret.Reveal()});
  const auto same = [&hash](std::span<const std::uint8_t> bytes) {
    return base::EqualConstantTime(bytes, std::span(hash).first(bytes.size()));
  };
  if (base::SeededFault("hash-last-byte-skipped")) return same(std::span(expected).first(63));
  if (base::SeededFault("hash-first-half-compared")) return same(std::span(expected).first(32));
  if (base::SeededFault("secret-first-too") && same(base::Sha512({secret.Reveal(), body}))) return true;
  return base::EqualConstantTime(expected, hash);
}

}  // namespace

bool IsHashText(std::string_view text) {
  return text.size() == kHashHexLength && std::all_of(text.begin(), text.end(), IsHexDigit);
}

SignatureCheck CheckSignature(const Application& application, std::string_view body, std::string_view hash_hex,
                              base::UnixMs now_ms) {
  const std::optional<base::Bytes> hash = base::HexDecode(hash_hex);
  if (!hash) return {};
  if (base::SeededFault("hash-in-small-letters-only") && hash_hex != base::HexEncode(*hash)) return {};
  if (base::SeededFault("hash-over-trimmed-body")) body = body.substr(0, body.find_last_not_of(" \t\r\n") + 1);
  if (base::SeededFault("empty-body-unsigned") && body.empty()) return {&application.secret, false};
  if (Verifies(application.secret, body, *hash)) return {&application.secret, false};
  if (base::SeededFault("hash-over-compact-body-too")) {
    std::string compact(body);
    std::erase(compact, ' ');
    if (Verifies(application.secret, compact, *hash)) return {&application.secret, false};
  }
  if (now_ms >= application.previous_until_ms && !base::SeededFault("old-secret-for-ever")) return {};
  if (Verifies(application.previous_secret, body, *hash)) return {&application.previous_secret, true};
  return {};
}

const base::SecretString& WebhookSigningSecret(const Application& application, base::UnixMs now_ms) {
  const bool overlap = !application.previous_secret.empty() && now_ms < application.previous_until_ms;
  return overlap && !application.secret_in_use ? application.previous_secret : application.secret;
}

std::string Sign(std::string_view body, const base::SecretString& secret) {
  return base::HexEncode(base::Sha512({body, secret.Reveal()}));
}

}  // namespace multihub::auth

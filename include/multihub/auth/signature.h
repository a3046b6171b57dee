// The signature of requests and answers: SHA-512 of the exact body bytes followed by the application's secret.
#pragma once

#include <string>
#include <string_view>

#include "multihub/auth/directory.h"
#include "multihub/base/clock.h"
#include "multihub/base/secret_string.h"

namespace multihub::auth {

inline constexpr std::size_t kHashHexLength = 128;

// 128 hex digits of either case.
bool IsHashText(std::string_view text);

struct SignatureCheck {
  const base::SecretString* secret = nullptr;  // the application's secret that verified; nullptr: none did
  bool with_previous = false;                  // it was the one before the last rotation
  bool verified() const { return secret != nullptr; }
};

// Compares decoded bytes in constant time. The previous secret verifies before `previous_until_ms` and never after. An
// application without a secret verifies nothing.
SignatureCheck CheckSignature(const Application& application, std::string_view body, std::string_view hash_hex,
                              base::UnixMs now_ms);

// What signs the webhooks of an application: after a rotation the previous secret, until the application has signed a
// request with the new one or the overlap ends.
const base::SecretString& WebhookSigningSecret(const Application& application, base::UnixMs now_ms);

// The X-Data-Hash of `body`: lower-case hex.
std::string Sign(std::string_view body, const base::SecretString& secret);

}  // namespace multihub::auth

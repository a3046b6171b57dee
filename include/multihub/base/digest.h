// SHA-512, HMAC-SHA256 and constant-time comparison, over OpenSSL.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace multihub::base {

using Sha512Digest = std::array<std::uint8_t, 64>;
using Sha256Digest = std::array<std::uint8_t, 32>;

// The digest of the parts' bytes one after the other, with nothing between them. Each thread reuses one context.
Sha512Digest Sha512(std::initializer_list<std::string_view> parts);
Sha256Digest HmacSha256(std::string_view key, std::initializer_list<std::string_view> parts);
Sha256Digest Sha256(std::initializer_list<std::string_view> parts);

// Time does not depend on where the bytes differ (only on the lengths).
bool EqualConstantTime(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b);

}  // namespace multihub::base

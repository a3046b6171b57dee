// Hexadecimal and base64 texts.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace multihub::base {

using Bytes = std::vector<std::uint8_t>;

// Lower case.
std::string HexEncode(std::span<const std::uint8_t> bytes);
// Either case; nullopt when the length is odd or a character is no hex digit.
std::optional<Bytes> HexDecode(std::string_view text);

// RFC 4648 with padding; and the URL alphabet without padding.
std::string Base64Encode(std::span<const std::uint8_t> bytes);
std::string Base64UrlEncode(std::span<const std::uint8_t> bytes);
// Strict: right alphabet, right padding, no white space, canonical trailing bits.
std::optional<Bytes> Base64Decode(std::string_view text);

}  // namespace multihub::base

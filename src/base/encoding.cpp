#include "multihub/base/encoding.h"

#include <array>
#include <cstddef>

#include "base/hex_table.h"

namespace multihub::base {
namespace {

constexpr std::string_view kStandardAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrlAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t kNoDigit = 255;

constexpr std::array<std::uint8_t, 256> Base64Values() {
  std::array<std::uint8_t, 256> values{};
  for (std::uint8_t& value : values) value = kNoDigit;
  for (std::size_t i = 0; i < kStandardAlphabet.size(); ++i) {
    values[static_cast<std::uint8_t>(kStandardAlphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}
constexpr std::array<std::uint8_t, 256> kBase64Values = Base64Values();

// Without padding.
std::string EncodeBase64(std::span<const std::uint8_t> bytes, std::string_view alphabet) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  std::uint32_t pending = 0;
  int pending_bits = 0;
  for (const std::uint8_t byte : bytes) {
    pending = pending << 8 | byte;
    pending_bits += 8;
    while (pending_bits >= 6) {
      pending_bits -= 6;
      text += alphabet[pending >> pending_bits & 63];
    }
  }
  if (pending_bits > 0) text += alphabet[pending << (6 - pending_bits) & 63];
  return text;
}

std::size_t PaddingOf(std::string_view text) {
  if (!text.ends_with('=')) return 0;
  return text.ends_with("==") ? 2 : 1;
}

}  // namespace

std::string HexEncode(std::span<const std::uint8_t> bytes) {
  std::string text(bytes.size() * 2, '0');
  char* out = text.data();
  for (const std::uint8_t byte : bytes) {
    *out++ = kHexPairs[byte][0];
    *out++ = kHexPairs[byte][1];
  }
  return text;
}

std::optional<Bytes> HexDecode(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  Bytes bytes(text.size() / 2);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const int high = HexDigitValue(text[2 * i]);
    const int low = HexDigitValue(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return bytes;
}

std::string Base64Encode(std::span<const std::uint8_t> bytes) {
  std::string text = EncodeBase64(bytes, kStandardAlphabet);
  text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

std::string Base64UrlEncode(std::span<const std::uint8_t> bytes) { return EncodeBase64(bytes, kUrlAlphabet); }

std::optional<Bytes> Base64Decode(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  const std::string_view digits = text.substr(0, text.size() - PaddingOf(text));
  Bytes bytes;
  bytes.reserve(digits.size() * 3 / 4);
  std::uint32_t pending = 0;
  int pending_bits = 0;
  for (const char c : digits) {
    const std::uint8_t value = kBase64Values[static_cast<std::uint8_t>(c)];
    if (value == kNoDigit) return std::nullopt;
    pending = (pending << 6 | value) & 0xffffu;
    pending_bits += 6;
    if (pending_bits >= 8) {
      pending_bits -= 8;
      bytes.push_back(static_cast<std::uint8_t>(pending >> pending_bits));
    }
  }
  // One byte has one text only: the bits that no byte uses must be zero.
  const std::uint32_t unused_bits = pending & ((1u << pending_bits) - 1);
  if (unused_bits != 0) return std::nullopt;
  return bytes;
}

}  // namespace multihub::base

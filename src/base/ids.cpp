#include "multihub/base/ids.h"

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/hex_table.h"
#include "multihub/base/check.h"

namespace multihub::base {
namespace {

constexpr std::size_t kUuidLength = 36;
constexpr std::size_t kUlidLength = 26;
constexpr std::string_view kCrockford = "0123456789abcdefghjkmnpqrstvwxyz";

constexpr std::array<bool, 256> CrockfordTable() {
  std::array<bool, 256> table{};
  for (const char c : kCrockford) table[static_cast<std::uint8_t>(c)] = true;
  return table;
}
constexpr std::array<bool, 256> kIsCrockford = CrockfordTable();

bool IsDashPosition(std::size_t i) { return i == 8 || i == 13 || i == 18 || i == 23; }

bool IsLowerHex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

// Forty bits, the first eight characters' worth, most significant first.
void PutBase32(std::uint64_t forty_bits, char* out) {
  for (std::size_t i = 8; i-- > 0;) {
    out[i] = kCrockford[forty_bits & 31];
    forty_bits >>= 5;
  }
}

std::uint64_t BigEndian40(const std::uint8_t* bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 5; ++i) value = value << 8 | bytes[i];
  return value;
}

}  // namespace

std::string NewUuid(Random& random) {
  std::array<std::uint8_t, 16> bytes;
  random.Fill(bytes);
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);
  std::string text(kUuidLength, '-');
  std::size_t at = 0;
  for (const std::uint8_t byte : bytes) {
    if (IsDashPosition(at)) ++at;
    text[at] = kHexPairs[byte][0];
    text[at + 1] = kHexPairs[byte][1];
    at += 2;
  }
  return text;
}

bool IsUuidV4(std::string_view text) {
  if (text.size() != kUuidLength) return false;
  for (std::size_t i = 0; i < kUuidLength; ++i) {
    if (IsDashPosition(i) ? text[i] != '-' : !IsLowerHex(text[i])) return false;
  }
  const char variant = text[19];
  return text[14] == '4' && (variant == '8' || variant == '9' || variant == 'a' || variant == 'b');
}

std::string FirstUlidOf(UnixMs at_ms) {
  MULTIHUB_CHECK(at_ms >= 0 && at_ms < (UnixMs{1} << 48));
  std::string text(kUlidLength, '0');
  const auto time = static_cast<std::uint64_t>(at_ms);
  text[0] = kCrockford[time >> 45];
  text[1] = kCrockford[time >> 40 & 31];
  PutBase32(time & 0xffffffffffu, &text[2]);
  return text;
}

std::string NewUlid(UnixMs at_ms, Random& random) {
  std::string text = FirstUlidOf(at_ms);
  std::array<std::uint8_t, 10> bytes;
  random.Fill(bytes);
  PutBase32(BigEndian40(&bytes[0]), &text[10]);
  PutBase32(BigEndian40(&bytes[5]), &text[18]);
  return text;
}

bool IsUlid(std::string_view text) {
  if (text.size() != kUlidLength || text[0] < '0' || text[0] > '7') return false;
  for (const char c : text) {
    if (!kIsCrockford[static_cast<std::uint8_t>(c)]) return false;
  }
  return true;
}

}  // namespace multihub::base

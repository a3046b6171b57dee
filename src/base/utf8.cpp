#include "multihub/base/utf8.h"

#include <cstdint>
#include <cstring>

#include "base/utf8_sequence.h"
#include "multihub/base/seeded_fault.h"

namespace multihub::base {
namespace {

bool EightAsciiBytes(const char* at) {
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, at, sizeof(bytes));
  return (bytes & 0x8080808080808080u) == 0;
}

}  // namespace

bool IsValidUtf8(std::string_view text) {
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    if (end - at >= 8 && EightAsciiBytes(at)) {
      at += 8;
    } else if (static_cast<std::uint8_t>(*at) < 0x80) {
      ++at;
    } else {
      const std::size_t length = MultibyteSequenceLength(at, end);
      if (length == 0) return false;
      at += length;
    }
  }
  return true;
}

std::size_t CountUtf8Characters(std::string_view text) {
  if (SeededFault("lengths-in-bytes")) return text.size();
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<std::uint8_t>(c) & 0xc0) != 0x80;
  return count;
}

bool HasControlCharacters(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(text[i]);
    if (byte < 0x20 || byte == 0x7f) return true;
    // U+0080..U+009F are C2 80..C2 9F.
    if (byte == 0xc2 && i + 1 < text.size() && static_cast<std::uint8_t>(text[i + 1]) < 0xa0) return true;
  }
  return false;
}

}  // namespace multihub::base

// One UTF-8 sequence at a time, shared by the text functions and the JSON reader.
#pragma once

#include <cstddef>
#include <cstdint>

namespace multihub::base {

// Length (2 to 4) of the well-formed sequence that starts at `at`, whose first byte is over 0x7F; 0 when it is not
// well formed or ends at `end`. By table 3-7 of the Unicode standard.
inline std::size_t MultibyteSequenceLength(const char* at, const char* end) {
  const auto byte = [at](std::size_t i) { return static_cast<std::uint8_t>(at[i]); };
  const auto is_tail = [&](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const auto left = static_cast<std::size_t>(end - at);
  const std::uint8_t first = byte(0);
  if (first < 0xc2) return 0;
  if (first < 0xe0) return left >= 2 && is_tail(1) ? 2 : 0;
  if (first < 0xf0) {
    if (left < 3 || !is_tail(1) || !is_tail(2)) return 0;
    if (first == 0xe0 && byte(1) < 0xa0) return 0;   // overlong
    if (first == 0xed && byte(1) >= 0xa0) return 0;  // surrogate
    return 3;
  }
  if (first > 0xf4 || left < 4 || !is_tail(1) || !is_tail(2) || !is_tail(3)) return 0;
  if (first == 0xf0 && byte(1) < 0x90) return 0;   // overlong
  if (first == 0xf4 && byte(1) >= 0x90) return 0;  // above U+10FFFF
  return 4;
}

}  // namespace multihub::base

// The two lower-case hex digits of every byte, for the writers of this folder.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace multihub::base {

inline constexpr char kHexDigits[] = "0123456789abcdef";

constexpr std::array<std::array<char, 2>, 256> HexPairTable() {
  std::array<std::array<char, 2>, 256> table{};
  for (std::size_t byte = 0; byte < table.size(); ++byte) {
    table[byte] = {kHexDigits[byte >> 4], kHexDigits[byte & 15]};
  }
  return table;
}

inline constexpr std::array<std::array<char, 2>, 256> kHexPairs = HexPairTable();

// The value of a hex digit in either case, -1 for any other character.
constexpr int HexDigitValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace multihub::base

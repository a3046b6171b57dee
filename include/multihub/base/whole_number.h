// Whole numbers judged on their decimal text, never through a double: 100, 100.0 and 1e2 are the same whole
// number; 100.5 and 1e-400 are not whole; 1e400 is whole and out of range.
#pragma once

#include <cstdint>
#include <string_view>

namespace multihub::base {

// 2^53 - 1: the largest integer every JSON reader keeps exact.
inline constexpr std::int64_t kMaxSafeInteger = 9007199254740991;

struct WholeNumber {
  enum class Kind {
    kNotWhole,  // has a fraction that is not zero
    kInRange,   // `value` holds it; |value| <= 2^53-1. Minus zero is 0.
    kTooLarge,  // whole, > 2^53-1
    kTooSmall,  // whole, < -(2^53-1)
  };
  Kind kind = Kind::kNotWhole;
  std::int64_t value = 0;
};

// `text` is a JSON number by RFC 8259 grammar (the JSON reader has checked it). Time and memory are bounded by the
// text's length, whatever the exponent says. A text that is no number is kNotWhole.
WholeNumber ParseWholeNumber(std::string_view text);

}  // namespace multihub::base

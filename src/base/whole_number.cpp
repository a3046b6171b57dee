#include "multihub/base/whole_number.h"

#include <cstddef>

#include "multihub/base/seeded_fault.h"

namespace multihub::base {
namespace {

// Takes the leading digits off `text`.
std::string_view TakeDigits(std::string_view* text) {
  std::size_t count = 0;
  while (count < text->size() && (*text)[count] >= '0' && (*text)[count] <= '9') ++count;
  const std::string_view digits = text->substr(0, count);
  text->remove_prefix(count);
  return digits;
}

bool TakeChar(std::string_view* text, char expected) {
  if (text->empty() || text->front() != expected) return false;
  text->remove_prefix(1);
  return true;
}

// Larger than any text's length, so that no digits could make up for it, and far from overflow.
constexpr std::int64_t kExponentCap = 1'000'000'000'000'000;

std::int64_t ExponentValue(std::string_view digits, bool negative) {
  std::int64_t value = 0;
  for (const char digit : digits) {
    value = value * 10 + (digit - '0');
    if (value >= kExponentCap) {
      value = kExponentCap;
      break;
    }
  }
  return negative ? -value : value;
}

struct Decimal {
  bool negative = false;
  std::string_view integer;
  std::string_view fraction;
  std::int64_t exponent = 0;

  // The digits of both parts, as if written without the point.
  std::size_t digit_count() const { return integer.size() + fraction.size(); }
  char digit(std::size_t i) const { return i < integer.size() ? integer[i] : fraction[i - integer.size()]; }
};

bool SplitDecimal(std::string_view text, Decimal* decimal) {
  decimal->negative = TakeChar(&text, '-');
  decimal->integer = TakeDigits(&text);
  if (decimal->integer.empty()) return false;
  if (TakeChar(&text, '.')) {
    decimal->fraction = TakeDigits(&text);
    if (decimal->fraction.empty()) return false;
  }
  if (TakeChar(&text, 'e') || TakeChar(&text, 'E')) {
    const bool negative = TakeChar(&text, '-');
    if (!negative) TakeChar(&text, '+');
    const std::string_view digits = TakeDigits(&text);
    if (digits.empty()) return false;
    decimal->exponent = ExponentValue(digits, negative);
  }
  return text.empty();
}

WholeNumber OutOfRange(bool negative) {
  return {negative ? WholeNumber::Kind::kTooSmall : WholeNumber::Kind::kTooLarge, 0};
}

}  // namespace

WholeNumber ParseWholeNumber(std::string_view text) {
  Decimal decimal;
  if (!SplitDecimal(text, &decimal)) return {};

  std::size_t first = 0;                    // first digit that is not zero
  std::size_t end = decimal.digit_count();  // behind the last one
  while (first < end && decimal.digit(first) == '0') ++first;
  while (end > first && decimal.digit(end - 1) == '0') --end;
  if (first == end) return {WholeNumber::Kind::kInRange, 0};

  // The value is 0.DDD… times 10^power, DDD… being the digits [first, end).
  const std::int64_t power =
      static_cast<std::int64_t>(decimal.integer.size()) - static_cast<std::int64_t>(first) + decimal.exponent;
  if (power < static_cast<std::int64_t>(end - first) && !SeededFault("fractions-cut-off")) return {};
  constexpr std::int64_t kMaxSafeDigits = 16;
  if (power > kMaxSafeDigits) return OutOfRange(decimal.negative);

  std::int64_t value = 0;
  for (std::int64_t i = 0; i < power; ++i) {
    const std::size_t at = first + static_cast<std::size_t>(i);
    value = value * 10 + (at < end ? decimal.digit(at) - '0' : 0);
  }
  const std::int64_t largest = SeededFault("safe-integer-off-by-one") ? kMaxSafeInteger + 1 : kMaxSafeInteger;
  if (value > largest) return OutOfRange(decimal.negative);
  return {WholeNumber::Kind::kInRange, decimal.negative ? -value : value};
}

}  // namespace multihub::base

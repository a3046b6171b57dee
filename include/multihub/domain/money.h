// Money: integer minor units of one currency.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace multihub::domain {

// The largest amount any field of the API or any balance may hold: 2^53 - 1 minor units.
inline constexpr std::int64_t kMaxAmount = 9007199254740991;

// An ISO 4217 code. Default: "XXX" (no currency).
class Currency {
 public:
  Currency() = default;
  // True and set only for a code of the table (exactly three upper-case letters).
  static bool Parse(std::string_view code, Currency* out);
  std::string_view code() const { return {code_, 3}; }
  // Digits after the decimal point: 2 for INR, 0 for JPY, 3 for KWD.
  int minor_digits() const;
  friend auto operator<=>(const Currency&, const Currency&) = default;

 private:
  char code_[3] = {'X', 'X', 'X'};
};

struct Money {
  std::int64_t minor = 0;
  Currency currency;
  friend bool operator==(const Money&, const Money&) = default;
};

// "250.00" for INR 25000, "500" for JPY 500. minor >= 0.
std::string FormatDecimal(const Money& amount);

// fixed + floor((amount * bps + 5000) / 10000), in 128-bit arithmetic. Arguments >= 0; bps <= 10000;
// the result is clamped to kMaxAmount.
std::int64_t ComputeFee(std::int64_t amount, std::int64_t fixed, std::int64_t bps);

}  // namespace multihub::domain
